// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// @notice Swaps on v3 pools and pays in their callbacks, and checks nothing: what swaps cost by themselves, for the
/// gas bench to hold the real executor against. Never to be given funds.
/// @dev A leg is pool (20) ‖ token_in (20) ‖ zeroForOne (1) ‖ amountIn (16).
contract BareExecutor {
    fallback() external {
        // A callback: (amount0Delta, amount1Delta, data) with token_in as the data.
        if (msg.sig == 0xfa461e33) {
            assembly {
                let owed := calldataload(0x04)
                if slt(owed, 0) { owed := calldataload(0x24) }
                mstore(0x00, shl(224, 0xa9059cbb))
                mstore(0x04, caller())
                mstore(0x24, owed)
                if iszero(call(gas(), calldataload(0x84), 0, 0x00, 0x44, 0x00, 0x20)) { revert(0, 0) }
                return(0, 0)
            }
        }
        assembly {
            for { let at := 0 } lt(at, calldatasize()) { at := add(at, 57) } {
                let zeroForOne := byte(0, calldataload(add(at, 40)))
                mstore(0x00, shl(224, 0x128acb08))
                mstore(0x04, address())
                mstore(0x24, zeroForOne)
                mstore(0x44, shr(128, calldataload(add(at, 41))))
                mstore(0x64, 4295128740)
                if iszero(zeroForOne) { mstore(0x64, 1461446703485210103287273052203988822378723970341) }
                mstore(0x84, 0xa0)
                mstore(0xa4, 0x20)
                mstore(0xc4, shr(96, calldataload(add(at, 20))))
                if iszero(call(gas(), shr(96, calldataload(at)), 0, 0x00, 0xe4, 0x00, 0x00)) { revert(0, 0) }
            }
        }
    }
}

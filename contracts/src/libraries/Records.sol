// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IPoolManager} from "../interfaces/IPoolManager.sol";
import {IUniswapV2Pair} from "../interfaces/IUniswapV2Pair.sol";
import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";

/// @notice Reads packed pool records: pool (20) ‖ token0 (20) ‖ token1 (20) ‖ kind (1) ‖ fee (3). A v4 pool has
/// no
/// address: its tick spacing stands in that place, as a number.
library Records {
    uint256 internal constant SIZE = 64;
    uint256 internal constant V2 = 2;
    uint256 internal constant V3 = 3;
    uint256 internal constant V4 = 4;
    uint256 private constant POOLS = 6;
    uint256 internal constant FEE_UNIT = 1_000_000; // a fee is in hundredths of a basis point

    /// @param zeroForOne 1 to sell token0, 0 to sell token1.
    /// @return pool_ The pool, and its tokens in the direction of a swap.
    function direct(bytes memory record, uint256 zeroForOne)
        internal
        pure
        returns (address pool_, address tokenIn, address tokenOut)
    {
        assembly ("memory-safe") {
            pool_ := shr(96, mload(add(record, 32)))
            let shift := mul(zeroForOne, 20)
            tokenIn := shr(96, mload(sub(add(record, 72), shift)))
            tokenOut := shr(96, mload(add(add(record, 52), shift)))
        }
    }

    function pool(bytes memory record) internal pure returns (address pool_) {
        assembly ("memory-safe") {
            pool_ := shr(96, mload(add(record, 32)))
        }
    }

    function kind(bytes memory record) internal pure returns (uint256 kind_) {
        assembly ("memory-safe") {
            kind_ := byte(28, mload(add(record, 64)))
        }
    }

    function fee(bytes memory record) internal pure returns (uint256 fee_) {
        assembly ("memory-safe") {
            fee_ := and(mload(add(record, 64)), 0xffffff)
        }
    }

    /// @return Whether the pool says of itself what the record says of it; of a v4 pool, whether `manager` keeps it.
    function isTrue(bytes memory record, address manager) internal view returns (bool) {
        if (kind(record) == V4) return _isKept(record, manager);
        (address at, address token0, address token1) = direct(record, 1);
        if (at.code.length == 0 || fee(record) >= FEE_UNIT) return false;
        if (IUniswapV2Pair(at).token0() != token0 || IUniswapV2Pair(at).token1() != token1) return false;
        return kind(record) == V2 || (kind(record) == V3 && IUniswapV3Pool(at).fee() == fee(record));
    }

    /// @dev A pool's id is the hash of all that the record says, so there is nothing else to be false. The manager
    /// keeps its pools' state in a mapping at slot 6, the price in the lower 160 bits of the first word.
    function _isKept(bytes memory record, address manager) private view returns (bool) {
        (address spacing, address token0, address token1) = direct(record, 1);
        if (manager.code.length == 0 || uint160(spacing) > uint24(type(int24).max)) return false;
        bytes32 id = keccak256(abi.encode(token0, token1, fee(record), uint160(spacing), address(0)));
        bytes32 slot = keccak256(abi.encode(id, POOLS));
        return uint160(uint256(IPoolManager(manager).extsload(slot))) != 0;
    }
}

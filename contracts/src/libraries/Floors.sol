// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IBatchExecutor} from "../interfaces/IBatchExecutor.sol";
import {IERC20} from "../interfaces/IERC20.sol";
import {Calldata} from "./Calldata.sol";

/// @notice Reads packed floors, `token (20) ‖ minDelta int128 (16)`, and holds this contract's balances to them.
/// @dev `floors` is where in calldata they begin, after `count` has found them well-formed. The loop over balances is
/// in assembly, since it runs twice for each token of a batch.
library Floors {
    using Calldata for uint256;

    uint256 private constant SIZE = 36;
    uint256 private constant MOST = 256;
    bytes32 private constant BALANCE_OF = bytes32(IERC20.balanceOf.selector);

    /// @return How many floors there are; reverts unless that is a whole number of them, the first for ETH.
    function count(bytes calldata floors) internal pure returns (uint256) {
        uint256 length = floors.length;
        if (length == 0 || length > MOST * SIZE || length % SIZE != 0 || bytes20(floors) != 0) {
            revert IBatchExecutor.MalformedFloors(length);
        }
        return length / SIZE;
    }

    /// @return The token of floor `i`, the zero address for ETH.
    function token(uint256 floors, uint256 i) internal pure returns (address) {
        unchecked {
            return address(uint160((floors + i * SIZE).load() >> 96));
        }
    }

    /// @return is_ Whether there is a floor `i` below `count_` and it is for `token_`.
    function isAt(uint256 floors, uint256 i, uint256 count_, address token_) internal pure returns (bool is_) {
        assembly ("memory-safe") {
            is_ := and(lt(i, count_), eq(shr(96, calldataload(add(floors, mul(i, SIZE)))), token_))
        }
    }

    /// @param word Begins with the indexes of two floors, in a byte each.
    /// @return are Whether both are below `count_`, the first for `tokenIn` and the second for `tokenOut`.
    function areAt(uint256 floors, uint256 word, uint256 count_, address tokenIn, address tokenOut)
        internal
        pure
        returns (bool are)
    {
        assembly ("memory-safe") {
            let i := byte(0, word)
            let j := byte(1, word)
            let ofIn := eq(shr(96, calldataload(add(floors, mul(i, SIZE)))), tokenIn)
            let ofOut := eq(shr(96, calldataload(add(floors, mul(j, SIZE)))), tokenOut)
            are := and(and(lt(i, count_), lt(j, count_)), and(ofIn, ofOut))
        }
    }

    /// @return The least change of the balance of floor `i`.
    function minDelta(uint256 floors, uint256 i) internal pure returns (int256) {
        unchecked {
            return int256((floors + i * SIZE + 4).load() << 128) >> 128;
        }
    }

    /// @return held What this contract holds of the token of each floor.
    function balances(uint256 floors, uint256 count_) internal view returns (uint256[] memory held) {
        held = new uint256[](count_);
        held[0] = address(this).balance;
        bytes32 selector = BALANCE_OF;
        uint256 unreadable;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, address())
            let at := floors
            let into := add(held, 0x20)
            for { let last := add(held, mul(count_, 0x20)) } lt(into, last) {} {
                at := add(at, SIZE)
                into := add(into, 0x20)
                let asked := shr(96, calldataload(at))
                let answered := staticcall(gas(), asked, 0x00, 0x24, into, 0x20)
                if iszero(and(answered, gt(returndatasize(), 0x1f))) {
                    unreadable := at
                    break
                }
            }
        }
        if (unreadable != 0) revert IBatchExecutor.BalanceUnreadable(token(unreadable, 0));
    }

    /// @notice Reverts if a balance has changed by less than its floor since it was `before`.
    function check(uint256 floors, uint256[] memory before) internal view {
        int256 delta = int256(address(this).balance) - int256(before[0]);
        if (delta < minDelta(floors, 0)) revert IBatchExecutor.FloorBroken(address(0), minDelta(floors, 0), delta);
        bytes32 selector = BALANCE_OF;
        uint256 unreadable;
        uint256 broken;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, address())
            let held := mload(0x40)
            let at := floors
            let was := add(before, 0x20)
            for { let last := add(before, mul(mload(before), 0x20)) } lt(was, last) {} {
                at := add(at, SIZE)
                was := add(was, 0x20)
                let answered := staticcall(gas(), shr(96, calldataload(at)), 0x00, 0x24, held, 0x20)
                if iszero(and(answered, gt(returndatasize(), 0x1f))) {
                    unreadable := at
                    break
                }
                delta := sub(mload(held), mload(was))
                if slt(delta, signextend(15, calldataload(add(at, 4)))) {
                    broken := at
                    break
                }
            }
        }
        if (unreadable != 0) revert IBatchExecutor.BalanceUnreadable(token(unreadable, 0));
        if (broken != 0) revert IBatchExecutor.FloorBroken(token(broken, 0), minDelta(broken, 0), delta);
    }

    /// @return By how much the balance of floor `i` has risen beyond its floor since it was `before`, `most` at most.
    function surplus(uint256 floors, uint256 i, uint256 before, uint256 most) internal view returns (uint256) {
        address token_ = token(floors, i);
        uint256 held = i == 0 ? address(this).balance : IERC20(token_).balanceOf(address(this));
        int256 delta = int256(held) - int256(before);
        if (delta <= minDelta(floors, i)) return 0;
        uint256 above = uint256(delta - minDelta(floors, i));
        return above < most ? above : most;
    }
}

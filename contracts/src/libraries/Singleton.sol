// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IBatchExecutor} from "../interfaces/IBatchExecutor.sol";
import {IPoolManager} from "../interfaces/IPoolManager.sol";
import {IWETH9} from "../interfaces/IWETH9.sol";
import {Calldata} from "./Calldata.sol";
import {Records} from "./Records.sol";
import {Tokens} from "./Tokens.sol";

/// @notice Swaps that share one unlock of v4's PoolManager: queued while legs are read, then swapped one by one and
/// settled once per currency.
/// @dev A queue is memory laid out as the calldata of `unlock(bytes)`, so that unlocking is one call:
///
///     selector (last 4 bytes of 32) ‖ 32 (32) ‖ length (32) ‖ floors (16) ‖ first leg (16) ‖ entries of 96
/// bytes
///
/// An entry is a pool record (64) and `zeroForOne (1) ‖ floorIn (1) ‖ floorOut (1) ‖ 0 (13) ‖ amountIn (16)`.
/// The
/// floors are a count; their indexes stand for currencies while deltas are added up, with 0 for ETH itself.
library Singleton {
    using Calldata for uint256;
    using Tokens for address;

    uint256 internal constant HEAD = 128;
    uint256 internal constant ENTRY = 96;

    /// @dev What pools take as a limit, and that XOR the lowest, 4295128740.
    uint256 private constant HIGHEST_PRICE = 1461446703485210103287273052203988822378723970341;
    uint256 private constant LIMITS = 1461446703485210103287273052203988822383019096961;

    /// @dev What is owed (negative) or due for each floor's currency, and which that is.
    struct Account {
        int256[] deltas;
        address[] currencies;
    }

    /* QUEUE */

    /// @return queue Room for `most` entries.
    function open(uint256 most) internal pure returns (uint256 queue) {
        bytes4 selector = IPoolManager.unlock.selector;
        assembly ("memory-safe") {
            queue := mload(0x40)
            mstore(0x40, add(queue, add(HEAD, mul(most, ENTRY))))
            mstore(queue, shr(224, selector))
            mstore(add(queue, 0x20), 0x20)
        }
    }

    /// @param word What follows the record in an entry.
    function push(uint256 queue, uint256 count, bytes memory record, uint256 word) internal pure {
        assembly ("memory-safe") {
            let at := add(queue, add(HEAD, mul(count, ENTRY)))
            mcopy(at, add(record, 0x20), 64)
            mstore(add(at, 64), word)
        }
    }

    /// @notice Unlocks the manager for the first `count` entries; reverts for whatever reason it does.
    function unlock(address manager, uint256 queue, uint256 count, uint256 floors, uint256 first) internal {
        bool ok;
        assembly ("memory-safe") {
            let length := add(0x20, mul(count, ENTRY))
            mstore(add(queue, 0x40), length)
            mstore(add(queue, 0x60), or(shl(128, floors), first))
            ok := call(gas(), manager, 0, add(queue, 28), add(0x44, length), 0, 0)
        }
        if (ok) return;
        bytes memory reason = Calldata.returned();
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    /* UNLOCKED */

    /// @notice Swaps what a queue says, which the manager has handed back, and settles.
    function run(address manager, address weth, bytes calldata queue) internal {
        uint256 at = Calldata.offset(queue);
        uint256 end = at + queue.length;
        uint256 head = at.load();
        Account memory account = Account(new int256[](head >> 128), new address[](head >> 128));
        uint256 call_ = _swapCall();
        uint256 index = uint128(head);
        unchecked {
            for (at += 32; at < end; at += ENTRY) {
                _swap(manager, account, call_, at, index++);
            }
        }
        _take(manager, weth, account);
        _pay(manager, weth, account);
    }

    /// @return at The calldata of a swap, with what is the same for all: no hooks, and no data for them.
    function _swapCall() private pure returns (uint256 at) {
        bytes4 selector = IPoolManager.swap.selector;
        assembly ("memory-safe") {
            at := mload(0x40)
            mstore(0x40, add(at, 0x160))
            mstore(at, shr(224, selector))
            mstore(add(at, 0xa0), 0)
            mstore(add(at, 0x120), 0x120)
            mstore(add(at, 0x140), 0)
        }
    }

    function _swap(address manager, Account memory account, uint256 call_, uint256 at, uint256 index) private {
        uint256 word = (at + 64).load();
        bool ok;
        uint256 delta;
        assembly ("memory-safe") {
            mstore(add(call_, 0x20), shr(96, calldataload(add(at, 20))))
            mstore(add(call_, 0x40), shr(96, calldataload(add(at, 40))))
            mstore(add(call_, 0x60), and(calldataload(add(at, 32)), 0xffffff))
            mstore(add(call_, 0x80), signextend(2, shr(96, calldataload(at))))
            mstore(add(call_, 0xc0), byte(0, word))
            mstore(add(call_, 0xe0), sub(0, and(word, 0xffffffffffffffffffffffffffffffff)))
            mstore(add(call_, 0x100), xor(HIGHEST_PRICE, mul(byte(0, word), LIMITS)))
            ok := call(gas(), manager, 0, add(call_, 28), 0x144, 0, 0x20)
            delta := mload(0)
        }
        if (!ok) revert IBatchExecutor.LegFailed(index, Calldata.returned());
        uint256 owed = _book(account, call_, word, delta);
        if (owed != uint128(word)) _refuse(index, owed, uint128(word));
    }

    /// @dev Adds up what a swap changed, of currency0 in the upper half of `delta` and of currency1 in the lower, in
    /// the places of their floors: 0 for ETH, which can only be currency0.
    /// @return owed For what was sold.
    function _book(Account memory account, uint256 call_, uint256 word, uint256 delta)
        private
        pure
        returns (uint256 owed)
    {
        assembly ("memory-safe") {
            let zeroForOne := byte(0, word)
            let currency := mload(add(call_, 0x20))
            let change := sar(128, delta)
            if zeroForOne { owed := sub(0, change) }
            let place := mul(shl(5, byte(sub(2, zeroForOne), word)), iszero(iszero(currency)))
            let entry := add(add(mload(account), 0x20), place)
            mstore(entry, add(mload(entry), change))
            mstore(add(add(mload(add(account, 0x20)), 0x20), place), currency)

            change := signextend(15, delta)
            if iszero(zeroForOne) { owed := sub(0, change) }
            place := shl(5, byte(add(1, zeroForOne), word))
            entry := add(add(mload(account), 0x20), place)
            mstore(entry, add(mload(entry), change))
            mstore(add(add(mload(add(account, 0x20)), 0x20), place), mload(add(call_, 0x40)))
        }
    }

    function _refuse(uint256 index, uint256 owed, uint256 amountIn) private pure {
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.WrongPayment.selector, owed, amountIn);
        revert IBatchExecutor.LegFailed(index, reason);
    }

    function _take(address manager, address weth, Account memory account) private {
        for (uint256 i = 0; i < account.deltas.length; ++i) {
            if (account.deltas[i] <= 0) continue;
            uint256 due = uint256(account.deltas[i]);
            IPoolManager(manager).take(account.currencies[i], address(this), due);
            if (i == 0) IWETH9(weth).deposit{value: due}();
        }
    }

    /// @dev After all that was due has come in, since that may be what is paid with.
    function _pay(address manager, address weth, Account memory account) private {
        for (uint256 i = 0; i < account.deltas.length; ++i) {
            if (account.deltas[i] >= 0) continue;
            uint256 owed = uint256(-account.deltas[i]);
            address currency = account.currencies[i];
            IPoolManager(manager).sync(currency);
            if (i == 0) IWETH9(weth).withdraw(owed);
            else currency.transfer(manager, owed);
            // slither-disable-next-line unused-return (were it not all, the manager would revert in the end)
            IPoolManager(manager).settle{value: i == 0 ? owed : 0}();
        }
    }
}

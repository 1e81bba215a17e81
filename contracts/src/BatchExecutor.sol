// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IBatchExecutor} from "./interfaces/IBatchExecutor.sol";
import {IERC20} from "./interfaces/IERC20.sol";
import {IUniswapV2Pair} from "./interfaces/IUniswapV2Pair.sol";
import {IUniswapV3Pool} from "./interfaces/IUniswapV3Pool.sol";
import {IWETH9} from "./interfaces/IWETH9.sol";
import {Calldata} from "./libraries/Calldata.sol";
import {Floors} from "./libraries/Floors.sol";
import {Records} from "./libraries/Records.sol";
import {Singleton} from "./libraries/Singleton.sol";
import {Tokens} from "./libraries/Tokens.sol";

/// @notice Runs packed legs and holds the whole batch to its floors. Who may run one, how sequence numbers are kept and
/// where pool records come from is up to the contracts that build on it.
abstract contract BatchExecutor is IBatchExecutor {
    using Calldata for uint256;
    using Floors for uint256;
    using Records for bytes;
    using Tokens for address;

    /// @dev What the legs of one batch share.
    struct Run {
        uint256 floors; // where in calldata they begin
        uint256[] before; // balances, by floor
        uint256 index; // of the current leg
        bytes record; // of the current leg's pool
        uint256 page; // that was read last, and where it is
        address pageAt;
        uint256 queue; // of swaps that the next unlock makes: where, and how many
        uint256 queued;
    }

    uint256 private constant ZERO_FOR_ONE = 0x80;
    uint256 private constant SURPLUS = 0x40;
    uint256 private constant KIND = 0x3f;
    uint256 private constant POOL = 0;
    uint256 private constant ROUTER = 1;
    uint256 private constant WRAP = 2;
    uint256 private constant UNWRAP = 3;
    uint256 private constant FLOOR = 36; // bytes of one, `Floors.SIZE` (assembly reads no other library)
    uint256 private constant LEAST_LEG = 22; // bytes of a pool leg with the shortest reference

    /// @dev What pools take as a limit, and that XOR the lowest, 4295128740.
    uint256 private constant HIGHEST_PRICE = 1461446703485210103287273052203988822378723970341;
    uint256 private constant LIMITS = 1461446703485210103287273052203988822383019096961;

    uint256 private constant IDLE = 0;
    uint256 private constant RUNNING = 1;
    uint256 private constant UNLOCKING = 2;

    /// @inheritdoc IBatchExecutor
    address public immutable weth;

    /// @inheritdoc IBatchExecutor
    address public immutable poolManager;

    /// @dev The payment that is open: `pool (160 bits) | amount, lower 96 bits` and `token (160) | amount, upper 32`.
    /// Two slots instead of three save 200 gas a leg. Without one, the first slot says IDLE or RUNNING,
    /// or UNLOCKING while v4's PoolManager is about to call back.
    uint256 private transient payment;
    uint256 private transient paymentToken;

    constructor(address weth_, address poolManager_) {
        weth = weth_;
        poolManager = poolManager_;
    }

    receive() external payable {}

    /* BATCH */

    /// @inheritdoc IBatchExecutor
    /// @dev Legs may call anybody, but none of them back into here while `payment` is not IDLE, and what they left is
    /// judged after the last.
    // slither-disable-next-line reentrancy-eth,reentrancy-events
    function execute(
        uint64 sequence_,
        uint64 deadline,
        bytes32 planId,
        bytes32 intentHash,
        bytes calldata floors,
        bytes calldata legs
    ) external {
        _checkCaller();
        if (payment != IDLE) revert Reentered();
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        _useSequence(sequence_);

        payment = RUNNING;
        Run memory run = _start(floors);
        _runLegs(run, legs);
        run.floors.check(run.before);
        payment = IDLE;
        emit BatchExecuted(planId, intentHash, sequence_);
    }

    /// @dev Reverts unless the caller may run a batch now.
    function _checkCaller() internal view virtual;

    /// @dev Stores the sequence number, or reverts with `SequenceUsed`.
    function _useSequence(uint64 sequence_) internal virtual;

    /// @dev Writes the pool record that the leg at calldata offset `at` refers to into `run.record`, or zeros if there
    /// is none.
    /// @return next Where the leg ends.
    /// @return word What follows the reference: floorIn (1) ‖ floorOut (1) ‖ amountIn (16) ‖ anything (14).
    function _loadRecord(Run memory run, uint256 at) internal view virtual returns (uint256 next, uint256 word);

    /// @dev Whether a router leg may call `router`, which is none of the batch's tokens and not this contract.
    function _isRouter(address router) internal view virtual returns (bool);

    /* FLOORS */

    function _start(bytes calldata floors) private view returns (Run memory run) {
        run.floors = Calldata.offset(floors);
        run.before = run.floors.balances(Floors.count(floors));
        run.record = new bytes(Records.SIZE);
        run.page = type(uint256).max; // none
    }

    /// @dev Reverts unless floor `i` is that of `token`.
    function _requireFloor(Run memory run, uint256 i, address token) private pure {
        if (run.floors.isAt(i, run.before.length, token)) return;
        if (token == address(0)) revert UnknownPool(run.index);
        revert NotFloored(run.index, i, token);
    }

    function _surplus(Run memory run, uint256 i, uint256 most) private view returns (uint256) {
        return run.floors.surplus(i, run.before[i], most);
    }

    /* LEGS */

    // slither-disable-next-line reentrancy-balance,reentrancy-eth (`at` is no balance, `payment` is the lock itself)
    function _runLegs(Run memory run, bytes calldata legs) private {
        uint256 at = Calldata.offset(legs);
        uint256 end = at + legs.length;
        unchecked {
            for (; at < end; ++run.index) {
                uint256 op = at.load() >> 248;
                if (op & KIND != POOL) {
                    at = _other(run, op, at);
                    continue;
                }
                (uint256 next, uint256 word) = _loadRecord(run, at);
                uint256 kind = run.record.kind();
                if (kind == Records.V3 && op & SURPLUS == 0) _swapV3(run, op >> 7, word);
                else if (kind == Records.V4 && op & SURPLUS == 0) _queueV4(run, op >> 7, word, end - at);
                else _pool(run, kind, op, word, end - at);
                at = next;
            }
        }
        if (run.queued != 0) _unlock(run);
        if (at != end) revert MalformedLegs(legs.length);
    }

    function _other(Run memory run, uint256 op, uint256 at) private returns (uint256 next) {
        if (run.queued != 0) _unlock(run);
        if (op == ROUTER) return at + _router(run, at);
        if (op & ~SURPLUS == WRAP || op & ~SURPLUS == UNWRAP) return at + _wrapping(run, op, at);
        revert UnknownLeg(run.index, uint8(op));
    }

    function _pool(Run memory run, uint256 kind, uint256 op, uint256 word, uint256 left) private {
        if (run.queued != 0) _unlock(run);
        uint256 zeroForOne = op >> 7;
        (address pool, address tokenIn) = _direct(run, kind, zeroForOne, word);
        uint256 amountIn = (word >> 112) & type(uint128).max;
        if (op & SURPLUS != 0) {
            amountIn = _surplus(run, word >> 248, amountIn);
            if (amountIn == 0) return;
        }
        word = word & ~(uint256(type(uint128).max) << 112) | amountIn << 112;
        if (kind == Records.V3) _swapV3(run, zeroForOne, word);
        else if (kind == Records.V4) _queueV4(run, zeroForOne, word, left);
        else if (kind == Records.V2) _swapV2(run, pool, tokenIn, zeroForOne != 0, amountIn);
        else revert UnknownPool(run.index);
    }

    /// @return pool That the record of the running leg is of, and what it sells; reverts unless that and what it
    /// buys have the floors that the leg names.
    function _direct(Run memory run, uint256 kind, uint256 zeroForOne, uint256 word)
        private
        view
        returns (address pool, address tokenIn)
    {
        address tokenOut;
        (pool, tokenIn, tokenOut) = run.record.direct(zeroForOne);
        if (kind == Records.V4) (tokenIn, tokenOut) = (_wrapped(tokenIn), _wrapped(tokenOut));
        if (run.floors.areAt(word, run.before.length, tokenIn, tokenOut)) return (pool, tokenIn);
        _requireFloor(run, word >> 248, tokenIn);
        _requireFloor(run, (word >> 240) & 0xff, tokenOut);
    }

    /// @dev To a batch the ETH of a v4 pool is WETH.
    function _wrapped(address token) private view returns (address) {
        return token == address(0) ? weth : token;
    }

    /// @dev In one piece, as `_swapV3` is.
    /// @param left Bytes of legs that are left, so that room is made for all of them at once.
    function _queueV4(Run memory run, uint256 zeroForOne, uint256 word, uint256 left) private view {
        if (run.queue == 0) run.queue = Singleton.open(left / LEAST_LEG + 1);
        address native = weth;
        uint256 floors = run.floors;
        uint256 count = run.before.length;
        bytes memory record = run.record;
        bool ok;
        assembly ("memory-safe") {
            let shift := mul(zeroForOne, 20)
            let token := shr(96, mload(sub(add(record, 72), shift)))
            if iszero(token) { token := native }
            let i := byte(0, word)
            ok := and(lt(i, count), eq(shr(96, calldataload(add(floors, mul(i, FLOOR)))), token))
            token := shr(96, mload(add(add(record, 52), shift)))
            if iszero(token) { token := native }
            i := byte(1, word)
            ok := and(ok, and(lt(i, count), eq(shr(96, calldataload(add(floors, mul(i, FLOOR)))), token)))
        }
        if (!ok) _direct(run, Records.V4, zeroForOne, word);
        unchecked {
            uint256 entry = zeroForOne << 248 | (word >> 240) << 232 | (word << 16) >> 128;
            Singleton.push(run.queue, run.queued++, record, entry);
        }
    }

    /// @dev Makes the swaps that are queued: those of the legs just before `run.index`, which follow each other.
    function _unlock(Run memory run) private {
        uint256 queued = run.queued;
        run.queued = 0;
        payment = UNLOCKING;
        Singleton.unlock(poolManager, run.queue, queued, run.before.length, run.index - queued);
        if (payment != RUNNING) revert CallbackMissing(poolManager);
    }

    /// @dev In one piece because most legs are this. That `_direct` finds no fault means that the pool did.
    function _swapV3(Run memory run, uint256 zeroForOne, uint256 word) private {
        if (run.queued != 0) _unlock(run);
        uint256 floors = run.floors;
        uint256 count = run.before.length;
        bytes memory record = run.record;
        bytes4 selector = IUniswapV3Pool.swap.selector;
        bool ok;
        assembly ("memory-safe") {
            let shift := mul(zeroForOne, 20)
            let tokenIn := shr(96, mload(sub(add(record, 72), shift)))
            let i := byte(0, word)
            ok := and(lt(i, count), eq(shr(96, calldataload(add(floors, mul(i, FLOOR)))), tokenIn))
            i := byte(1, word)
            let tokenOut := shr(96, mload(add(add(record, 52), shift)))
            ok := and(ok, and(lt(i, count), eq(shr(96, calldataload(add(floors, mul(i, FLOOR)))), tokenOut)))
            if ok {
                let pool := shr(96, mload(add(record, 32)))
                let amountIn := shr(128, shl(16, word))
                tstore(payment.slot, or(pool, shl(160, amountIn)))
                tstore(paymentToken.slot, or(tokenIn, shl(160, shr(96, amountIn))))
                let data := mload(0x40)
                mstore(data, selector)
                mstore(add(data, 0x04), address())
                mstore(add(data, 0x24), zeroForOne)
                mstore(add(data, 0x44), amountIn)
                mstore(add(data, 0x64), xor(HIGHEST_PRICE, mul(zeroForOne, LIMITS)))
                mstore(add(data, 0x84), 0xa0)
                mstore(add(data, 0xa4), 0)
                ok := call(gas(), pool, 0, data, 0xc4, 0, 0)
            }
        }
        if (!ok) {
            _direct(run, Records.V3, zeroForOne, word);
            revert LegFailed(run.index, Calldata.returned());
        }
        if (payment != RUNNING) revert CallbackMissing(run.record.pool());
    }

    function _swapV2(Run memory run, address pair, address tokenIn, bool zeroForOne, uint256 amountIn) private {
        // slither-disable-next-line unused-return (the reserves' age)
        (uint256 reserve0, uint256 reserve1,) = IUniswapV2Pair(pair).getReserves();
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (reserve0, reserve1) : (reserve1, reserve0);
        uint256 net = amountIn * (Records.FEE_UNIT - run.record.fee());
        uint256 amountOut = net * reserveOut / (reserveIn * Records.FEE_UNIT + net);
        tokenIn.transfer(pair, amountIn);
        (uint256 out0, uint256 out1) = zeroForOne ? (uint256(0), amountOut) : (amountOut, uint256(0));
        try IUniswapV2Pair(pair).swap(out0, out1, address(this), "") {}
        catch (bytes memory reason) {
            revert LegFailed(run.index, reason);
        }
    }

    function _router(Run memory run, uint256 at) private returns (uint256 size) {
        address router = address(uint160((at + 1).load() >> 96));
        uint256 word = (at + 21).load();
        uint256 i = word >> 248;
        uint256 amountIn = (word >> 120) & type(uint128).max;
        size = (word >> 96) & 0xffffff;
        _checkRouter(run, router, i);
        bytes memory data = (at + 41).copy(size);
        size += 41;
        address token = run.floors.token(i);
        if (i != 0) token.approve(router, amountIn);
        // slither-disable-next-line arbitrary-send-eth (the router was checked, ETH has a floor)
        (bool ok, bytes memory reason) = router.call{value: i == 0 ? amountIn : 0}(data);
        if (!ok) revert LegFailed(run.index, reason);
        if (i != 0) token.revoke(router);
    }

    function _checkRouter(Run memory run, address router, uint256 i) private view {
        if (i >= run.before.length) revert NotFloored(run.index, i, address(0));
        bool forbidden = router == address(this) || router.code.length == 0 || !_isRouter(router);
        for (uint256 j = 0; j < run.before.length; ++j) {
            forbidden = forbidden || router == run.floors.token(j);
        }
        if (forbidden) revert RouterForbidden(run.index, router);
    }

    function _wrapping(Run memory run, uint256 op, uint256 at) private returns (uint256 size) {
        uint256 word = (at + 1).load();
        uint256 i = word >> 248;
        uint256 amountIn = (word >> 120) & type(uint128).max;
        _requireFloor(run, i, weth);
        bool wraps = op & KIND == WRAP;
        if (op & SURPLUS != 0) amountIn = _surplus(run, wraps ? 0 : i, amountIn);
        if (wraps) IWETH9(weth).deposit{value: amountIn}();
        else IWETH9(weth).withdraw(amountIn);
        return 18;
    }

    /* CALLBACKS */

    /// @inheritdoc IBatchExecutor
    function unlockCallback(bytes calldata queue) external returns (bytes memory) {
        if (msg.sender != poolManager || payment != UNLOCKING) revert UnexpectedCallback(msg.sender);
        payment = RUNNING;
        Singleton.run(msg.sender, weth, queue);
        return "";
    }

    /// @notice Pays a v3 pool what the running leg owes it, under whatever name the pool's factory gave the callback:
    /// `uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes)` or the like.
    fallback() external {
        uint256 open = payment;
        uint256 token = paymentToken;
        uint256 owed;
        bool ok;
        assembly ("memory-safe") {
            owed := calldataload(4)
            if iszero(sgt(owed, 0)) { owed := calldataload(36) }
            let amountIn := or(shr(160, open), shl(96, shr(160, token)))
            ok := and(eq(shl(96, open), shl(96, caller())), eq(owed, amountIn))
        }
        if (!ok) {
            if (uint160(open) != uint160(msg.sender)) revert UnexpectedCallback(msg.sender);
            revert WrongPayment(owed, (open >> 160) | ((token >> 160) << 96));
        }
        payment = RUNNING;
        bytes4 selector = IERC20.transfer.selector;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, selector)
            mstore(add(at, 0x04), caller())
            mstore(add(at, 0x24), owed)
            token := shr(96, shl(96, token))
            ok := call(gas(), token, 0, at, 0x44, 0x00, 0x20)
            switch returndatasize()
            case 0 { ok := and(ok, gt(extcodesize(token), 0)) }
            default { ok := and(ok, and(gt(returndatasize(), 31), eq(mload(0x00), 1))) }
        }
        if (!ok) revert TransferFailed(address(uint160(token)), msg.sender, owed);
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IBatchExecutor} from "./interfaces/IBatchExecutor.sol";
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
    uint256 private constant LEAST_LEG = 22; // bytes of a pool leg with the shortest reference

    uint256 private constant LOWEST_PRICE = 4295128740; // that a v3 pool takes as a limit
    uint256 private constant HIGHEST_PRICE = 1461446703485210103287273052203988822378723970341;

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

    /// @dev Writes the pool record that the reference at calldata offset `at` leads to into `run.record`, or zeros if
    /// there is none.
    /// @return size Bytes of the reference.
    function _loadRecord(Run memory run, uint256 at) internal view virtual returns (uint256 size);

    /// @dev Whether a router leg may call `router`, which is none of the batch's tokens and not this contract.
    function _isRouter(address router) internal view virtual returns (bool);

    /* FLOORS */

    function _start(bytes calldata floors) private view returns (Run memory run) {
        run.floors = Calldata.offset(floors);
        run.before = run.floors.balances(Floors.count(floors));
        run.record = new bytes(Records.SIZE);
        run.page = type(uint256).max; // none
    }

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
            while (at < end) {
                at += _runLeg(run, at, end);
                ++run.index;
            }
        }
        _unlock(run);
        if (at != end) revert MalformedLegs(legs.length);
    }

    function _runLeg(Run memory run, uint256 at, uint256 end) private returns (uint256 size) {
        uint256 op = at.load() >> 248;
        if (op & KIND == POOL) return _pool(run, op, at, end);
        _unlock(run);
        if (op == ROUTER) return _router(run, at);
        if (op & ~SURPLUS == WRAP || op & ~SURPLUS == UNWRAP) return _wrapping(run, op, at);
        revert UnknownLeg(run.index, uint8(op));
    }

    function _pool(Run memory run, uint256 op, uint256 at, uint256 end) private returns (uint256 size) {
        unchecked {
            size = 1 + _loadRecord(run, at + 1);
            uint256 word = (at + size).load();
            size += 18;
            uint256 kind = run.record.kind();
            bool zeroForOne = op & ZERO_FOR_ONE != 0;
            (address pool, address tokenIn, address tokenOut) = run.record.direct(zeroForOne);
            if (kind == Records.V4) (tokenIn, tokenOut) = (_wrapped(tokenIn), _wrapped(tokenOut));
            _requireFloor(run, word >> 248, tokenIn);
            _requireFloor(run, (word >> 240) & 0xff, tokenOut);
            if (kind != Records.V4 || op & SURPLUS != 0) _unlock(run);
            uint256 amountIn = (word >> 112) & type(uint128).max;
            if (op & SURPLUS != 0) {
                amountIn = _surplus(run, word >> 248, amountIn);
                if (amountIn == 0) return size;
            }
            if (kind == Records.V4) _queue(run, zeroForOne, word, amountIn, end - at);
            else if (kind == Records.V3) _swapV3(run.index, pool, zeroForOne, tokenIn, amountIn);
            else if (kind == Records.V2) _swapV2(run, pool, zeroForOne, tokenIn, amountIn);
            else revert UnknownPool(run.index);
        }
    }

    /// @dev To a batch the ETH of a v4 pool is WETH.
    function _wrapped(address token) private view returns (address) {
        return token == address(0) ? weth : token;
    }

    /// @param left Bytes of legs that are left, so that room is made for all of them at once.
    function _queue(Run memory run, bool zeroForOne, uint256 word, uint256 amountIn, uint256 left) private pure {
        unchecked {
            if (run.queue == 0) run.queue = Singleton.open(left / LEAST_LEG + 1);
            uint256 entry = (zeroForOne ? 1 << 248 : 0) | (word >> 240) << 232 | amountIn;
            Singleton.push(run.queue, run.queued, run.record, entry);
            ++run.queued;
        }
    }

    /// @dev Makes the swaps that are queued: those of the legs just before `run.index`, which follow each other.
    function _unlock(Run memory run) private {
        uint256 queued = run.queued;
        if (queued == 0) return;
        run.queued = 0;
        payment = UNLOCKING;
        Singleton.unlock(poolManager, run.queue, queued, run.before.length, run.index - queued);
        if (payment != RUNNING) revert CallbackMissing(poolManager);
    }

    function _swapV3(uint256 index, address pool, bool zeroForOne, address tokenIn, uint256 amountIn) private {
        payment = uint160(pool) | (amountIn << 160);
        paymentToken = uint160(tokenIn) | ((amountIn >> 96) << 160);
        uint256 limit = zeroForOne ? LOWEST_PRICE : HIGHEST_PRICE;
        bytes4 selector = IUniswapV3Pool.swap.selector;
        bool ok;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, selector)
            mstore(add(data, 0x04), address())
            mstore(add(data, 0x24), zeroForOne)
            mstore(add(data, 0x44), amountIn)
            mstore(add(data, 0x64), limit)
            mstore(add(data, 0x84), 0xa0)
            mstore(add(data, 0xa4), 0)
            ok := call(gas(), pool, 0, data, 0xc4, 0, 0)
        }
        if (!ok) revert LegFailed(index, Calldata.returned());
        if (payment != RUNNING) revert CallbackMissing(pool);
    }

    function _swapV2(Run memory run, address pair, bool zeroForOne, address tokenIn, uint256 amountIn) private {
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
        int256 amount0Delta = int256(uint256(4).load());
        int256 amount1Delta = int256(uint256(36).load());
        uint256 open = payment;
        if (uint160(open) != uint160(msg.sender)) revert UnexpectedCallback(msg.sender);
        uint256 token = paymentToken;
        uint256 amountIn = (open >> 160) | ((token >> 160) << 96);
        uint256 owed = uint256(amount0Delta > 0 ? amount0Delta : amount1Delta);
        if (owed != amountIn) revert WrongPayment(owed, amountIn);
        payment = RUNNING;
        address(uint160(token)).transfer(msg.sender, owed);
    }
}

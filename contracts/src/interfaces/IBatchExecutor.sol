// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.28;

/// @title Batches of swaps, all or nothing, held to floors
/// @notice One call runs a list of packed *legs* and then checks a *floor* for every token that they touch.
///
/// @dev All integers are big-endian; nothing is padded; `‖` joins.
///
/// **Floors** are entries of 36 bytes, 1 to 256 of them:
///
///     token (20) ‖ minDelta int128 (16)
///
/// `minDelta` is the least change of this contract's balance over the whole batch, in base units: negative for what is
/// sold. The zero address stands for ETH and must be the first entry, and only the first. Legs name floors by their
/// index, and no leg can touch a token that has none.
///
/// **Legs** follow each other without separators. The first byte of each is its `op`:
///
///     0x80  ZERO_FOR_ONE  sell the pool's token0 (pool legs only)
///     0x40  SURPLUS       see below (not for router legs)
///     0x3f  kind: 0 pool, 1 router, 2 wrap, 3 unwrap; others are refused
///
///     pool    op (1) ‖ pool reference ‖ floorIn (1) ‖ floorOut (1) ‖ amountIn uint128 (16)
///     router  op (1) ‖ router (20) ‖ floorIn (1) ‖ amountIn uint128 (16) ‖ length uint24 (3) ‖ calldata
/// (length)
///     wrap    op (1) ‖ floor of WETH (1) ‖ amountIn uint128 (16)
///     unwrap  op (1) ‖ floor of WETH (1) ‖ amountIn uint128 (16)
///
/// A pool leg swaps exactly `amountIn` against the pool itself, proceeds to this contract; a pool that cannot take all
/// of it reverts the batch. `floorIn` and `floorOut` are the indexes of the floors of the token sold and bought.
///
/// A router leg approves `router` for exactly `amountIn` of the token of `floorIn`, calls it, and takes the approval
/// back; with `floorIn` 0 it sends `amountIn` wei along instead. To whom the proceeds go is up to the calldata.
///
/// With SURPLUS a leg spends what its `token_in` has gained over its floor so far, `amountIn` at most:
/// `min(amountIn, max(0, balance now - balance before - minDelta))`. A surplus of nothing skips the leg.
///
/// A **pool record** has 64 bytes:
///
///     pool (20) ‖ token0 (20) ‖ token1 (20) ‖ kind (1) ‖ fee uint24 (3)
///
/// with `kind` 2 for a Uniswap v2 pair, 3 for a v3 pool (and their forks), and `fee` in hundredths of a basis point.
/// For `kind` 4, a v4 pool without hooks, `pool` is its tick spacing as a number, the tokens are its currencies, and
/// `fee`
/// is that of its key: with no hooks these make the whole key.
///
/// V4 legs that follow each other share one unlock of the PoolManager (one that is on SURPLUS begins another): they
/// swap one by one, and then each currency is settled once, for what all of them change. ETH in a v4 pool is WETH to
/// the
/// batch: legs name the floor of WETH for it, and what is owed or due of it is unwrapped or wrapped in settling.
///
/// What a pool reference is differs: see `IVault` and `IDelegate`.
interface IBatchExecutor {
    /// @notice Says which plan a batch belonged to, and which record of the log decided to send it.
    event BatchExecuted(bytes32 indexed planId, bytes32 indexed intentHash, uint64 sequence);

    /// @notice Thrown when `caller` may not call the function.
    error Unauthorized(address caller);

    /// @notice Thrown when a batch is started while one runs.
    error Reentered();

    /// @notice Thrown when the block is later than the deadline; both in seconds since 1970.
    error DeadlinePassed(uint64 deadline, uint256 timestamp);

    /// @notice Thrown when a batch's sequence number is not above the `last` one that was executed.
    error SequenceUsed(uint64 sequence, uint64 last);

    /// @notice Thrown when the floors are not 1 to 256 entries of 36 bytes, the first of them for ETH.
    error MalformedFloors(uint256 length);

    /// @notice Thrown when the last leg does not end where the legs end.
    error MalformedLegs(uint256 length);

    /// @notice Thrown when leg `index` begins with an `op` that means nothing.
    error UnknownLeg(uint256 index, uint8 op);

    /// @notice Thrown when leg `index` names floor number `floor` for `token`, which is another token's or none.
    error NotFloored(uint256 index, uint256 floor, address token);

    /// @notice Thrown when the pool reference of leg `index` leads to no record.
    error UnknownPool(uint256 index);

    /// @notice Thrown when leg `index` calls a router that it may not call.
    error RouterForbidden(uint256 index, address router);

    /// @notice Thrown when leg `index` reverted with `reason`.
    error LegFailed(uint256 index, bytes reason);

    /// @notice Thrown when the batch changed the balance of `token` by less than its floor.
    error FloorBroken(address token, int256 minDelta, int256 delta);

    /// @notice Thrown when `token` does not say its balance.
    error BalanceUnreadable(address token);

    /// @notice Thrown when `token` refuses a transfer.
    error TransferFailed(address token, address to, uint256 amount);

    /// @notice Thrown when `token` refuses an approval.
    error ApprovalFailed(address token, address spender, uint256 amount);

    /// @notice Thrown when a callback comes from anywhere but the pool that is being swapped, or the PoolManager while
    /// this contract has it unlocked.
    error UnexpectedCallback(address caller);

    /// @notice Thrown when a pool asks for another amount than the leg says.
    error WrongPayment(uint256 owed, uint256 amountIn);

    /// @notice Thrown when a pool was swapped without asking for payment.
    error CallbackMissing(address pool);

    /// @notice Runs a batch: all its legs, then all its floors, or nothing.
    /// @param sequence Must be above `sequence()`.
    /// @param deadline Last block timestamp, in seconds since 1970, at which the batch may run.
    /// @param planId Identifies the plan; only passed on to the event.
    /// @param intentHash Hash of the log record that decided to send this batch; only passed on to the event.
    /// @param floors Packed floors.
    /// @param legs Packed legs.
    function execute(
        uint64 sequence,
        uint64 deadline,
        bytes32 planId,
        bytes32 intentHash,
        bytes calldata floors,
        bytes calldata legs
    ) external;

    /// @notice The sequence number of the last batch that was executed; 0 before the first.
    function sequence() external view returns (uint64);

    /// @notice Swaps and settles queued v4 legs. Only for the PoolManager, once for each unlock by a running batch.
    /// @param queue What this contract gave to `unlock`.
    function unlockCallback(bytes calldata queue) external returns (bytes memory);

    /// @notice The wrapped ether that wrap and unwrap legs use, and that v4 legs trade in place of ETH.
    function weth() external view returns (address);

    /// @notice Uniswap v4's PoolManager, where v4 legs swap.
    function poolManager() external view returns (address);
}

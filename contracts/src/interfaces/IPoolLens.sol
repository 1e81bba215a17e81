// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.28;

/// @title The state of many pools in one call
/// @notice Code that is never deployed: a node runs it in place of an empty account's (the state overrides of
/// `eth_call`). A constructor that answers would need no override, but its answer counts as code, which ends at 24,576
/// bytes (EIP-170) and costs 200 gas a byte.
interface IPoolLens {
    /// @param pool For v4, the PoolManager that keeps it.
    /// @param kind 2 = Uniswap v2 pair, 3 = Uniswap v3 pool, or forks of them; 4 = v4 pool.
    /// @param reach For v3 and v4, how many ticks around the price to read at least, each side; ignored for v2.
    /// @param id Of a v4 pool, and `spacing` that of its ticks; ignored for others.
    struct Query {
        address pool;
        uint8 kind;
        uint24 reach;
        bytes32 id;
        int24 spacing;
    }

    /// @notice Thrown for a kind of pool that there is no way to read.
    error UnknownKind(uint8 kind);

    /// @notice Reads pools in order, as many as the call's gas allows and at least one.
    /// @return done How many were read; ask again for the rest.
    /// @return answers What `readOne` returns for each of them; no words where the pool does not answer as its kind
    /// does.
    function read(Query[] calldata queries) external view returns (uint256 done, uint256[][] memory answers);

    /// @notice Reads one pool.
    /// @return whole False where gas did not allow to read as far as `reach`; what lies farthest is left out.
    /// @return words v2: token0, token1, reserve0, reserve1.
    /// v3: token0, token1, sqrtPriceX96, tick, liquidity, fee, tickSpacing, least and greatest tick that was looked at,
    /// then every initialised one of them, ascending: `uint24(index) << 128 | uint128(liquidityNet)`. The range is made
    /// of whole words of the tick bitmap, cut at the ends of what ticks there are.
    /// v4: the protocol's fees where token0 and where token1 is sold, then as for v3 from sqrtPriceX96 on.
    function readOne(Query calldata query) external view returns (bool whole, uint256[] memory words);
}

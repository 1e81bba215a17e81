// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.28;

/// @notice A Uniswap v2 pair or a fork of it.
interface IUniswapV2Pair {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function getReserves() external view returns (uint112 reserve0, uint112 reserve1, uint32 timestamp);
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata data) external;
}

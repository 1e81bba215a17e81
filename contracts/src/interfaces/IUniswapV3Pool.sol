// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.28;

/// @notice A Uniswap v3 pool or a fork of it.
interface IUniswapV3Pool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function fee() external view returns (uint24);
    function tickSpacing() external view returns (int24);
    function liquidity() external view returns (uint128);

    /// @dev Returns more than is read here, and forks return other things after it.
    function slot0() external view returns (uint160 sqrtPriceX96, int24 tick);

    /// @dev One bit for each tick that may be initialised, 256 to a word.
    function tickBitmap(int16 word) external view returns (uint256);

    /// @dev Returns more than is read here.
    function ticks(int24 tick) external view returns (uint128 liquidityGross, int128 liquidityNet);
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata data
    ) external returns (int256 amount0, int256 amount1);
}

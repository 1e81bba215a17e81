// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.28;

/// @notice Uniswap v4's PoolManager, which keeps all v4 pools.
interface IPoolManager {
    /// @dev Identifies a pool: its id is the keccak256 of the five words.
    struct PoolKey {
        address currency0; // zero for ETH
        address currency1;
        uint24 fee;
        int24 tickSpacing;
        address hooks;
    }

    struct SwapParams {
        bool zeroForOne;
        int256 amountSpecified; // negative for an exact input
        uint160 sqrtPriceLimitX96;
    }

    /// @notice Calls back `unlockCallback(data)` of the caller, and reverts unless it owes nothing in the end.
    function unlock(bytes calldata data) external returns (bytes memory);

    /// @return delta What the caller gains: of currency0 in the upper 128 bits, of currency1 in the lower.
    function swap(PoolKey calldata key, SwapParams calldata params, bytes calldata hookData)
        external
        returns (int256 delta);

    /// @notice Notes what the manager holds of a currency, for `settle` to see what was paid.
    function sync(address currency) external;
    function settle() external payable returns (uint256 paid);
    function take(address currency, address to, uint256 amount) external;

    /// @notice Reads a word of the manager's storage.
    function extsload(bytes32 slot) external view returns (bytes32);
}

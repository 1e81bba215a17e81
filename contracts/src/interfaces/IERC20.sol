// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.28;

/// @notice What the contracts need of a token. `transfer` and `approve` are called as if they returned nothing, since
/// some tokens don't return the `bool` that the standard asks for.
interface IERC20 {
    function balanceOf(address account) external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function approve(address spender, uint256 amount) external returns (bool);
}

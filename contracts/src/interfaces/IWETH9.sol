// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.28;

/// @notice Wrapped ether.
interface IWETH9 {
    function deposit() external payable;
    function withdraw(uint256 amount) external;
}

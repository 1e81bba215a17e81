// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.28;

/// @return A number from `low` to `high`, both included, that `drawn` decides.
function bound(uint256 drawn, uint256 low, uint256 high) pure returns (uint256) {
    if (low <= drawn && drawn <= high) return drawn;
    unchecked {
        uint256 size = high - low + 1;
        return size == 0 ? drawn : low + drawn % size;
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// @notice Reads packed calldata by absolute offset. What lies behind the end reads as zeros or as other arguments:
/// callers check in the end that they stopped where the data does.
library Calldata {
    function offset(bytes calldata data) internal pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := data.offset
        }
    }

    /// @return word The 32 bytes from `at`.
    function load(uint256 at) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(at)
        }
    }

    function copy(uint256 at, uint256 size) internal pure returns (bytes memory data) {
        data = new bytes(size);
        assembly ("memory-safe") {
            calldatacopy(add(data, 0x20), at, size)
        }
    }

    /// @return data What the last call returned.
    function returned() internal pure returns (bytes memory data) {
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(0x40, add(add(data, 0x20), returndatasize()))
            mstore(data, returndatasize())
            returndatacopy(add(data, 0x20), 0, returndatasize())
        }
    }
}

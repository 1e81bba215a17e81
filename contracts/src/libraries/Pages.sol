// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// @notice Data kept as a contract's code, which is cheaper to read than storage: a zero byte, so that it cannot be
/// called, then the data.
library Pages {
    error NotWritten();

    /// @dev Returns the rest of itself: PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN; then the zero.
    function write(bytes memory data) internal returns (address at) {
        bytes memory init = abi.encodePacked(hex"61", uint16(data.length + 1), hex"80600a5f395ff300", data);
        assembly ("memory-safe") {
            at := create(0, add(init, 0x20), mload(init))
        }
        if (at == address(0)) revert NotWritten();
    }

    function read(address at) internal view returns (bytes memory data) {
        if (at == address(0)) return data;
        data = new bytes(at.code.length - 1);
        assembly ("memory-safe") {
            extcodecopy(at, add(data, 0x20), 1, mload(data))
        }
    }

    /// @notice Fills `into` with the page's data from `from`; with zeros where there is none.
    function copy(address at, uint256 from, bytes memory into) internal view {
        assembly ("memory-safe") {
            extcodecopy(at, add(into, 0x20), add(from, 1), mload(into))
        }
    }
}

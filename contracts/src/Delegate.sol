// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {BatchExecutor} from "./BatchExecutor.sol";
import {IBatchExecutor} from "./interfaces/IBatchExecutor.sol";
import {IDelegate} from "./interfaces/IDelegate.sol";

/// @notice See `IDelegate`.
contract Delegate is BatchExecutor, IDelegate {
    /// @custom:storage-location erc7201:agent.delegate
    struct State {
        uint64 last;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("agent.delegate")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STATE = 0xb10a387f3e26437fefcfa3cb67d39236a85beee74d9ad6599901ef6802d4e300;

    constructor(address weth_, address poolManager_) BatchExecutor(weth_, poolManager_) {}

    /// @inheritdoc IBatchExecutor
    function sequence() external view returns (uint64) {
        return _state().last;
    }

    function _checkCaller() internal view override {
        if (msg.sender != address(this)) revert Unauthorized(msg.sender);
    }

    function _useSequence(uint64 sequence_) internal override {
        uint64 last = _state().last;
        if (sequence_ <= last) revert SequenceUsed(sequence_, last);
        _state().last = sequence_;
    }

    function _loadRecord(Run memory run, uint256 at) internal pure override returns (uint256 next, uint256 word) {
        bytes memory record = run.record;
        assembly ("memory-safe") {
            calldatacopy(add(record, 0x20), add(at, 1), 64)
            word := calldataload(add(at, 65))
            next := add(at, 83)
        }
    }

    function _isRouter(address) internal pure override returns (bool) {
        return true;
    }

    function _state() private pure returns (State storage state) {
        bytes32 slot = STATE;
        assembly ("memory-safe") {
            state.slot := slot
        }
    }
}

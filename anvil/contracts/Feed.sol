// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// @title A Chainlink-style price feed at a real feed's address
/// @notice It behaves as a healthy feed that writes a round at every heartbeat, so it stays fresh
/// however far a test moves the clock. The owner may post another price, or stop the feed.
contract Feed {
    int256 public latestAnswer; // slot 0
    string public description; // slot 1
    address public owner; // slot 2
    uint8 public decimals; // slot 2
    uint32 public heartbeat; // slot 2, in seconds
    uint40 public stoppedAt; // slot 2; zero while the feed lives

    uint256 public constant version = 6;
    uint80 private constant PHASE = 1 << 64;

    error NotOwner(address caller);
    error NoSuchRound(uint80 roundId);

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    function post(int256 answer) external onlyOwner {
        latestAnswer = answer;
    }

    function stop() external onlyOwner {
        stoppedAt = uint40(block.timestamp);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        uint256 until = stoppedAt == 0 ? block.timestamp : stoppedAt;
        return _round(PHASE | uint80(until / heartbeat));
    }

    /// @dev Every round has the latest price: a feed that never moved.
    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        if (roundId < PHASE || uint64(roundId) > block.timestamp / heartbeat) revert NoSuchRound(roundId);
        return _round(roundId);
    }

    function _round(uint80 roundId) private view returns (uint80, int256, uint256, uint256, uint80) {
        uint256 updatedAt = uint256(uint64(roundId)) * heartbeat;
        return (roundId, latestAnswer, updatedAt, updatedAt, roundId);
    }
}

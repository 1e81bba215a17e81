// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.28;

import {IBatchExecutor} from "./IBatchExecutor.sol";

/// @title A vault that trades by batches
/// @notice Holds the funds. The `owner`, a cold key, takes them out and says with whom they may be traded; the `agent`,
/// a hot key, runs batches within that and can do nothing else but pause.
///
/// @dev Pools are allowed by *pages*: contracts whose code is a zero byte and up to 256 pool records. The pool
/// reference of a leg is `page uint16 (2) ‖ record uint8 (1)`, so a pool leg has 22 bytes. A page never changes and
/// its number is never used again, so what a signed batch refers to cannot be exchanged under it.
interface IVault is IBatchExecutor {
    event AgentSet(address indexed agent);
    event OwnershipOffered(address indexed to);
    event OwnerSet(address indexed owner);
    event PauseSet(bool paused, address indexed by);
    event RouterSet(address indexed router, bool allowed);
    event PageAdded(uint256 indexed page, address at);
    event PageCleared(uint256 indexed page);
    event Withdrawn(address indexed token, address indexed to, uint256 amount);

    /// @notice Thrown when batches are paused.
    error IsPaused();

    /// @notice Thrown when an address must not be zero, the vault itself, or without code, and is.
    error BadAddress(address given);

    /// @notice Thrown when records are not 1 to 256 entries of 64 bytes.
    error MalformedPage(uint256 length);

    /// @notice Thrown when record `index` is of no known kind, or not what its pool says of itself.
    error BadRecord(uint256 index);

    /// @notice Thrown when there is no page of this number, or no longer.
    error UnknownPage(uint256 page);

    /// @notice Thrown when 65,536 pages were added already.
    error NoPageLeft();

    /// @notice Thrown when sending ETH to `to` fails.
    error EtherRefused(address to, uint256 amount);

    /// @notice Takes funds out. Owner only; works while paused.
    /// @param token The zero address stands for ETH.
    function withdraw(address token, address to, uint256 amount) external;

    /// @notice Replaces the agent; the zero address leaves none. Owner only.
    function setAgent(address agent) external;

    /// @notice Stops batches. Owner or agent.
    function pause() external;

    /// @notice Lets batches run again. Owner only.
    function unpause() external;

    /// @notice Allows or forbids calls to a router. Owner only.
    /// @dev A router takes the agent's calldata as it is, so whoever holds the agent's key can have the proceeds of a
    /// router leg sent anywhere, up to the leg's approval. Never allow a token, nor a contract that can move what
    /// others approved to it on anybody's word, nor Permit2.
    function setRouter(address router, bool allowed) external;

    /// @notice Publishes a page of pool records and allows its pools. Owner only.
    /// @dev Each pool is asked for its tokens (and a v3 pool for its fee), but a contract can lie: list pools whose
    /// factory you trust. The fee of a v2 pair cannot be asked for; too low a fee makes its swaps fail, too high a fee
    /// leaves the difference in the pool.
    /// @param records Packed pool records, 1 to 256 of them.
    /// @return page The page's number.
    function addPage(bytes calldata records) external returns (uint256 page);

    /// @notice Takes a page back, and with it the leave to trade with its pools. Owner only.
    function clearPage(uint256 page) external;

    /// @notice Offers ownership to `to`, who must accept it; the zero address withdraws the offer. Owner only.
    function offerOwnership(address to) external;

    /// @notice Takes ownership that was offered.
    function acceptOwnership() external;

    function owner() external view returns (address);
    function offeredTo() external view returns (address);
    function agent() external view returns (address);
    function paused() external view returns (bool);
    function isRouter(address router) external view returns (bool);

    /// @notice How many pages were ever added, cleared ones included.
    function pageCount() external view returns (uint256);

    /// @notice The records of a page; empty once cleared.
    function records(uint256 page) external view returns (bytes memory);
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {BatchExecutor} from "./BatchExecutor.sol";
import {IBatchExecutor} from "./interfaces/IBatchExecutor.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Calldata} from "./libraries/Calldata.sol";
import {Pages} from "./libraries/Pages.sol";
import {Records} from "./libraries/Records.sol";
import {Tokens} from "./libraries/Tokens.sol";

/// @notice See `IVault`.
contract Vault is BatchExecutor, IVault {
    using Calldata for uint256;
    using Tokens for address;

    uint256 private constant MAX_RECORDS = 256;
    uint256 private constant MAX_PAGES = 65_536;

    /// @dev One slot, since a batch reads and writes all three.
    address public agent;
    bool public paused;
    uint64 private last;

    address public owner;
    address public offeredTo;
    mapping(address router => bool) public isRouter;
    mapping(uint256 page => address) private pages;
    uint256 public pageCount;

    constructor(address owner_, address agent_, address weth_, address poolManager_)
        BatchExecutor(weth_, poolManager_)
    {
        if (owner_ == address(0)) revert BadAddress(owner_);
        if (weth_.code.length == 0) revert BadAddress(weth_);
        if (poolManager_.code.length == 0) revert BadAddress(poolManager_);
        owner = owner_;
        agent = agent_;
        emit OwnerSet(owner_);
        emit AgentSet(agent_);
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert Unauthorized(msg.sender);
        _;
    }

    /* OWNER */

    /// @inheritdoc IVault
    function withdraw(address token, address to, uint256 amount) external onlyOwner {
        if (to == address(0)) revert BadAddress(to);
        emit Withdrawn(token, to, amount);
        if (token != address(0)) return token.transfer(to, amount);
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert EtherRefused(to, amount);
    }

    /// @inheritdoc IVault
    function setAgent(address agent_) external onlyOwner {
        agent = agent_;
        emit AgentSet(agent_);
    }

    /// @inheritdoc IVault
    function unpause() external onlyOwner {
        paused = false;
        emit PauseSet(false, msg.sender);
    }

    /// @inheritdoc IVault
    function setRouter(address router, bool allowed) external onlyOwner {
        if (router == address(this) || router.code.length == 0) revert BadAddress(router);
        isRouter[router] = allowed;
        emit RouterSet(router, allowed);
    }

    /// @inheritdoc IVault
    function addPage(bytes calldata records_) external onlyOwner returns (uint256 page) {
        uint256 count = records_.length / Records.SIZE;
        if (count == 0 || count > MAX_RECORDS || records_.length % Records.SIZE != 0) {
            revert MalformedPage(records_.length);
        }
        for (uint256 i = 0; i < count; ++i) {
            if (!Records.isTrue(records_[i * Records.SIZE:(i + 1) * Records.SIZE], poolManager)) revert BadRecord(i);
        }
        page = pageCount++;
        if (page >= MAX_PAGES) revert NoPageLeft();
        address written = Pages.write(records_);
        pages[page] = written;
        emit PageAdded(page, written);
    }

    /// @inheritdoc IVault
    function clearPage(uint256 page) external onlyOwner {
        if (pages[page] == address(0)) revert UnknownPage(page);
        delete pages[page];
        emit PageCleared(page);
    }

    /// @inheritdoc IVault
    function offerOwnership(address to) external onlyOwner {
        offeredTo = to;
        emit OwnershipOffered(to);
    }

    /// @inheritdoc IVault
    function acceptOwnership() external {
        if (msg.sender != offeredTo) revert Unauthorized(msg.sender);
        owner = msg.sender;
        offeredTo = address(0);
        emit OwnerSet(msg.sender);
    }

    /* OWNER OR AGENT */

    /// @inheritdoc IVault
    function pause() external {
        if (msg.sender != agent && msg.sender != owner) revert Unauthorized(msg.sender);
        paused = true;
        emit PauseSet(true, msg.sender);
    }

    /* VIEWS */

    /// @inheritdoc IBatchExecutor
    function sequence() external view returns (uint64) {
        return last;
    }

    /// @inheritdoc IVault
    function records(uint256 page) external view returns (bytes memory) {
        if (page >= pageCount) revert UnknownPage(page);
        return Pages.read(pages[page]);
    }

    /* BATCH */

    function _checkCaller() internal view override {
        if (msg.sender != agent) revert Unauthorized(msg.sender);
        if (paused) revert IsPaused();
    }

    function _useSequence(uint64 sequence_) internal override {
        if (sequence_ <= last) revert SequenceUsed(sequence_, last);
        last = sequence_;
    }

    function _loadRecord(Run memory run, uint256 at) internal view override returns (uint256 next, uint256 word) {
        unchecked {
            word = at.load() << 8; // page (2) ‖ record (1) ‖ floorIn (1) ‖ floorOut (1) ‖ amountIn (16)
            next = at + 22;
        }
        if (word >> 240 != run.page) (run.page, run.pageAt) = (word >> 240, pages[word >> 240]);
        address page = run.pageAt;
        bytes memory record = run.record;
        assembly ("memory-safe") {
            extcodecopy(page, add(record, 0x20), add(shl(6, byte(2, word)), 1), 64)
            word := shl(24, word)
        }
    }

    function _isRouter(address router) internal view override returns (bool) {
        return isRouter[router];
    }
}

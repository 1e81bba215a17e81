// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {PausableToken} from "./PausableToken.sol";

/// @title A token whose owner can freeze addresses as well as stop all transfers, as USDC's can
contract BlocklistToken is PausableToken {
    mapping(address holder => bool) public isBlacklisted; // slot 6

    error Blacklisted(address holder);

    function blacklist(address holder) external onlyOwner {
        isBlacklisted[holder] = true;
    }

    function unBlacklist(address holder) external onlyOwner {
        isBlacklisted[holder] = false;
    }

    function _transfer(address from, address to, uint256 value) internal override whenNotPaused {
        _refuseBlacklisted(msg.sender);
        _refuseBlacklisted(from);
        _refuseBlacklisted(to);
        _move(from, to, value);
    }

    function _approve(address spender, uint256 value) internal override {
        _refuseBlacklisted(msg.sender);
        _refuseBlacklisted(spender);
        super._approve(spender, value);
    }

    function _refuseBlacklisted(address holder) private view {
        if (isBlacklisted[holder]) revert Blacklisted(holder);
    }
}

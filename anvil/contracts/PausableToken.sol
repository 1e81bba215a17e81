// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Token} from "./Token.sol";

/// @title A token whose owner can stop all transfers
contract PausableToken is Token {
    bool public paused; // slot 5, byte 21

    error Paused();

    modifier whenNotPaused() {
        if (paused) revert Paused();
        _;
    }

    function pause() external onlyOwner {
        paused = true;
    }

    function unpause() external onlyOwner {
        paused = false;
    }

    function _transfer(address from, address to, uint256 value) internal virtual override whenNotPaused {
        _move(from, to, value);
    }

    function _approve(address spender, uint256 value) internal virtual override whenNotPaused {
        super._approve(spender, value);
    }
}

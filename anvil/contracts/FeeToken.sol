// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Token} from "./Token.sol";

/// @title A token that keeps a part of every transfer, as PAXG may
contract FeeToken is Token {
    uint256 public constant feeParts = 1_000_000;

    uint256 public feeRate; // slot 6, in parts per million
    address public feeRecipient; // slot 7

    error FeeTooHigh(uint256 rate, uint256 parts);

    function setFeeRate(uint256 rate) external onlyOwner {
        if (rate > feeParts) revert FeeTooHigh(rate, feeParts);
        feeRate = rate;
    }

    function getFeeFor(uint256 value) public view returns (uint256) {
        return value * feeRate / feeParts;
    }

    function _transfer(address from, address to, uint256 value) internal override {
        uint256 fee = getFeeFor(value);
        _move(from, to, value - fee);
        if (fee > 0) _move(from, feeRecipient, fee);
    }
}

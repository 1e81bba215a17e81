// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// @title USDT's quirks
/// @notice `transfer`, `transferFrom` and `approve` return nothing; an allowance that is not zero
/// must be set to zero before it is set to anything else; the owner can pause, freeze addresses and
/// charge a fee on transfers. As with `Token`, the twin writes the storage.
contract TetherToken {
    mapping(address holder => uint256) public balanceOf; // slot 0
    mapping(address holder => mapping(address spender => uint256)) public allowance; // slot 1
    uint256 public totalSupply; // slot 2
    string public name; // slot 3
    string public symbol; // slot 4
    uint8 public decimals; // slot 5, byte 0
    address public owner; // slot 5, bytes 1 to 20
    bool public paused; // slot 5, byte 21
    mapping(address holder => bool) public isBlackListed; // slot 6
    uint256 public basisPointsRate; // slot 7
    uint256 public maximumFee; // slot 8

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    modifier onlyOwner() {
        require(msg.sender == owner);
        _;
    }

    function transfer(address to, uint256 value) external {
        _transfer(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < type(uint256).max) allowance[from][msg.sender] = allowed - value;
        _transfer(from, to, value);
    }

    function approve(address spender, uint256 value) external {
        require(value == 0 || allowance[msg.sender][spender] == 0);
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
    }

    function pause() external onlyOwner {
        paused = true;
    }

    function unpause() external onlyOwner {
        paused = false;
    }

    function addBlackList(address holder) external onlyOwner {
        isBlackListed[holder] = true;
    }

    function removeBlackList(address holder) external onlyOwner {
        isBlackListed[holder] = false;
    }

    /// @dev The bounds are USDT's: below 20 basis points and below 50 whole tokens.
    function setParams(uint256 newBasisPoints, uint256 newMaxFee) external onlyOwner {
        require(newBasisPoints < 20 && newMaxFee < 50);
        basisPointsRate = newBasisPoints;
        maximumFee = newMaxFee * 10 ** decimals;
    }

    function _transfer(address from, address to, uint256 value) private {
        require(!paused && !isBlackListed[from]);
        uint256 fee = value * basisPointsRate / 10_000;
        if (fee > maximumFee) fee = maximumFee;
        balanceOf[from] -= value;
        balanceOf[to] += value - fee;
        emit Transfer(from, to, value - fee);
        if (fee > 0) {
            balanceOf[owner] += fee;
            emit Transfer(from, owner, fee);
        }
    }
}

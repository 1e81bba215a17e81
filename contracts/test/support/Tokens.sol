// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// @notice A token by the book, with hooks for those that are not.
contract PlainToken {
    mapping(address account => uint256) internal held;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Approval(address indexed owner, address indexed spender, uint256 amount);

    function balanceOf(address account) external view virtual returns (uint256) {
        return held[account];
    }

    function mint(address to, uint256 amount) external {
        held[to] += amount;
        emit Transfer(address(0), to, amount);
    }

    function transfer(address to, uint256 amount) external virtual returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external virtual returns (bool) {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
        return true;
    }

    function approve(address spender, uint256 amount) external virtual returns (bool) {
        _approve(spender, amount);
        return true;
    }

    function _move(address from, address to, uint256 amount) internal virtual {
        held[from] -= amount;
        held[to] += amount;
        emit Transfer(from, to, amount);
    }

    function _approve(address spender, uint256 amount) internal {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
    }
}

/// @notice Returns nothing, and changes no allowance but from or to zero, as USDT does.
contract SilentToken {
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 amount);

    error AllowanceNotZero();

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
    }

    function approve(address spender, uint256 amount) external {
        if (amount != 0 && allowance[msg.sender][spender] != 0) revert AllowanceNotZero();
        allowance[msg.sender][spender] = amount;
    }

    function _move(address from, address to, uint256 amount) private {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        emit Transfer(from, to, amount);
    }
}

/// @notice Says no instead of reverting, once told to.
contract RefusingToken is PlainToken {
    bool public refusesTransfers;
    bool public refusesApprovals;

    function refuse(bool transfers, bool approvals) external {
        (refusesTransfers, refusesApprovals) = (transfers, approvals);
    }

    function transfer(address to, uint256 amount) external override returns (bool) {
        if (refusesTransfers) return false;
        _move(msg.sender, to, amount);
        return true;
    }

    function approve(address spender, uint256 amount) external override returns (bool) {
        if (refusesApprovals) return false;
        _approve(spender, amount);
        return true;
    }
}

/// @notice Keeps one percent of each transfer.
contract TaxedToken is PlainToken {
    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount);
        uint256 tax = amount / 100;
        held[to] -= tax;
        held[address(this)] += tax;
        emit Transfer(to, address(this), tax);
    }
}

/// @notice Reverts on transfers while paused.
contract PausableToken is PlainToken {
    bool public paused;

    error Paused();

    function pause() external {
        paused = true;
    }

    function _move(address from, address to, uint256 amount) internal override {
        if (paused) revert Paused();
        super._move(from, to, amount);
    }
}

/// @notice Takes no approval of zero.
contract ProudToken is PlainToken {
    error ZeroApproval();

    function approve(address spender, uint256 amount) external override returns (bool) {
        if (amount == 0) revert ZeroApproval();
        _approve(spender, amount);
        return true;
    }
}

/// @notice Calls somebody during each transfer, once told whom, and keeps the answer; calls anybody when asked.
contract CallingToken is PlainToken {
    address private callee;
    bytes private message;
    bool public answeredWell;
    bytes public answer;

    function callOnTransfer(address callee_, bytes calldata message_) external {
        (callee, message) = (callee_, message_);
    }

    function relay(address callee_, bytes calldata message_) external returns (bool ok) {
        (ok,) = callee_.call(message_);
    }

    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount);
        if (callee != address(0)) (answeredWell, answer) = callee.call(message);
    }
}

/// @notice Gives one account two balances of its choice: one before its first transfer, one afterwards.
contract LyingToken is PlainToken {
    address private dupe;
    uint256 private next;
    uint256 private said;

    function lie(address dupe_, uint256 first, uint256 second) external {
        (dupe, said, next) = (dupe_, first, second);
    }

    function balanceOf(address account) external view override returns (uint256) {
        return account == dupe ? said : held[account];
    }

    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount);
        said = next;
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IBatchExecutor} from "../interfaces/IBatchExecutor.sol";
import {IERC20} from "../interfaces/IERC20.sol";

/// @notice Calls to tokens that may not keep to the standard: a missing return value counts as consent, `false` as
/// refusal, and an address without code is no token.
/// @dev In assembly because a batch makes several such calls for each leg.
library Tokens {
    function transfer(address token, address to, uint256 amount) internal {
        if (!_consents(token, IERC20.transfer.selector, to, amount)) {
            revert IBatchExecutor.TransferFailed(token, to, amount);
        }
    }

    /// @notice Sets the allowance to `amount`, through zero for tokens that change it no other way.
    function approve(address token, address spender, uint256 amount) internal {
        if (amount != 0 && IERC20(token).allowance(address(this), spender) != 0) approve(token, spender, 0);
        if (!_consents(token, IERC20.approve.selector, spender, amount)) {
            revert IBatchExecutor.ApprovalFailed(token, spender, amount);
        }
    }

    /// @notice Leaves no allowance. Tokens that refuse to approve zero are only asked to if they have to.
    function revoke(address token, address spender) internal {
        if (IERC20(token).allowance(address(this), spender) != 0) approve(token, spender, 0);
    }

    function _consents(address token, bytes4 selector, address to, uint256 amount) private returns (bool ok) {
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, selector)
            mstore(add(at, 0x04), to)
            mstore(add(at, 0x24), amount)
            ok := call(gas(), token, 0, at, 0x44, 0x00, 0x20)
            switch returndatasize()
            case 0 { ok := and(ok, gt(extcodesize(token), 0)) }
            default { ok := and(ok, and(gt(returndatasize(), 31), eq(mload(0x00), 1))) }
        }
    }
}

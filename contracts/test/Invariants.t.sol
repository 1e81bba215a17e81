// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Ground} from "./support/Ground.sol";
import {Thief} from "./support/Thief.sol";
import {PlainToken} from "./support/Tokens.sol";
import {ScriptedPool, StockRouter} from "./support/Venues.sol";
import {vm} from "./support/Vm.sol";

/// @notice What holds whatever is done with the agent's key.
contract InvariantsTest is Ground {
    Thief private thief;
    StockRouter private router;
    ScriptedPool private rogue;
    PlainToken[] private tokens;
    bytes private listed;

    function setUp() public override {
        super.setUp();
        router = new StockRouter();
        _fund(address(router));
        _allow(address(router));
        rogue = new ScriptedPool(address(a), address(hub));
        tokens = [hub, a, b, PlainToken(weth)];
        address[] memory pools = new address[](3);
        (pools[0], pools[1], pools[2]) = (poolA, pairB, manager);
        _list(bytes.concat(_v4(address(a), address(hub)), _v4(address(b), address(hub)), _v4(address(0), address(hub))));
        thief = new Thief(vault, owner, agent, router, rogue, tokens, pools);
        listed = bytes.concat(vault.records(0), vault.records(1));
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(thief);
    }

    /// @dev One campaign for all of them, since each invariant would repeat it.
    function invariant_HoldsWhateverTheAgentsKeyDoes() external view {
        _nothingLeavesBelowTheFloors();
        _tokensLeaveThroughListedVenues();
        _noAllowanceSurvives();
        _rolesAndListsAreTheOwners();
        vm.assertEq(vault.sequence(), thief.last(), "each sequence number runs once");
    }

    /// @dev What is held is never below what was held, less what the floors that were signed let go, less what the
    /// owner took: so nobody but the owner withdraws.
    function _nothingLeavesBelowTheFloors() private view {
        _assertAbove(address(0), HELD, address(vault).balance);
        for (uint256 i = 0; i < tokens.length; ++i) {
            uint256 start = address(tokens[i]) == weth ? 0 : HELD;
            _assertAbove(address(tokens[i]), start, tokens[i].balanceOf(address(vault)));
        }
    }

    function _tokensLeaveThroughListedVenues() private view {
        for (uint256 i = 0; i < tokens.length; ++i) {
            vm.assertEq(thief.strayed(address(tokens[i])), 0, "strayed");
        }
    }

    function _noAllowanceSurvives() private view {
        address[7] memory spenders = [address(router), poolA, pairB, manager, address(rogue), address(thief), agent];
        for (uint256 i = 0; i < tokens.length; ++i) {
            for (uint256 j = 0; j < spenders.length; ++j) {
                vm.assertEq(tokens[i].allowance(address(vault), spenders[j]), 0, "allowance");
            }
        }
    }

    function _rolesAndListsAreTheOwners() private view {
        vm.assertEq(vault.owner(), owner, "owner");
        vm.assertEq(vault.offeredTo(), address(0), "offer");
        vm.assertEq(vault.agent(), agent, "agent");
        vm.assertEq(vault.pageCount(), 2, "pages");
        vm.assertEq(bytes.concat(vault.records(0), vault.records(1)), listed, "records");
        vm.assertFalse(vault.isRouter(address(hub)), "router");
        vm.assertFalse(vault.paused(), "paused");
    }

    function _assertAbove(address token, uint256 start, uint256 held) private view {
        int256 least = int256(start) + thief.signed(token) - int256(thief.withdrawn(token));
        vm.assertTrue(int256(held) >= least, "below the floors");
    }
}

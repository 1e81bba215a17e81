// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Vault} from "../src/Vault.sol";
import {IBatchExecutor} from "../src/interfaces/IBatchExecutor.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {bound} from "./support/Bound.sol";
import {Ground} from "./support/Ground.sol";
import {Packed} from "./support/Packed.sol";
import {SilentToken} from "./support/Tokens.sol";
import {StockRouter} from "./support/Venues.sol";
import {vm} from "./support/Vm.sol";

contract VaultTest is Ground {
    /* CONSTRUCTOR */

    function test_KeepsItsRoles() external {
        vm.assertEq(vault.owner(), owner, "owner");
        vm.assertEq(vault.agent(), agent, "agent");
        vm.assertEq(vault.weth(), weth, "weth");
        vm.assertEq(vault.poolManager(), manager, "pool manager");
        vm.assertEq(vault.offeredTo(), address(0), "offer");
        vm.assertEq(vault.sequence(), 0, "sequence");
        vm.assertFalse(vault.paused(), "paused");
    }

    function test_RevertWhen_OwnerIsZero() external {
        vm.expectRevert(_bad(address(0)));
        new Vault(address(0), agent, weth, manager);
    }

    function test_RevertWhen_WethHasNoCode() external {
        vm.expectRevert(_bad(stranger));
        new Vault(owner, agent, stranger, manager);
    }

    function test_RevertWhen_PoolManagerHasNoCode() external {
        vm.expectRevert(_bad(stranger));
        new Vault(owner, agent, weth, stranger);
    }

    /* OWNER ONLY */

    function testFuzz_RevertWhen_CallerIsNotOwner(address caller, bool isAgent) external {
        if (isAgent) caller = agent;
        if (caller == owner) return;
        bytes[7] memory calls = [
            abi.encodeCall(IVault.withdraw, (address(a), caller, 1)),
            abi.encodeCall(IVault.setAgent, (caller)),
            abi.encodeCall(IVault.unpause, ()),
            abi.encodeCall(IVault.setRouter, (address(a), true)),
            abi.encodeCall(IVault.addPage, (_record(poolA, V3))),
            abi.encodeCall(IVault.clearPage, (0)),
            abi.encodeCall(IVault.offerOwnership, (caller))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(caller);
            (bool ok, bytes memory reason) = address(vault).call(calls[i]);

            vm.assertFalse(ok, "called");
            vm.assertEq(reason, _unauthorized(caller), "reason");
        }
    }

    /* WITHDRAWALS */

    function testFuzz_WithdrawsToken(uint256 amount) external {
        amount = bound(amount, 0, HELD);
        vm.expectEmit(address(vault));
        emit IVault.Withdrawn(address(a), stranger, amount);
        vm.prank(owner);
        vault.withdraw(address(a), stranger, amount);

        vm.assertEq(a.balanceOf(stranger), amount, "sent");
        vm.assertEq(a.balanceOf(address(vault)), HELD - amount, "left");
    }

    function testFuzz_WithdrawsEther(uint256 amount) external {
        amount = bound(amount, 0, HELD);
        vm.expectEmit(address(vault));
        emit IVault.Withdrawn(address(0), stranger, amount);
        vm.prank(owner);
        vault.withdraw(address(0), stranger, amount);

        vm.assertEq(stranger.balance, amount, "sent");
        vm.assertEq(address(vault).balance, HELD - amount, "left");
    }

    function test_WithdrawsSilentToken() external {
        SilentToken c = new SilentToken();
        c.mint(address(vault), 3);
        vm.prank(owner);
        vault.withdraw(address(c), stranger, 3);

        vm.assertEq(c.balanceOf(stranger), 3, "sent");
    }

    function test_WithdrawsAlways() external {
        vm.prank(owner);
        vault.pause();
        vm.prank(owner);
        vault.clearPage(0);
        vm.prank(owner);
        vault.setAgent(address(0));
        vm.prank(owner);
        vault.withdraw(address(a), owner, HELD);

        vm.assertEq(a.balanceOf(owner), HELD, "sent");
    }

    function test_RevertWhen_WithdrawalToZero() external {
        vm.prank(owner);
        vm.expectRevert(_bad(address(0)));
        vault.withdraw(address(a), address(0), 1);
    }

    function test_RevertWhen_WithdrawalFails() external {
        bytes4 error = IBatchExecutor.TransferFailed.selector;
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(error, a, owner, HELD + 1));
        vault.withdraw(address(a), owner, HELD + 1);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(error, stranger, owner, 0));
        vault.withdraw(stranger, owner, 0);
    }

    function test_RevertWhen_EtherIsRefused() external {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IVault.EtherRefused.selector, address(a), 1));
        vault.withdraw(address(0), address(a), 1);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IVault.EtherRefused.selector, stranger, HELD + 1));
        vault.withdraw(address(0), stranger, HELD + 1);
    }

    /* AGENT */

    function test_ReplacesAgent() external {
        _run(_open(), "");
        vm.expectEmit(address(vault));
        emit IVault.AgentSet(stranger);
        vm.prank(owner);
        vault.setAgent(stranger);

        vm.prank(stranger);
        vault.execute(2, uint64(NOW), PLAN, INTENT, _open(), "");
        _refused(_unauthorized(agent), _open(), "");
        vm.assertEq(vault.sequence(), 2, "sequence, in the same slot");
    }

    function test_LeavesNoAgent() external {
        vm.prank(owner);
        vault.setAgent(address(0));

        _refused(_unauthorized(agent), _open(), "");
    }

    /* PAUSE */

    function test_OwnerPauses() external {
        _paused(owner);
    }

    function test_AgentPauses() external {
        _paused(agent);
    }

    function test_RevertWhen_StrangerPauses() external {
        vm.prank(stranger);
        vm.expectRevert(_unauthorized(stranger));
        vault.pause();
    }

    function _paused(address by) private {
        vm.expectEmit(address(vault));
        emit IVault.PauseSet(true, by);
        vm.prank(by);
        vault.pause();
        _refused(abi.encodeWithSelector(IVault.IsPaused.selector), _open(), "");

        vm.expectEmit(address(vault));
        emit IVault.PauseSet(false, owner);
        vm.prank(owner);
        vault.unpause();
        _run(_open(), "");
        vm.assertEq(vault.sequence(), 1, "sequence");
    }

    /* ROUTERS */

    function test_AllowsRouter() external {
        StockRouter router = new StockRouter();
        vm.expectEmit(address(vault));
        emit IVault.RouterSet(address(router), true);
        _allow(address(router));
        vm.assertTrue(vault.isRouter(address(router)), "allowed");

        vm.prank(owner);
        vault.setRouter(address(router), false);
        vm.assertFalse(vault.isRouter(address(router)), "forbidden");
    }

    function test_RevertWhen_RouterIsBad() external {
        vm.prank(owner);
        vm.expectRevert(_bad(stranger));
        vault.setRouter(stranger, true);
        vm.prank(owner);
        vm.expectRevert(_bad(address(vault)));
        vault.setRouter(address(vault), true);
    }

    /* PAGES */

    function testFuzz_PublishesPage(uint256 count) external {
        bytes memory records = _many(bound(count, 1, 32));
        uint256 page = _list(records);

        vm.assertEq(page, 1, "number");
        vm.assertEq(vault.pageCount(), 2, "count");
        vm.assertEq(vault.records(page), records, "records");
    }

    function test_PublishesFullPage() external {
        bytes memory records = _many(256);
        uint256 page = _list(records);

        vm.assertEq(vault.records(page), records, "records");
        bytes memory last = abi.encodePacked(uint16(page), uint8(255));
        _run(_open(), Packed.poolLeg(address(b) < address(hub), last, B, HUB, 1e18));
        vm.assertEq(b.balanceOf(address(vault)), HELD - 1e18, "sold in the last pool");
    }

    function test_RevertWhen_PageIsMalformed() external {
        _malformed("");
        _malformed(new bytes(63));
        _malformed(new bytes(65));
        _malformed(new bytes(257 * 64));
    }

    function test_RevertWhen_RecordIsFalse() external {
        (address token0, address token1) = _sorted();
        address token = address(new SilentToken());
        _false(Packed.record(stranger, token0, token1, V3, FEE));
        _false(Packed.record(poolA, token1, token0, V3, FEE));
        _false(Packed.record(poolA, token, token1, V3, FEE));
        _false(Packed.record(poolA, token0, token, V3, FEE));
        _false(Packed.record(poolA, token0, token1, V3, 500));
        _false(Packed.record(poolA, token0, token1, V2, 1_000_000));
        _false(Packed.record(poolA, token0, token1, 0, FEE));
        _false(Packed.record(poolA, token0, token1, 5, FEE));
    }

    function test_RevertWhen_V4RecordIsFalse() external {
        (address token0, address token1) = _sorted();
        bytes memory kept = _v4(token0, token1);
        vm.assertEq(vault.records(_list(kept)), kept, "kept");
        _false(Packed.v4Record(token1, token0, FEE, SPACING));
        _false(Packed.v4Record(address(0), token1, FEE, SPACING));
        _false(Packed.v4Record(token0, token1, FEE + 1, SPACING));
        _false(Packed.v4Record(token0, token1, FEE, SPACING + 1));
        _false(Packed.v4Record(token0, token1, FEE, -SPACING));
        _false(Packed.record(address(uint160(1 << 24 | 60)), token0, token1, V4, FEE));
    }

    function test_RevertWhen_NoPageIsLeft() external {
        bytes memory records = _record(poolA, V3);
        vm.store(address(vault), bytes32(_slotOfPageCount()), bytes32(uint256(65_535)));
        vm.assertEq(_list(records), 65_535, "last");

        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IVault.NoPageLeft.selector));
        vault.addPage(records);
    }

    function test_ClearsPage() external {
        vm.expectEmit(address(vault));
        emit IVault.PageCleared(0);
        vm.prank(owner);
        vault.clearPage(0);

        vm.assertEq(vault.records(0), "", "records");
        vm.assertEq(_list(_record(poolA, V3)), 1, "next");
    }

    function test_RevertWhen_ClearedPageIsNone() external {
        bytes4 error = IVault.UnknownPage.selector;
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(error, 1));
        vault.clearPage(1);
        vm.prank(owner);
        vault.clearPage(0);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(error, 0));
        vault.clearPage(0);
        vm.expectRevert(abi.encodeWithSelector(error, 1));
        vault.records(1);
    }

    /// @dev A pool whose address begins with what destroys a contract must not make a page that can be destroyed.
    function test_PageCannotBeCalled() external {
        vm.recordLogs();
        _list(_record(poolA, V3));
        address at = abi.decode(vm.getRecordedLogs()[0].data, (address));
        (bool ok, bytes memory answer) = at.call{value: 0}(hex"01");

        vm.assertTrue(ok, "stopped at once");
        vm.assertEq(answer, "", "answer");
        vm.assertEq(bytes32(at.code[0]), bytes32(0), "first byte");
        vm.assertEq(vault.records(1), _record(poolA, V3), "records");
    }

    function _malformed(bytes memory records) private {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IVault.MalformedPage.selector, records.length));
        vault.addPage(records);
    }

    function _false(bytes memory record) private {
        bytes memory records = bytes.concat(_record(poolA, V3), record);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IVault.BadRecord.selector, 1));
        vault.addPage(records);
    }

    function _many(uint256 count) private view returns (bytes memory records) {
        for (uint256 i = 0; i < count; ++i) {
            records = bytes.concat(records, i % 2 == 0 ? _record(poolA, V3) : _record(pairB, V2));
        }
    }

    function _sorted() private view returns (address, address) {
        return address(a) < address(hub) ? (address(a), address(hub)) : (address(hub), address(a));
    }

    /// @return slot Where the vault keeps the count of its pages, found by its value.
    function _slotOfPageCount() private view returns (uint256 slot) {
        while (uint256(vm.load(address(vault), bytes32(slot))) != vault.pageCount()) ++slot;
    }

    /* OWNERSHIP */

    function test_PassesOwnership() external {
        vm.expectEmit(address(vault));
        emit IVault.OwnershipOffered(stranger);
        vm.prank(owner);
        vault.offerOwnership(stranger);
        vm.assertEq(vault.owner(), owner, "owner until accepted");

        vm.expectEmit(address(vault));
        emit IVault.OwnerSet(stranger);
        vm.prank(stranger);
        vault.acceptOwnership();
        vm.assertEq(vault.owner(), stranger, "owner");
        vm.assertEq(vault.offeredTo(), address(0), "offer");

        vm.prank(owner);
        vm.expectRevert(_unauthorized(owner));
        vault.withdraw(address(a), owner, 1);
    }

    function test_RevertWhen_AnotherAccepts() external {
        vm.prank(owner);
        vault.offerOwnership(stranger);
        vm.prank(agent);
        vm.expectRevert(_unauthorized(agent));
        vault.acceptOwnership();
    }

    function test_LastOfferCounts() external {
        vm.prank(owner);
        vault.offerOwnership(stranger);
        vm.prank(owner);
        vault.offerOwnership(address(0));
        vm.prank(stranger);
        vm.expectRevert(_unauthorized(stranger));
        vault.acceptOwnership();
    }

    /* PIECES */

    function _bad(address given) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.BadAddress.selector, given);
    }

    function _unauthorized(address caller) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IBatchExecutor.Unauthorized.selector, caller);
    }
}

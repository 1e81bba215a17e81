// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IBatchExecutor} from "../src/interfaces/IBatchExecutor.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Ground} from "./support/Ground.sol";
import {bound} from "./support/Bound.sol";
import {Packed} from "./support/Packed.sol";
import {CallingToken} from "./support/Tokens.sol";
import {Proxy} from "./support/Venues.sol";
import {vm} from "./support/Vm.sol";

contract ExecuteTest is Ground {
    /* CALLER */

    function test_RevertWhen_StrangerRuns() external {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IBatchExecutor.Unauthorized.selector, stranger));
        vault.execute(1, uint64(NOW), PLAN, INTENT, _open(), "");
    }

    function test_RevertWhen_OwnerRuns() external {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IBatchExecutor.Unauthorized.selector, owner));
        vault.execute(1, uint64(NOW), PLAN, INTENT, _open(), "");
    }

    function test_RevertWhen_Paused() external {
        vm.prank(owner);
        vault.pause();

        _refused(abi.encodeWithSelector(IVault.IsPaused.selector), _open(), "");
    }

    function test_RevertWhen_Reentered() external {
        CallingToken token = new CallingToken();
        address pool = _v3(address(token), address(hub));
        uint256 page = _list(_record(pool, V3));
        token.mint(address(vault), HELD);
        bytes memory floors = bytes.concat(
            Packed.floor(address(0), 0), Packed.floor(address(hub), 0), Packed.floor(address(token), -1e18)
        );
        bytes memory ref = abi.encodePacked(uint16(page), uint8(0));
        bytes memory leg = Packed.poolLeg(address(token) < address(hub), ref, 2, 1, 1e18);
        vm.prank(owner);
        vault.setAgent(address(token)); // a token that holds the agent's key
        bytes memory inner = _call(2, NOW, _open(), "");
        token.callOnTransfer(address(vault), inner);

        vm.assertTrue(token.relay(address(vault), _call(1, NOW, floors, leg)), "outer batch");

        vm.assertEq(token.answer(), abi.encodeWithSelector(IBatchExecutor.Reentered.selector), "inner batch");
        vm.assertEq(vault.sequence(), 1, "sequence");
        vm.assertTrue(token.relay(address(vault), inner), "the inner batch by itself");
    }

    function test_RunsTwiceInOneTransaction() external {
        Proxy proxy = new Proxy();
        vm.prank(owner);
        vault.setAgent(address(proxy));
        proxy.push(address(vault), _call(1, NOW, _open(), _leg(a, hub, 1e18)));
        proxy.push(address(vault), _call(2, NOW, _open(), _leg(a, hub, 1e18)));
        proxy.callAll();

        vm.assertEq(a.balanceOf(address(vault)), HELD - 2e18, "sold twice");
    }

    /* DEADLINE */

    function test_RunsAtDeadline() external {
        vm.prank(agent);
        vault.execute(1, uint64(NOW), PLAN, INTENT, _open(), "");

        vm.assertEq(vault.sequence(), 1, "sequence");
    }

    function test_RevertWhen_DeadlinePassed() external {
        vm.prank(agent);
        vm.expectRevert(abi.encodeWithSelector(IBatchExecutor.DeadlinePassed.selector, NOW - 1, NOW));
        vault.execute(1, uint64(NOW - 1), PLAN, INTENT, _open(), "");
    }

    /* SEQUENCE */

    function testFuzz_RevertWhen_SequenceUsed(uint64 last, uint64 next) external {
        last = uint64(bound(last, 1, type(uint64).max));
        next = uint64(bound(next, 0, last));
        vm.prank(agent);
        vault.execute(last, uint64(NOW), PLAN, INTENT, _open(), "");

        vm.prank(agent);
        vm.expectRevert(abi.encodeWithSelector(IBatchExecutor.SequenceUsed.selector, next, last));
        vault.execute(next, uint64(NOW), PLAN, INTENT, _open(), "");
    }

    function testFuzz_SequenceRises(uint64 last, uint64 next) external {
        last = uint64(bound(last, 1, type(uint64).max - 1));
        next = uint64(bound(next, last + 1, type(uint64).max));
        vm.prank(agent);
        vault.execute(last, uint64(NOW), PLAN, INTENT, _open(), "");
        vm.prank(agent);
        vault.execute(next, uint64(NOW), PLAN, INTENT, _open(), "");

        vm.assertEq(vault.sequence(), next, "sequence");
        vm.assertEq(vault.agent(), agent, "agent, in the same slot");
        vm.assertFalse(vault.paused(), "pause, in the same slot");
    }

    function test_GuardsInOrder() external {
        bytes memory badFloors = hex"00";
        bytes memory badLegs = hex"ff";
        vm.prank(agent);
        vault.execute(5, uint64(NOW), PLAN, INTENT, _open(), "");
        vm.prank(owner);
        vault.pause();

        _guarded(stranger, 5, NOW - 1, badFloors, badLegs, IBatchExecutor.Unauthorized.selector);
        _guarded(agent, 5, NOW - 1, badFloors, badLegs, IVault.IsPaused.selector);
        vm.prank(owner);
        vault.unpause();
        _guarded(agent, 5, NOW - 1, badFloors, badLegs, IBatchExecutor.DeadlinePassed.selector);
        _guarded(agent, 5, NOW, badFloors, badLegs, IBatchExecutor.SequenceUsed.selector);
        _guarded(agent, 6, NOW, badFloors, badLegs, IBatchExecutor.MalformedFloors.selector);
        _guarded(agent, 6, NOW, _floors(1, 1, 1), badLegs, IBatchExecutor.UnknownLeg.selector);
        _guarded(agent, 6, NOW, _floors(1, 1, 1), "", IBatchExecutor.FloorBroken.selector);
    }

    function _guarded(
        address caller,
        uint64 sequence,
        uint256 deadline,
        bytes memory floors,
        bytes memory legs,
        bytes4 reason
    ) private {
        vm.prank(caller);
        vm.expectPartialRevert(reason);
        vault.execute(sequence, uint64(deadline), PLAN, INTENT, floors, legs);
    }

    /* LEGS */

    function test_EmptyBatchEmits() external {
        vm.expectEmit(address(vault));
        emit IBatchExecutor.BatchExecuted(PLAN, INTENT, 7);
        vm.prank(agent);
        vault.execute(7, uint64(NOW), PLAN, INTENT, _floors(0, 0, 0), "");

        vm.assertEq(a.balanceOf(address(vault)), HELD, "a");
    }

    function testFuzz_RevertWhen_LegsAreCut(uint256 size) external {
        bytes memory legs = bytes.concat(_leg(a, hub, 1e18), _leg(b, hub, 1e18));
        size = bound(size, 1, legs.length - 1);
        if (size == legs.length / 2) --size; // between two legs
        assembly ("memory-safe") {
            mstore(legs, size)
        }
        bytes memory floors = _open();

        if (size == legs.length - 1) {
            _refused(abi.encodeWithSelector(IBatchExecutor.MalformedLegs.selector, size), floors, legs);
        }
        uint64 next = vault.sequence() + 1;
        vm.prank(agent);
        vm.expectRevert();
        vault.execute(next, uint64(NOW), PLAN, INTENT, floors, legs);
    }

    function testFuzz_RevertWhen_LegIsUnknown(uint8 op) external {
        op = uint8(bound(op, 4, 0x3f)) | (op & 0xc0);
        _refused(abi.encodeWithSelector(IBatchExecutor.UnknownLeg.selector, 0, op), _open(), _followed(op));

        bytes4 unknown = IBatchExecutor.UnknownLeg.selector;
        bytes memory later = bytes.concat(_leg(a, hub, 1e18), _followed(op));
        _refused(abi.encodeWithSelector(unknown, 1, op), _open(), later);
        _refused(abi.encodeWithSelector(unknown, 0, 0x41), _open(), _followed(0x41)); // a router leg on surplus
        _refused(abi.encodeWithSelector(unknown, 0, 0x81), _open(), _followed(0x81)); // with a direction
        _refused(abi.encodeWithSelector(unknown, 0, 0x82), _open(), _followed(0x82)); // wrapping with a direction
        _refused(abi.encodeWithSelector(unknown, 0, 0xc3), _open(), _followed(0xc3)); // and on surplus
    }

    function _followed(uint8 op) private pure returns (bytes memory) {
        return abi.encodePacked(op, new bytes(63));
    }

    function test_RunsLegsInOrder() external {
        uint256 hubBefore = hub.balanceOf(address(vault));
        vm.expectEmit(address(vault));
        emit IBatchExecutor.BatchExecuted(PLAN, INTENT, 1);
        _run(_floors(0, -1e18, 0.99e18), bytes.concat(_leg(a, hub, 1e18), _leg(hub, b, 0.996e18)));

        vm.assertEq(a.balanceOf(address(vault)), HELD - 1e18, "a sold");
        vm.assertGt(b.balanceOf(address(vault)), HELD + 0.99e18, "b bought");
        vm.assertGt(hub.balanceOf(address(vault)), hubBefore, "hub kept");
        vm.assertEq(address(vault).balance, HELD, "ether");
    }

    function test_RevertWhen_LaterLegFails() external {
        bytes memory legs = bytes.concat(_leg(a, hub, 1e18), _leg(a, hub, HELD));
        bytes memory refusal = abi.encodeWithSelector(IBatchExecutor.TransferFailed.selector, a, poolA, HELD);
        _refused(_legFailed(1, refusal), _open(), legs);

        vm.assertEq(a.balanceOf(address(vault)), HELD, "a");
        vm.assertEq(hub.balanceOf(address(vault)), HELD, "hub");
    }

    function test_FailedBatchLeavesSequence() external {
        _refused(abi.encodeWithSelector(IBatchExecutor.MalformedFloors.selector, 0), "", "");
        _run(_open(), "");

        vm.assertEq(vault.sequence(), 1, "sequence");
    }
}

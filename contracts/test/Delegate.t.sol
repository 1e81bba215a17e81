// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Delegate} from "../src/Delegate.sol";
import {IBatchExecutor} from "../src/interfaces/IBatchExecutor.sol";
import {bound} from "./support/Bound.sol";
import {Ground} from "./support/Ground.sol";
import {Packed} from "./support/Packed.sol";
import {StockRouter} from "./support/Venues.sol";
import {vm} from "./support/Vm.sol";

contract DelegateTest is Ground {
    uint256 private constant KEY = 4;

    Delegate private code;
    Delegate private account; // the account, seen through its code

    function setUp() public override {
        super.setUp();
        code = new Delegate(weth, manager);
        account = Delegate(payable(vm.addr(KEY)));
        vm.signAndAttachDelegation(address(code), KEY);
        (bool ok,) = address(account).call(""); // carries the authorization
        vm.assertTrue(ok, "delegation");
        vm.assertEq(address(account).code, abi.encodePacked(hex"ef0100", code), "delegation");
        _fund(address(account));
    }

    /* CALLER */

    function test_RunsForTheAccount() external {
        vm.expectEmit(address(account));
        emit IBatchExecutor.BatchExecuted(PLAN, INTENT, 1);
        _runSelf(1, _floors(0.99e18, -1e18, 0), _sellA(1e18));

        vm.assertEq(a.balanceOf(address(account)), HELD - 1e18, "sold");
        vm.assertGt(hub.balanceOf(address(account)), HELD + 0.99e18, "bought");
    }

    function testFuzz_RevertWhen_CallerIsAnother(address caller) external {
        if (caller == address(account)) return;
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IBatchExecutor.Unauthorized.selector, caller));
        account.execute(1, uint64(NOW), PLAN, INTENT, _open(), "");
    }

    /* GUARDS */

    function testFuzz_KeepsSequenceInItsNamespace(uint64 sequence) external {
        sequence = uint64(bound(sequence, 1, type(uint64).max));
        _runSelf(sequence, _open(), "");

        bytes32 slot = keccak256(abi.encode(uint256(keccak256("agent.delegate")) - 1)) & ~bytes32(uint256(0xff));
        vm.assertEq(account.sequence(), sequence, "sequence");
        vm.assertEq(uint256(vm.load(address(account), slot)), sequence, "slot");
        vm.assertEq(code.sequence(), 0, "sequence of the code by itself");
    }

    function test_RevertWhen_SequenceUsed() external {
        _runSelf(5, _open(), "");
        _refusedSelf(abi.encodeWithSelector(IBatchExecutor.SequenceUsed.selector, 5, 5), _open(), "");
    }

    function test_RevertWhen_DeadlinePassed() external {
        vm.warp(NOW + 1);
        _refusedSelf(abi.encodeWithSelector(IBatchExecutor.DeadlinePassed.selector, NOW, NOW + 1), _open(), "");
    }

    function test_RevertWhen_FloorIsBroken() external {
        bytes memory reason =
            abi.encodeWithSelector(IBatchExecutor.FloorBroken.selector, a, int256(1 - 1e18), int256(-1e18));
        _refusedSelf(reason, _floors(0, 1 - 1e18, 0), _sellA(1e18));
    }

    /* RECORDS */

    function test_SwapsOnBothKinds() external {
        bytes memory legs = bytes.concat(
            _sellA(1e18),
            Packed.poolLeg(address(hub) < address(b), _record(pairB, V2), HUB, B, 0.9e18),
            Packed.poolLeg(address(hub) < address(a), _record(poolA, V3), HUB, A, 0.09e18)
        );
        _runSelf(1, _floors(0, -0.95e18, 0.89e18), legs);

        vm.assertGt(b.balanceOf(address(account)), HELD, "b");
    }

    function test_RevertWhen_KindIsUnknown() external {
        bytes memory leg = Packed.poolLeg(address(a) < address(hub), _record(poolA, 5), A, HUB, 1e18);
        _refusedSelf(abi.encodeWithSelector(IBatchExecutor.UnknownPool.selector, 0), _open(), leg);
    }

    function test_RevertWhen_PoolHasNoCode() external {
        (address token0, address token1) =
            address(a) < address(hub) ? (address(a), address(hub)) : (address(hub), address(a));
        bytes memory inV3 = Packed.record(stranger, token0, token1, V3, FEE);
        bytes memory missing = abi.encodeWithSelector(IBatchExecutor.CallbackMissing.selector, stranger);
        _refusedSelf(missing, _open(), Packed.poolLeg(token0 == address(a), inV3, A, HUB, 1e18));

        bytes memory inV2 = Packed.record(stranger, token0, token1, V2, FEE);
        bytes memory leg = Packed.poolLeg(token0 == address(a), inV2, A, HUB, 1e18);
        vm.prank(address(account));
        vm.expectRevert();
        account.execute(1, uint64(NOW), PLAN, INTENT, _open(), leg);
    }

    /* ROUTERS */

    function test_CallsAnyRouter() external {
        StockRouter router = new StockRouter();
        _fund(address(router));
        bytes memory data = abi.encodeCall(StockRouter.swap, (address(a), 0.5e18, address(hub), 2e18, address(account)));
        _runSelf(1, _floors(2e18, -0.5e18, 0), Packed.routerLeg(address(router), A, 1e18, data));

        vm.assertEq(a.allowance(address(account), address(router)), 0, "allowance");
        vm.assertEq(hub.balanceOf(address(account)), HELD + 2e18, "hub");
    }

    function test_RevertWhen_RouterIsForbidden() external {
        address[3] memory targets = [address(hub), address(account), stranger];
        for (uint256 i = 0; i < targets.length; ++i) {
            bytes memory reason = abi.encodeWithSelector(IBatchExecutor.RouterForbidden.selector, 0, targets[i]);
            _refusedSelf(reason, _open(), Packed.routerLeg(targets[i], A, 1e18, ""));
        }
    }

    /* STRANGERS */

    function test_TakesEther() external {
        vm.deal(stranger, 1 ether);
        vm.prank(stranger);
        (bool ok,) = address(account).call{value: 1 ether}("");

        vm.assertTrue(ok, "sent");
        vm.assertEq(address(account).balance, HELD + 1 ether, "ether");
    }

    function test_RevertWhen_StrangerAsks() external {
        vm.prank(stranger);
        (bool ok, bytes memory reason) =
            address(account).call(abi.encodeWithSignature("uniswapV3SwapCallback(int256,int256,bytes)", 1, 0, ""));

        vm.assertFalse(ok, "paid");
        vm.assertEq(reason, abi.encodeWithSelector(IBatchExecutor.UnexpectedCallback.selector, stranger), "reason");
    }

    function testFuzz_RevertWhen_RunDirectly(address caller) external {
        if (caller == address(code)) return;
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IBatchExecutor.Unauthorized.selector, caller));
        code.execute(1, uint64(NOW), PLAN, INTENT, _open(), "");
    }

    /* PIECES */

    function _sellA(uint256 amountIn) private view returns (bytes memory) {
        return Packed.poolLeg(address(a) < address(hub), _record(poolA, V3), A, HUB, amountIn);
    }

    function _runSelf(uint64 sequence, bytes memory floors, bytes memory legs) private {
        vm.prank(address(account));
        account.execute(sequence, uint64(NOW), PLAN, INTENT, floors, legs);
    }

    function _refusedSelf(bytes memory reason, bytes memory floors, bytes memory legs) private {
        uint64 sequence = account.sequence() == 0 ? 1 : account.sequence();
        vm.prank(address(account));
        vm.expectRevert(reason);
        account.execute(sequence, uint64(NOW), PLAN, INTENT, floors, legs);
    }
}

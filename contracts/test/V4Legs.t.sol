// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Delegate} from "../src/Delegate.sol";
import {IBatchExecutor} from "../src/interfaces/IBatchExecutor.sol";
import {IPoolManager} from "../src/interfaces/IPoolManager.sol";
import {bound} from "./support/Bound.sol";
import {Ground} from "./support/Ground.sol";
import {Packed} from "./support/Packed.sol";
import {CallingToken, PlainToken} from "./support/Tokens.sol";
import {Proxy, StockRouter} from "./support/Venues.sol";
import {Vm, vm} from "./support/Vm.sol";

contract V4LegsTest is Ground {
    using Packed for bytes;

    bytes32 private constant SWAP = keccak256("Swap(bytes32,address,int128,int128,uint160,uint128,int24,uint24)");
    bytes32 private constant TRANSFER = keccak256("Transfer(address,address,uint256)");
    uint8 private constant WETH = 4;
    uint256 private page; // of v4 pools: a and hub, b and hub, ETH and hub, ETH and wrapped ETH

    function setUp() public override {
        super.setUp();
        bytes memory records = bytes.concat(
            _v4(address(a), address(hub)), _v4(address(b), address(hub)), _v4(address(0), address(hub)), _wrappedPool()
        );
        page = _list(records);
        _giveWeth(HELD);
    }

    /* ONE POOL */

    function testFuzz_PaysLikeAPlainSwap(uint256 amountIn, bool sells) external {
        amountIn = bound(amountIn, 1, HELD);
        (PlainToken tokenIn, PlainToken tokenOut) = sells ? (a, hub) : (hub, a);
        uint256 expected = _plainly(address(tokenIn), address(tokenOut), address(a), amountIn);
        _run(_open5(), _v4Leg(tokenIn, tokenOut, amountIn));

        vm.assertEq(tokenIn.balanceOf(address(vault)), HELD - amountIn, "sold");
        vm.assertEq(tokenOut.balanceOf(address(vault)), HELD + expected, "bought");
    }

    function testFuzz_TradesEtherAsWeth(uint256 amountIn, bool sells) external {
        amountIn = bound(amountIn, 1, HELD);
        (address tokenIn, address tokenOut) = sells ? (address(0), address(hub)) : (address(hub), address(0));
        uint256 expected = _plainly(tokenIn, tokenOut, address(0), amountIn);
        (uint8 floorIn, uint8 floorOut) = sells ? (WETH, HUB) : (HUB, WETH);
        _run(_open5(), Packed.poolLeg(sells, _at(2), floorIn, floorOut, amountIn));

        vm.assertEq(address(vault).balance, HELD, "ether is only in passing");
        vm.assertEq(_weth(), sells ? HELD - amountIn : HELD + expected, "wrapped ether");
        vm.assertEq(hub.balanceOf(address(vault)), sells ? HELD + expected : HELD - amountIn, "hub");
    }

    function testFuzz_RevertWhen_CannotTakeAll(uint256 amountIn) external {
        amountIn = bound(amountIn, DEPTH, type(uint128).max / 2);
        a.mint(address(vault), amountIn);
        bytes memory leg = _v4Leg(a, hub, amountIn);
        bytes memory data = _call(_open5(), leg);
        vm.prank(agent);
        (bool ok, bytes memory answer) = address(vault).call(data);

        vm.assertFalse(ok, "swapped");
        vm.assertEq(bytes32(bytes4(answer)), bytes32(IBatchExecutor.LegFailed.selector), "error");
    }

    function test_RevertWhen_AmountIsZero() external {
        bytes memory legs = bytes.concat(_leg(b, hub, 1e18), _v4Leg(a, hub, 1e18), _v4Leg(a, hub, 0));
        _refused(_legFailed(2, abi.encodeWithSignature("SwapAmountCannotBeZero()")), _open5(), legs);
    }

    function test_RevertWhen_AmountIsNotHeld() external {
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.TransferFailed.selector, a, manager, HELD + 1);
        _refused(reason, _open5(), _v4Leg(a, hub, HELD + 1));
    }

    function test_RevertWhen_FloorIsAnotherTokens() external {
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.NotFloored.selector, 0, A, hub);
        _refused(reason, _open5(), Packed.poolLeg(address(a) < address(hub), _at(0), A, A, 1e18));
        reason = abi.encodeWithSelector(IBatchExecutor.NotFloored.selector, 0, 0, weth);
        _refused(reason, _open5(), Packed.poolLeg(true, _at(2), 0, HUB, 1e18));
    }

    function test_RevertWhen_FloorIsBroken() external {
        bytes memory floors = _floors(1e18, -1e18, 0);
        bytes memory data = _call(floors, _v4Leg(a, hub, 1e18));
        vm.prank(agent);
        (bool ok, bytes memory answer) = address(vault).call(data);

        vm.assertFalse(ok, "ran");
        vm.assertEq(bytes32(bytes4(answer)), bytes32(IBatchExecutor.FloorBroken.selector), "error");
    }

    /* SEVERAL POOLS */

    function testFuzz_SettlesEachCurrencyOnce(uint256 sold, uint256 spent) external {
        sold = bound(sold, 1e6, HELD / 4);
        spent = bound(spent, 1e6, HELD / 4);
        bytes memory legs =
            bytes.concat(_v4Leg(a, hub, sold), _v4Leg(hub, b, spent), _v4Leg(a, hub, sold), _v4Leg(hub, b, spent));
        vm.recordLogs();
        _run(_open5(), legs);

        (uint256 swaps, uint256 transfers) = _counted(vm.getRecordedLogs());
        vm.assertEq(swaps, 4, "swaps");
        vm.assertEq(transfers, 3, "transfers"); // a in, hub the net way, b out
        vm.assertEq(a.balanceOf(address(vault)), HELD - 2 * sold, "a");
    }

    function test_SpendsWhatItDoesNotHold() external {
        uint256 left = hub.balanceOf(address(vault));
        vm.prank(owner);
        vault.withdraw(address(hub), owner, left);
        _run(_open5(), bytes.concat(_v4Leg(hub, b, 0.9e18), _v4Leg(a, hub, 1e18)));

        vm.assertGt(b.balanceOf(address(vault)), HELD, "bought before it was paid");
    }

    function test_NetsEtherAgainstItself() external {
        bytes memory legs =
            bytes.concat(Packed.poolLeg(true, _at(2), WETH, HUB, 2e18), Packed.poolLeg(false, _at(2), HUB, WETH, 1e18));
        _run(_open5(), legs);

        vm.assertEq(address(vault).balance, HELD, "ether");
        vm.assertGt(_weth(), HELD - 1.1e18, "wrapped ether");
    }

    function test_TradesEtherForItsWrappedForm() external {
        _run(_open5(), Packed.poolLeg(true, _at(3), WETH, WETH, 1e18));

        vm.assertEq(address(vault).balance, HELD, "ether");
        vm.assertGt(_weth(), HELD - 0.01e18, "wrapped ether");
    }

    function testFuzz_MixesWithOtherLegs(uint256 seed, uint8 count) external {
        StockRouter router = new StockRouter();
        _fund(address(router));
        _allow(address(router));
        bytes memory legs;
        int256[3] memory deltas; // of hub, a, b, as each leg by itself
        for (uint256 i = 0; i < bound(count, 1, 12); ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            legs = bytes.concat(legs, _anyLeg(seed, router));
        }
        uint256 state = vm.snapshotState();
        for (uint256 at = 0; at < legs.length;) {
            uint256 size = uint8(legs[at]) & 0x3f == 1 ? 41 + _routerSize(legs, at) : 22;
            _run(_open5(), _slice(legs, at, size));
            at += size;
        }
        (deltas[0], deltas[1], deltas[2]) = _held();
        vm.revertToState(state);
        _run(_open5(), legs);
        (int256 ofHub, int256 ofA, int256 ofB) = _held();
        vm.assertEq(ofHub, deltas[0], "hub");
        vm.assertEq(ofA, deltas[1], "a");
        vm.assertEq(ofB, deltas[2], "b");
    }

    /* SURPLUS */

    function testFuzz_SpendsSurplus(uint256 sold, uint256 kept) external {
        sold = bound(sold, 1e12, HELD);
        kept = bound(kept, 0, sold / 2);
        bytes memory floors = _floors(int256(kept), -int256(sold), 0);
        _run(floors, bytes.concat(_v4Leg(a, hub, sold), _v4Leg(hub, b, type(uint128).max).onSurplus()));

        vm.assertEq(hub.balanceOf(address(vault)), HELD + kept, "hub, at its floor to the wei");
        vm.assertGt(b.balanceOf(address(vault)), HELD, "bought");
    }

    function test_SkipsWithoutSurplus() external {
        bytes memory skipped = _v4Leg(hub, a, 1e18).onSurplus();
        _run(_floors(-1e18, 0, 0), bytes.concat(_v4Leg(hub, b, 1e18), skipped, _v4Leg(b, hub, 1)));

        vm.assertEq(a.balanceOf(address(vault)), HELD, "a");
    }

    /* CALLBACK */

    function testFuzz_RevertWhen_StrangerCallsBack(address caller, bytes calldata queue) external {
        vm.prank(caller);
        vm.expectRevert(_unexpected(caller));
        vault.unlockCallback(queue);
    }

    function test_RevertWhen_ManagerIsNotAsked() external {
        vm.prank(manager);
        vm.expectRevert(_unexpected(manager));
        vault.unlockCallback(_theft());
    }

    /// @notice Even with the manager allowed as a router, the agent cannot have it call back what it likes.
    function test_RevertWhen_RouterLegUnlocks() external {
        _allow(manager);
        bytes memory data = abi.encodeCall(IPoolManager.unlock, (_theft()));
        _refused(_legFailed(0, _unexpected(manager)), _open5(), Packed.routerLeg(manager, A, 0, data));
    }

    function test_RevertWhen_RouterUnlocksForItself() external {
        Proxy router = new Proxy();
        _allow(address(router));
        router.push(address(vault), abi.encodeCall(IBatchExecutor.unlockCallback, (_theft())));
        bytes memory leg = Packed.routerLeg(address(router), A, 0, abi.encodeCall(Proxy.callAll, ()));
        bytes memory reason = _unexpected(address(router));
        _refused(_legFailed(1, reason), _open5(), bytes.concat(_v4Leg(a, hub, 1e18), leg));
    }

    function test_TokenCallsBackInVain() external {
        CallingToken c = new CallingToken();
        c.mint(address(vault), HELD);
        uint256 ofC = _list(_v4(address(c), address(hub)));
        c.callOnTransfer(address(vault), abi.encodeCall(IBatchExecutor.unlockCallback, (_theft())));
        bytes memory floors = bytes.concat(_open5(), Packed.floor(address(c), -1e18));
        bytes memory ref = abi.encodePacked(uint16(ofC), uint8(0));
        _run(floors, Packed.poolLeg(address(c) < address(hub), ref, 5, HUB, 1e18));

        vm.assertFalse(c.answeredWell(), "taken");
        vm.assertEq(c.answer(), _unexpected(address(c)), "answer");
    }

    /// @notice A token that has the manager look at another currency while it is paid only undoes the batch.
    function test_RevertWhen_TokenMeddlesWithSettling() external {
        CallingToken c = new CallingToken();
        c.mint(address(vault), HELD);
        uint256 ofC = _list(_v4(address(c), address(hub)));
        c.callOnTransfer(manager, abi.encodeCall(IPoolManager.sync, (address(hub))));
        bytes memory floors = bytes.concat(_open5(), Packed.floor(address(c), -1e18));
        bytes memory ref = abi.encodePacked(uint16(ofC), uint8(0));
        bytes memory leg = Packed.poolLeg(address(c) < address(hub), ref, 5, HUB, 1e18);
        _refused(abi.encodeWithSignature("CurrencyNotSettled()"), floors, leg);
    }

    /* DELEGATE */

    function test_SwapsForADelegate() external {
        Delegate account = Delegate(payable(vm.addr(4)));
        vm.signAndAttachDelegation(address(new Delegate(weth, manager)), 4);
        (bool ok,) = address(account).call("");
        vm.assertTrue(ok, "delegation");
        _fund(address(account));
        bytes memory record = Packed.v4Record(_low(), _high(), FEE, SPACING);
        vm.prank(address(account));
        account.execute(
            1, uint64(NOW), PLAN, INTENT, _open(), Packed.poolLeg(address(a) < address(hub), record, A, HUB, 1e18)
        );

        vm.assertEq(a.balanceOf(address(account)), HELD - 1e18, "sold");
        vm.assertGt(hub.balanceOf(address(account)), HELD + 0.99e18, "bought");
    }

    /* PIECES */

    function _low() private view returns (address) {
        return address(a) < address(hub) ? address(a) : address(hub);
    }

    function _high() private view returns (address) {
        return address(a) < address(hub) ? address(hub) : address(a);
    }

    /// @return paid By a plain swap in the pool of `other` and the hub, without leaving a trace.
    function _plainly(address tokenIn, address tokenOut, address other, uint256 amountIn)
        private
        returns (uint256 paid)
    {
        uint256 state = vm.snapshotState();
        paid = provider.swapV4(manager, _key(other, address(hub)), tokenIn < tokenOut, amountIn);
        vm.revertToState(state);
    }

    function _v4Leg(PlainToken tokenIn, PlainToken tokenOut, uint256 amountIn) private view returns (bytes memory) {
        uint8 record = tokenIn == b || tokenOut == b ? 1 : 0;
        bool zeroForOne = address(tokenIn) < address(tokenOut);
        return Packed.poolLeg(zeroForOne, _at(record), _index(tokenIn), _index(tokenOut), amountIn);
    }

    function _anyLeg(uint256 seed, StockRouter router) private view returns (bytes memory) {
        uint256 amountIn = bound(seed >> 16, 1e6, HELD / 100);
        PlainToken other = (seed >> 8) % 2 == 0 ? a : b;
        (PlainToken tokenIn, PlainToken tokenOut) = (seed >> 9) % 2 == 0 ? (hub, other) : (other, hub);
        if (seed % 4 < 2) return _v4Leg(tokenIn, tokenOut, amountIn);
        if (seed % 4 == 2) return _leg(tokenIn, tokenOut, amountIn);
        bytes memory data = abi.encodeCall(
            StockRouter.swap, (address(tokenIn), amountIn, address(tokenOut), amountIn / 2, address(vault))
        );
        return Packed.routerLeg(address(router), _index(tokenIn), amountIn, data);
    }

    function _routerSize(bytes memory legs, uint256 at) private pure returns (uint256 size) {
        for (uint256 i = 38; i < 41; ++i) {
            size = size << 8 | uint8(legs[at + i]);
        }
    }

    function _slice(bytes memory all, uint256 at, uint256 size) private pure returns (bytes memory part) {
        part = new bytes(size);
        for (uint256 i = 0; i < size; ++i) {
            part[i] = all[at + i];
        }
    }

    function _held() private view returns (int256 ofHub, int256 ofA, int256 ofB) {
        ofHub = int256(hub.balanceOf(address(vault)));
        ofA = int256(a.balanceOf(address(vault)));
        ofB = int256(b.balanceOf(address(vault)));
    }

    function _at(uint8 record) private view returns (bytes memory) {
        return abi.encodePacked(uint16(page), record);
    }

    /// @return Floors that nothing breaks: ETH, hub, a, b, wrapped ETH.
    function _open5() private view returns (bytes memory) {
        return bytes.concat(_open(), Packed.floor(weth, Packed.NONE));
    }

    /// @return A queue that would sell what the vault holds of a.
    function _theft() private view returns (bytes memory) {
        bytes memory record = Packed.v4Record(_low(), _high(), FEE, SPACING);
        return abi.encodePacked(uint128(4), uint128(0), record, uint8(1), A, HUB, uint104(0), uint128(HELD));
    }

    function _unexpected(address caller) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IBatchExecutor.UnexpectedCallback.selector, caller);
    }

    /// @return swaps Of the manager.
    /// @return transfers From or to the vault.
    function _counted(Vm.Log[] memory logs) private view returns (uint256 swaps, uint256 transfers) {
        bytes32 self = bytes32(uint256(uint160(address(vault))));
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == SWAP) ++swaps;
            else if (logs[i].topics[0] != TRANSFER) continue;
            else if (logs[i].topics[1] == self || logs[i].topics[2] == self) ++transfers;
        }
    }

    function _weth() private view returns (uint256) {
        return PlainToken(weth).balanceOf(address(vault));
    }

    function _giveWeth(uint256 amount) private {
        vm.deal(address(vault), HELD + amount);
        bytes memory floors = bytes.concat(Packed.floor(address(0), -int256(amount)), Packed.floor(weth, 0));
        _run(floors, Packed.wrapLeg(1, amount));
    }

    /// @dev Its liquidity is paid in ether that the provider wraps.
    function _wrappedPool() private returns (bytes memory) {
        vm.deal(address(provider), 10 * uint256(DEPTH));
        provider.wrap(weth, 5 * uint256(DEPTH));
        provider.fillV4(manager, _key(address(0), weth), PRICE_ONE, -6000, 6000, 1e21);
        return Packed.v4Record(address(0), weth, FEE, SPACING);
    }
}

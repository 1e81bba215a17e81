// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IBatchExecutor} from "../src/interfaces/IBatchExecutor.sol";
import {bound} from "./support/Bound.sol";
import {Ground} from "./support/Ground.sol";
import {Packed} from "./support/Packed.sol";
import {CallingToken} from "./support/Tokens.sol";
import {Proxy, ScriptedPool} from "./support/Venues.sol";
import {vm} from "./support/Vm.sol";

contract CallbacksTest is Ground {
    uint256 private constant AMOUNT_IN = 1e18;

    CallingToken private c;
    ScriptedPool private pool; // of c and the hub
    ScriptedPool private other;
    uint256 private page;

    function setUp() public override {
        super.setUp();
        c = new CallingToken();
        c.mint(address(vault), HELD);
        pool = new ScriptedPool(address(c), address(hub));
        other = new ScriptedPool(address(c), address(hub));
        page = _list(bytes.concat(_record(address(pool), V3), _record(address(other), V3)));
    }

    /* NO BATCH */

    function test_RevertWhen_StrangerAsks() external {
        vm.prank(stranger);
        (bool ok, bytes memory reason) = address(vault).call(_ask(AMOUNT_IN));

        vm.assertFalse(ok, "paid");
        vm.assertEq(reason, _unexpected(stranger), "reason");
    }

    function test_RevertWhen_PoolAsksOutsideBatch() external {
        vm.expectRevert(_unexpected(address(pool)));
        pool.askAll(address(vault), _only(_ask(AMOUNT_IN)));
    }

    function test_RevertWhen_PoolAsksAfterBatch() external {
        Proxy proxy = new Proxy();
        vm.prank(owner);
        vault.setAgent(address(proxy));
        pool.script(_only(_ask(AMOUNT_IN)));
        proxy.push(address(vault), _call(1, NOW, _cFloors(), _cLeg()));
        bytes memory again = abi.encodeCall(ScriptedPool.askAll, (address(vault), _only(_ask(AMOUNT_IN))));
        proxy.push(address(pool), again);

        vm.expectRevert(_unexpected(address(pool)));
        proxy.callAll();
    }

    /* PAYMENT */

    function test_PaysPool() external {
        pool.script(_only(_ask(AMOUNT_IN)));
        _run(_cFloors(), _cLeg());

        vm.assertEq(c.balanceOf(address(pool)), AMOUNT_IN, "paid");
    }

    function test_PaysForks() external {
        bytes memory ask = abi.encodeWithSignature("pancakeV3SwapCallback(int256,int256,bytes)", 0, AMOUNT_IN, "");
        pool.script(_only(ask));
        _run(_cFloors(), _cLeg());

        vm.assertEq(c.balanceOf(address(pool)), AMOUNT_IN, "paid");
    }

    function test_RevertWhen_PoolAsksTwice() external {
        bytes[] memory asks = new bytes[](2);
        (asks[0], asks[1]) = (_ask(AMOUNT_IN), _ask(AMOUNT_IN));
        pool.script(asks);

        _refused(_legFailed(0, _unexpected(address(pool))), _cFloors(), _cLeg());
    }

    function testFuzz_RevertWhen_PoolAsksForAnotherAmount(int256 amount0Delta, int256 amount1Delta) external {
        uint256 owed = uint256(amount0Delta > 0 ? amount0Delta : amount1Delta);
        if (owed == AMOUNT_IN) return;
        pool.script(_only(_ask(amount0Delta, amount1Delta)));

        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.WrongPayment.selector, owed, AMOUNT_IN);
        _refused(_legFailed(0, reason), _cFloors(), _cLeg());
    }

    function test_PaysOnlyTheTokenSold() external {
        bool isToken0 = address(c) < address(hub);
        int256 owed = int256(AMOUNT_IN);
        pool.script(_only(isToken0 ? _ask(0, owed) : _ask(owed, 0)));
        _run(_cFloors(), _cLeg());

        vm.assertEq(c.balanceOf(address(vault)), HELD - AMOUNT_IN, "c");
        vm.assertEq(hub.balanceOf(address(vault)), HELD, "hub");
    }

    function test_RevertWhen_PoolDoesNotAsk() external {
        _refused(abi.encodeWithSelector(IBatchExecutor.CallbackMissing.selector, pool), _cFloors(), _cLeg());
    }

    function test_RevertWhen_AnotherPoolAsks() external {
        pool.script(_only(_ask(AMOUNT_IN)));
        pool.letAsk(other);

        _refused(_legFailed(0, _unexpected(address(other))), _cFloors(), _cLeg());
    }

    function test_TokenAsksInVain() external {
        pool.script(_only(_ask(AMOUNT_IN)));
        c.callOnTransfer(address(vault), _ask(AMOUNT_IN));
        _run(_cFloors(), _cLeg());

        vm.assertEq(c.answer(), _unexpected(address(c)), "answer");
        vm.assertEq(c.balanceOf(address(vault)), HELD - AMOUNT_IN, "c");
    }

    function test_PoolAsksInVainDuringLaterLeg() external {
        Proxy router = new Proxy();
        _allow(address(router));
        pool.script(_only(_ask(AMOUNT_IN)));
        bytes memory again = abi.encodeCall(ScriptedPool.askAll, (address(vault), _only(_ask(AMOUNT_IN))));
        router.push(address(pool), again);
        bytes memory later = Packed.routerLeg(address(router), 2, AMOUNT_IN, abi.encodeCall(Proxy.callAll, ()));

        _refused(_legFailed(1, _unexpected(address(pool))), _cFloors(), bytes.concat(_cLeg(), later));
    }

    /* ETHER */

    function test_TakesEther() external {
        vm.deal(stranger, 1 ether);
        vm.prank(stranger);
        (bool ok,) = address(vault).call{value: 1 ether}("");

        vm.assertTrue(ok, "sent");
        vm.assertEq(address(vault).balance, HELD + 1 ether, "ether");
    }

    function test_RevertWhen_EtherHasData() external {
        vm.deal(stranger, 1 ether);
        vm.prank(stranger);
        (bool ok,) = address(vault).call{value: 1 ether}(hex"01");

        vm.assertFalse(ok, "sent");
    }

    /* PIECES */

    /// @return Floors that let the leg's amount of c go, for nothing.
    function _cFloors() private view returns (bytes memory) {
        return bytes.concat(
            Packed.floor(address(0), 0), Packed.floor(address(hub), 0), Packed.floor(address(c), -int256(AMOUNT_IN))
        );
    }

    function _cLeg() private view returns (bytes memory) {
        return Packed.poolLeg(address(c) < address(hub), abi.encodePacked(uint16(page), uint8(0)), 2, HUB, AMOUNT_IN);
    }

    function _ask(uint256 owed) private view returns (bytes memory) {
        return address(c) < address(hub) ? _ask(int256(owed), -1) : _ask(-1, int256(owed));
    }

    function _ask(int256 amount0Delta, int256 amount1Delta) private pure returns (bytes memory) {
        return
            abi.encodeWithSignature("uniswapV3SwapCallback(int256,int256,bytes)", amount0Delta, amount1Delta, hex"01");
    }

    function _only(bytes memory one) private pure returns (bytes[] memory all) {
        all = new bytes[](1);
        all[0] = one;
    }

    function _unexpected(address caller) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IBatchExecutor.UnexpectedCallback.selector, caller);
    }
}

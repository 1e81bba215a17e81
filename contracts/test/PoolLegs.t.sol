// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IBatchExecutor} from "../src/interfaces/IBatchExecutor.sol";
import {bound} from "./support/Bound.sol";
import {Ground} from "./support/Ground.sol";
import {Packed} from "./support/Packed.sol";
import {PlainToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

contract PoolLegsTest is Ground {
    using Packed for bytes;

    uint256 private constant VAST = 1e34;

    /* REFERENCES */

    function test_RevertWhen_PageIsUnknown() external {
        _refusedPool(_at(1, 0));
        _refusedPool(_at(type(uint16).max, 0));
    }

    function test_RevertWhen_PageIsCleared() external {
        vm.prank(owner);
        vault.clearPage(0);

        _refusedPool(_at(0, 0));
    }

    function test_RevertWhen_RecordIsMissing() external {
        _refusedPool(_at(0, 2));
        _refusedPool(_at(0, 255));
    }

    function test_FindsPoolsOnSeveralPages() external {
        PlainToken c = new PlainToken();
        uint256 page = _list(_record(_v3(address(c), address(a)), V3));
        bytes memory back = Packed.poolLeg(address(a) < address(c), _at(page, 0), A, 4, 1e18);
        bytes memory floors = bytes.concat(_open(), Packed.floor(address(c), 0.99e18));
        bytes memory legs = bytes.concat(_leg(a, hub, 1e18), back, _leg(hub, b, 1e18), back);
        _run(floors, legs);

        vm.assertEq(a.balanceOf(address(vault)), HELD - 3e18, "a sold thrice");
        vm.assertGt(c.balanceOf(address(vault)), 1.99e18, "c bought twice");
    }

    /// @notice No floors make up for a missing record: the record's zeros pass for ETH's floor.
    function _refusedPool(bytes memory ref) private {
        bytes memory unknown = abi.encodeWithSelector(IBatchExecutor.UnknownPool.selector, 0);
        _refused(unknown, _open(), Packed.poolLeg(true, ref, A, HUB, 1e18));
        _refused(unknown, _open(), Packed.poolLeg(true, ref, 0, 0, 1e18));
    }

    function _at(uint256 page, uint8 record) private pure returns (bytes memory) {
        return abi.encodePacked(uint16(page), record);
    }

    /* FLOORS */

    function test_RevertWhen_FloorIsAnotherTokens() external {
        _refusedFloors(HUB, HUB, HUB, address(a));
        _refusedFloors(B, HUB, B, address(a));
        _refusedFloors(0, HUB, 0, address(a));
        _refusedFloors(A, A, A, address(hub));
        _refusedFloors(A, 0, 0, address(hub));
    }

    function test_RevertWhen_FloorIsMissing() external {
        _refusedFloors(4, HUB, 4, address(a));
        _refusedFloors(A, 255, 255, address(hub));
    }

    /// @dev Calldata goes on behind the floors, and the sender of a batch can make it say anything.
    function test_RevertWhen_FloorIsForgedBehindTheLast() external {
        bytes memory floors = bytes.concat(Packed.floor(address(0), 0), Packed.floor(address(hub), 0));
        bytes memory leg = Packed.poolLeg(address(a) < address(hub), _at(0, 0), 8, HUB, 1e18);
        bytes memory data = _call(floors, leg);
        uint256 start = 4 + 6 * 32 + 32; // of the floors, behind selector, arguments and their length
        bytes memory filler = new bytes(start + 8 * 36 - data.length);

        vm.prank(agent);
        (bool ok, bytes memory reason) =
            address(vault).call(bytes.concat(data, filler, Packed.floor(address(a), Packed.NONE)));
        vm.assertFalse(ok, "sold without a floor");
        vm.assertEq(reason, abi.encodeWithSelector(IBatchExecutor.NotFloored.selector, 0, 8, a), "reason");
    }

    function _refusedFloors(uint8 floorIn, uint8 floorOut, uint8 named, address token) private {
        bytes memory leg = Packed.poolLeg(address(a) < address(hub), _at(0, 0), floorIn, floorOut, 1e18);
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.NotFloored.selector, 0, named, token);
        _refused(reason, _open(), leg);
    }

    /* V2 */

    function testFuzz_V2PaysByFormula(uint256 amountIn, bool sells) external {
        amountIn = bound(amountIn, 2, HELD);
        (PlainToken tokenIn, PlainToken tokenOut) = sells ? (b, hub) : (hub, b);
        _run(_open(), _leg(tokenIn, tokenOut, amountIn));

        uint256 expected = amountIn * 997 * DEPTH / (uint256(DEPTH) * 1000 + amountIn * 997);
        vm.assertEq(tokenIn.balanceOf(address(vault)), HELD - amountIn, "sold");
        vm.assertEq(tokenOut.balanceOf(address(vault)), HELD + expected, "bought");
    }

    function testFuzz_V2FeeIsTheRecords(uint256 amountIn, uint24 fee) external {
        amountIn = bound(amountIn, 1e6, HELD);
        fee = uint24(bound(fee, 3000, 100_000));
        uint256 page = _listPairB(fee);
        _run(_open(), Packed.poolLeg(address(b) < address(hub), _at(page, 0), B, HUB, amountIn));

        uint256 net = amountIn * (1e6 - fee);
        vm.assertEq(hub.balanceOf(address(vault)), HELD + net * DEPTH / (uint256(DEPTH) * 1e6 + net), "bought");
    }

    function test_RevertWhen_V2FeeIsTooLow() external {
        uint256 page = _listPairB(2000);
        bytes memory leg = Packed.poolLeg(address(b) < address(hub), _at(page, 0), B, HUB, 1e18);
        _refused(_legFailed(0, _error("UniswapV2: K")), _open(), leg);
    }

    function test_RevertWhen_V2AmountIsZero() external {
        bytes memory reason = _error("UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT");
        _refused(_legFailed(0, reason), _open(), _leg(b, hub, 0));
    }

    function test_RevertWhen_V2AmountIsNotHeld() external {
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.TransferFailed.selector, b, pairB, HELD + 1);
        _refused(reason, _open(), _leg(b, hub, HELD + 1));
    }

    function _listPairB(uint24 fee) private returns (uint256) {
        (address token0, address token1) =
            address(b) < address(hub) ? (address(b), address(hub)) : (address(hub), address(b));
        return _list(Packed.record(pairB, token0, token1, V2, fee));
    }

    /* V3 */

    /// @dev Up to 2^106, so that amounts fill both halves that they are kept in while a payment is open.
    function testFuzz_V3PaysLikeAPlainSwap(uint256 amountIn, bool sells) external {
        amountIn = bound(amountIn, 1, 1e32);
        (PlainToken c, uint256 page, address pool) = _vastPool();
        (PlainToken tokenIn, PlainToken tokenOut) = sells ? (c, hub) : (hub, c);
        uint256 state = vm.snapshotState();
        uint256 expected = provider.swapV3(pool, address(tokenIn) < address(tokenOut), amountIn);
        vm.revertToState(state);

        uint256 heldIn = tokenIn.balanceOf(address(vault));
        uint256 heldOut = tokenOut.balanceOf(address(vault));
        _swapC(c, page, sells, amountIn);

        vm.assertEq(tokenIn.balanceOf(address(vault)), heldIn - amountIn, "sold");
        vm.assertEq(tokenOut.balanceOf(address(vault)), heldOut + expected, "bought");
    }

    function _swapC(PlainToken c, uint256 page, bool sells, uint256 amountIn) private {
        bytes memory floors = bytes.concat(_open(), Packed.floor(address(c), Packed.NONE));
        bytes memory leg = sells
            ? Packed.poolLeg(address(c) < address(hub), _at(page, 0), 4, HUB, amountIn)
            : Packed.poolLeg(address(hub) < address(c), _at(page, 0), HUB, 4, amountIn);
        _run(floors, leg);
    }

    function testFuzz_RevertWhen_V3CannotTakeAll(uint256 amountIn, bool sells) external {
        amountIn = bound(amountIn, 1e24, type(uint128).max);
        (PlainToken tokenIn, PlainToken tokenOut) = sells ? (a, hub) : (hub, a);
        tokenIn.mint(address(vault), type(uint128).max);
        uint64 next = vault.sequence() + 1;
        bytes memory leg = _leg(tokenIn, tokenOut, amountIn);
        bytes memory floors = _open();

        (bool ok, bytes memory answer) = _asAgent(next, floors, leg);

        vm.assertFalse(ok, "swapped");
        (bytes4 error, uint256 owed, uint256 promised) = _wrongPayment(answer);
        vm.assertEq(bytes32(error), bytes32(IBatchExecutor.WrongPayment.selector), "error");
        vm.assertEq(promised, amountIn, "promised");
        vm.assertGt(promised, owed, "owed");
    }

    function test_RevertWhen_V3AmountIsZero() external {
        _refused(_legFailed(0, _error("AS")), _open(), _leg(a, hub, 0));
    }

    function _vastPool() private returns (PlainToken c, uint256 page, address pool) {
        c = new PlainToken();
        pool = v3.createPool(address(c), address(hub), FEE);
        provider.fillV3(pool, PRICE_ONE, -60_000, 60_000, uint128(VAST));
        page = _list(_record(pool, V3));
        c.mint(address(vault), VAST);
        hub.mint(address(vault), VAST);
    }

    function _asAgent(uint64 next, bytes memory floors, bytes memory legs) private returns (bool, bytes memory) {
        bytes memory data = _call(next, NOW, floors, legs);
        vm.prank(agent);
        return address(vault).call(data);
    }

    /// @return error What the pool passed on from the callback, in a `LegFailed`.
    function _wrongPayment(bytes memory answer) private pure returns (bytes4 error, uint256 owed, uint256 promised) {
        assembly ("memory-safe") {
            let reason := add(answer, 0x84) // behind length, selector, index, offset, length
            error := mload(reason)
            owed := mload(add(reason, 0x04))
            promised := mload(add(reason, 0x24))
        }
    }

    function _error(string memory message) private pure returns (bytes memory) {
        return abi.encodeWithSignature("Error(string)", message);
    }

    /* SURPLUS */

    function testFuzz_SpendsSurplus(uint256 sold, uint256 kept, bool inV2) external {
        sold = bound(sold, 1e12, HELD);
        kept = bound(kept, 0, sold / 2);
        (bytes memory gain, bytes memory spend) = _gainAndSpend(sold, type(uint128).max, inV2);
        _run(_floors(int256(kept), -int256(sold), -int256(sold)), bytes.concat(gain, spend.onSurplus()));

        vm.assertEq(hub.balanceOf(address(vault)), HELD + kept, "hub, at its floor to the wei");
        vm.assertGt((inV2 ? b : a).balanceOf(address(vault)), HELD, "bought");
    }

    function testFuzz_SpendsAtMostItsAmount(uint256 sold, uint256 most, bool inV2) external {
        sold = bound(sold, 1e12, HELD);
        most = bound(most, 1e6, sold / 2);
        (bytes memory gain, bytes memory spend) = _gainAndSpend(sold, most, inV2);
        uint256 state = vm.snapshotState();
        _run(_open(), gain);
        uint256 gained = hub.balanceOf(address(vault)) - HELD;
        vm.revertToState(state);
        _run(_floors(0, -int256(sold), -int256(sold)), bytes.concat(gain, spend.onSurplus()));

        vm.assertEq(hub.balanceOf(address(vault)), HELD + gained - most, "hub");
    }

    function testFuzz_SkipsWithoutSurplus(uint256 spent, uint256 below) external {
        spent = bound(spent, 1e6, HELD / 2);
        below = bound(below, 1, HELD / 2);
        bytes memory legs = bytes.concat(_leg(hub, b, spent), _leg(hub, a, type(uint128).max).onSurplus());
        _run(_floors(-int256(spent), 0, 0), legs); // at the floor
        vm.assertEq(hub.balanceOf(address(vault)), HELD - spent, "hub");
        vm.assertEq(a.balanceOf(address(vault)), HELD, "a");

        int256 floor = int256(below) - int256(spent); // below it
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.FloorBroken.selector, hub, floor, -int256(spent));
        _refused(reason, _floors(floor, 0, 0), legs);
    }

    /// @return gain A leg that sells for the hub.
    /// @return spend A leg that spends the hub in the other pool.
    function _gainAndSpend(uint256 sold, uint256 most, bool inV2) private view returns (bytes memory, bytes memory) {
        return inV2 ? (_leg(a, hub, sold), _leg(hub, b, most)) : (_leg(b, hub, sold), _leg(hub, a, most));
    }
}

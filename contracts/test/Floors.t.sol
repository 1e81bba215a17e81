// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IBatchExecutor} from "../src/interfaces/IBatchExecutor.sol";
import {bound} from "./support/Bound.sol";
import {Ground} from "./support/Ground.sol";
import {Packed} from "./support/Packed.sol";
import {LyingToken, PausableToken, PlainToken, RefusingToken, SilentToken, TaxedToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

contract FloorsTest is Ground {
    /* FORM */

    function test_RevertWhen_FloorsAreEmpty() external {
        _malformed("");
    }

    function testFuzz_RevertWhen_FloorsAreRagged(uint256 length) external {
        length = bound(length, 1, 36 * 8);
        if (length % 36 == 0) ++length;
        _malformed(new bytes(length));
    }

    function test_RevertWhen_FloorsAreTooMany() external {
        _malformed(_many(257));
    }

    function test_TakesMostFloors() external {
        _run(_many(256), "");

        vm.assertEq(vault.sequence(), 1, "sequence");
    }

    function test_RevertWhen_EtherIsNotFirst() external {
        _malformed(Packed.floor(address(a), 0));
        _malformed(bytes.concat(Packed.floor(address(a), 0), Packed.floor(address(0), 0)));
    }

    function _malformed(bytes memory floors) private {
        _refused(abi.encodeWithSelector(IBatchExecutor.MalformedFloors.selector, floors.length), floors, "");
    }

    function _many(uint256 count) private view returns (bytes memory floors) {
        floors = Packed.floor(address(0), 0);
        for (uint256 i = 1; i < count; ++i) {
            floors = bytes.concat(floors, Packed.floor(address(a), 0));
        }
    }

    /* TOKENS */

    function test_RevertWhen_TokenHasNoCode() external {
        _unreadable(stranger);
        _unreadable(address(0)); // ether is an entry of its own, once
    }

    function test_RevertWhen_TokenSaysLittle() external {
        _unreadable(address(new Mute()));
    }

    function _unreadable(address token) private {
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.BalanceUnreadable.selector, token);
        _refused(reason, bytes.concat(_open(), Packed.floor(token, 0)), "");
    }

    /* CHANGES */

    function testFuzz_RunsAtFloors(uint256 sold, uint256 spent) external {
        (bytes memory legs, int256 ofHub, int256 ofA, int256 ofB) = _batch(sold, spent);
        _run(_floors(ofHub, ofA, ofB), legs);

        vm.assertEq(int256(hub.balanceOf(address(vault))), int256(HELD) + ofHub, "hub");
        vm.assertEq(int256(a.balanceOf(address(vault))), int256(HELD) + ofA, "a");
        vm.assertEq(int256(b.balanceOf(address(vault))), int256(HELD) + ofB, "b");
    }

    function testFuzz_RevertWhen_FloorIsBroken(uint256 sold, uint256 spent, uint256 by) external {
        (bytes memory legs, int256 ofHub, int256 ofA, int256 ofB) = _batch(sold, spent);
        int256 above = int256(bound(by, 1, 2 ** 126));

        _broken(hub, ofHub, above, _floors(ofHub + above, ofA, ofB), legs);
        _broken(a, ofA, above, _floors(ofHub, ofA + above, ofB), legs);
        _broken(b, ofB, above, _floors(ofHub, ofA, ofB + above), legs);
    }

    function testFuzz_RevertWhen_EtherFloorIsBroken(uint256 wrapped, uint256 by) external {
        wrapped = bound(wrapped, 0, HELD);
        int256 floor = int256(bound(by, 1, 2 ** 126)) - int256(wrapped);
        bytes memory floors = bytes.concat(Packed.floor(address(0), floor), Packed.floor(weth, int256(wrapped)));
        bytes memory reason =
            abi.encodeWithSelector(IBatchExecutor.FloorBroken.selector, address(0), floor, -int256(wrapped));
        _refused(reason, floors, Packed.wrapLeg(1, wrapped));
    }

    function test_JudgesWholeBatch() external {
        bytes memory legs = bytes.concat(_leg(hub, a, HELD), _leg(a, hub, HELD / 2), _leg(b, hub, HELD));
        _run(_floors(0, 0, -int256(HELD)), legs);

        vm.assertGt(hub.balanceOf(address(vault)), HELD, "hub");
    }

    /// @return legs Sells a, spends some of the hub on b.
    /// @return ofHub By how much the batch changes the hub's balance, and so on.
    function _batch(uint256 sold, uint256 spent)
        private
        returns (bytes memory legs, int256 ofHub, int256 ofA, int256 ofB)
    {
        sold = bound(sold, 1e6, HELD);
        spent = bound(spent, 1e6, HELD);
        legs = bytes.concat(_leg(a, hub, sold), _leg(hub, b, spent));
        uint256 state = vm.snapshotState();
        _run(_open(), legs);
        ofHub = int256(hub.balanceOf(address(vault))) - int256(HELD);
        ofA = -int256(sold);
        ofB = int256(b.balanceOf(address(vault))) - int256(HELD);
        vm.revertToState(state);
    }

    function _broken(PlainToken token, int256 delta, int256 above, bytes memory floors, bytes memory legs) private {
        bytes4 error = IBatchExecutor.FloorBroken.selector;
        _refused(abi.encodeWithSelector(error, token, delta + above, delta), floors, legs);
    }

    /* HOSTILE TOKENS */

    function test_TradesSilentToken() external {
        SilentToken c = new SilentToken();
        (bytes memory ref3, bytes memory ref2) = _listBoth(address(c));
        bool c0 = address(c) < address(hub);
        bytes memory legs = bytes.concat(
            Packed.poolLeg(c0, ref3, 2, HUB, 1e18),
            Packed.poolLeg(c0, ref2, 2, HUB, 1e18),
            Packed.poolLeg(!c0, ref3, HUB, 2, 0.5e18),
            Packed.poolLeg(!c0, ref2, HUB, 2, 0.5e18)
        );
        _run(_cFloors(address(c), 0.9e18, -1.1e18), legs);

        vm.assertGt(c.balanceOf(address(vault)), HELD - 1.1e18, "c");
        vm.assertGt(hub.balanceOf(address(vault)), HELD + 0.9e18, "hub");
    }

    function test_RevertWhen_TaxBreaksFloor() external {
        TaxedToken c = new TaxedToken();
        (, bytes memory ref2) = _listBoth(address(c));
        bytes memory leg = Packed.poolLeg(address(hub) < address(c), ref2, HUB, 2, 1e18);
        uint256 state = vm.snapshotState();
        _run(_cFloors(address(c), -1e18, 0), leg);
        int256 delta = int256(c.balanceOf(address(vault))) - int256(HELD);
        vm.revertToState(state);

        int256 floor = delta * 1005 / 1000; // half of the tax
        bytes memory reason = abi.encodeWithSelector(IBatchExecutor.FloorBroken.selector, c, floor, delta);
        _refused(reason, _cFloors(address(c), -1e18, floor), leg);
    }

    function test_RevertWhen_TaxedTokenIsSold() external {
        TaxedToken c = new TaxedToken();
        (bytes memory ref3, bytes memory ref2) = _listBoth(address(c));
        bool c0 = address(c) < address(hub);
        bytes memory floors = _cFloors(address(c), 0, -1e18);

        bytes memory inV3 = abi.encodeWithSignature("Error(string)", "IIA");
        _refused(_legFailed(0, inV3), floors, Packed.poolLeg(c0, ref3, 2, HUB, 1e18));
        bytes memory inV2 = abi.encodeWithSignature("Error(string)", "UniswapV2: K");
        _refused(_legFailed(0, inV2), floors, Packed.poolLeg(c0, ref2, 2, HUB, 1e18));
    }

    function test_RevertWhen_TokenRefuses() external {
        RefusingToken c = new RefusingToken();
        (bytes memory ref3, bytes memory ref2) = _listBoth(address(c));
        c.refuse(true, false);

        _unsold(address(c), ref3, ref2);
    }

    function test_RevertWhen_TokenReverts() external {
        PausableToken c = new PausableToken();
        (bytes memory ref3, bytes memory ref2) = _listBoth(address(c));
        c.pause();

        _unsold(address(c), ref3, ref2);
    }

    function testFuzz_LyingTokenHidesNoLoss(uint256 first, uint256 second) external {
        LyingToken c = new LyingToken();
        (bytes memory ref3,) = _listBoth(address(c));
        c.lie(address(vault), first, second);
        bytes memory leg = Packed.poolLeg(address(hub) < address(c), ref3, HUB, 2, 1e18);

        int256 floor = -1e18 + 1;
        bytes memory floors = _cFloors(address(c), floor, Packed.NONE);
        _refused(abi.encodeWithSelector(IBatchExecutor.FloorBroken.selector, hub, floor, -1e18), floors, leg);
    }

    function _unsold(address c, bytes memory ref3, bytes memory ref2) private {
        bytes memory floors = _cFloors(c, 0, -1e18);
        bytes4 error = IBatchExecutor.TransferFailed.selector;
        bytes memory inV3 = abi.encodeWithSelector(error, c, v3.getPool(c, address(hub), FEE), 1e18);
        _refused(_legFailed(0, inV3), floors, Packed.poolLeg(c < address(hub), ref3, 2, HUB, 1e18));
        bytes memory inV2 = abi.encodeWithSelector(error, c, v2.getPair(c, address(hub)), 1e18);
        _refused(inV2, floors, Packed.poolLeg(c < address(hub), ref2, 2, HUB, 1e18));
    }

    /// @return ref3 Where to find a v3 pool of c and the hub, both of which the vault now holds.
    /// @return ref2 Where to find a v2 pair of them.
    function _listBoth(address c) private returns (bytes memory ref3, bytes memory ref2) {
        PlainToken(c).mint(address(vault), HELD);
        uint16 page = uint16(_list(bytes.concat(_record(_v3(c, address(hub)), V3), _record(_v2(c, address(hub)), V2))));
        return (abi.encodePacked(page, uint8(0)), abi.encodePacked(page, uint8(1)));
    }

    function _cFloors(address c, int256 ofHub, int256 ofC) private view returns (bytes memory) {
        return bytes.concat(Packed.floor(address(0), 0), Packed.floor(address(hub), ofHub), Packed.floor(c, ofC));
    }
}

/// @notice Answers everything, with a single byte.
contract Mute {
    fallback(bytes calldata) external returns (bytes memory) {
        return hex"01";
    }
}

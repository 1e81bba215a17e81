// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Delegate} from "../src/Delegate.sol";
import {Ground} from "./support/Ground.sol";
import {Packed} from "./support/Packed.sol";
import {PlainToken} from "./support/Tokens.sol";
import {StockRouter} from "./support/Venues.sol";
import {vm} from "./support/Vm.sol";

/// @dev The snapshots are compared, not only written, when FORGE_SNAPSHOT_CHECK is true.
contract GasTest is Ground {
    uint8 private constant MANY = 40;
    uint256 private constant AMOUNT_IN = 1.003271934554281763e18;

    function test_OneV3Leg() external {
        _twice("one_v3_leg", _floors(0, -int256(AMOUNT_IN), 0), _leg(a, hub, AMOUNT_IN));
    }

    function test_OneV2Leg() external {
        _twice("one_v2_leg", _floors(0, 0, -int256(AMOUNT_IN)), _leg(b, hub, AMOUNT_IN));
    }

    function test_OneRouterLeg() external {
        StockRouter router = new StockRouter();
        _fund(address(router));
        _allow(address(router));
        bytes memory data =
            abi.encodeCall(StockRouter.swap, (address(a), AMOUNT_IN, address(hub), AMOUNT_IN, address(vault)));
        bytes memory leg = Packed.routerLeg(address(router), A, AMOUNT_IN, data);
        _twice("one_router_leg", _floors(0, -int256(AMOUNT_IN), 0), leg);
    }

    function test_WrapAndUnwrap() external {
        bytes memory floors = bytes.concat(Packed.floor(address(0), -2e18), Packed.floor(weth, 0));
        _twice("wrap_and_unwrap", floors, bytes.concat(Packed.wrapLeg(1, 2e18), Packed.unwrapLeg(1, 1e18)));
    }

    function test_OneDelegatedV3Leg() external {
        Delegate account = Delegate(payable(vm.addr(4)));
        vm.signAndAttachDelegation(address(new Delegate(weth, manager)), 4);
        (bool ok,) = address(account).call("");
        vm.assertTrue(ok, "delegation");
        _fund(address(account));
        bytes memory leg = Packed.poolLeg(address(a) < address(hub), _record(poolA, V3), A, HUB, AMOUNT_IN);
        bytes memory floors = _floors(0, -int256(AMOUNT_IN), 0);
        for (uint64 i = 1; i < 3; ++i) {
            vm.warp(NOW + 12 * i);
            vm.prank(address(account));
            account.execute(i, uint64(NOW + 60), PLAN, INTENT, floors, leg);
        }
        vm.snapshotGasLastCall("one_delegated_v3_leg");
    }

    function test_FortyV3Legs() external {
        (bytes memory floors, bytes memory legs) = _many(V3);
        _twice("forty_v3_legs", floors, legs);
    }

    function test_FortyV2Legs() external {
        (bytes memory floors, bytes memory legs) = _many(V2);
        _twice("forty_v2_legs", floors, legs);
    }

    function test_OneV4Leg() external {
        _list(_v4(address(a), address(hub)));
        bytes memory leg =
            Packed.poolLeg(address(a) < address(hub), abi.encodePacked(uint16(1), uint8(0)), A, HUB, AMOUNT_IN);
        _twice("one_v4_leg", _floors(0, -int256(AMOUNT_IN), 0), leg);
    }

    function test_FortyV4Legs() external {
        (bytes memory floors, bytes memory legs) = _many(V4);
        _twice("forty_v4_legs", floors, legs);
    }

    function test_FullPage() external {
        bytes memory records;
        for (uint256 i = 0; i < 256; ++i) {
            records = bytes.concat(records, _record(poolA, V3));
        }
        _list(records);
        vm.snapshotGasLastCall("full_page");
    }

    /// @notice Runs a batch twice, 12 s apart, and records what the second one cost.
    function _twice(string memory name, bytes memory floors, bytes memory legs) private {
        for (uint64 i = 1; i < 3; ++i) {
            vm.warp(NOW + 12 * i);
            vm.prank(agent);
            vault.execute(i, uint64(NOW + 60), PLAN, INTENT, floors, legs);
        }
        vm.snapshotGasLastCall(name);
    }

    function _many(uint8 kind) private returns (bytes memory floors, bytes memory legs) {
        bytes memory records;
        floors = bytes.concat(Packed.floor(address(0), 0), Packed.floor(address(hub), -int256(MANY * AMOUNT_IN)));
        for (uint8 i = 0; i < MANY; ++i) {
            PlainToken c = new PlainToken();
            c.mint(address(vault), HELD);
            records = bytes.concat(records, _pool(address(c), kind));
            bool sells = i < MANY / 2;
            int256 least = sells ? -int256(AMOUNT_IN) : int256(AMOUNT_IN * 9 / 10);
            floors = bytes.concat(floors, Packed.floor(address(c), least));
            (uint8 floorIn, uint8 floorOut) = sells ? (i + 2, HUB) : (HUB, i + 2);
            bool zeroForOne = sells == (address(c) < address(hub));
            bytes memory ref = abi.encodePacked(uint16(1), i);
            legs = bytes.concat(legs, Packed.poolLeg(zeroForOne, ref, floorIn, floorOut, AMOUNT_IN));
        }
        _list(records);
    }

    function _pool(address c, uint8 kind) private returns (bytes memory record) {
        if (kind == V4) return _v4(c, address(hub));
        return _record(kind == V3 ? _v3(c, address(hub)) : _v2(c, address(hub)), kind);
    }
}

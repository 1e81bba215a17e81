// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Vault} from "../../src/Vault.sol";
import {IBatchExecutor} from "../../src/interfaces/IBatchExecutor.sol";
import {IVault} from "../../src/interfaces/IVault.sol";
import {bound} from "./Bound.sol";
import {Packed} from "./Packed.sol";
import {PlainToken} from "./Tokens.sol";
import {ScriptedPool, StockRouter} from "./Venues.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice Has the agent's key and tries everything with it, between the owner's own acts. It keeps account of what the
/// signed floors let go and of where tokens went, for the invariants to judge.
contract Thief {
    bytes32 private constant TRANSFER = keccak256("Transfer(address,address,uint256)");
    uint256 private constant DEADLINE = type(uint64).max;

    Vault private immutable vault;
    address private immutable owner;
    address private immutable agent;
    StockRouter private immutable router;
    ScriptedPool private immutable rogue; // looks like a pool, and is on no page
    address private immutable weth;
    PlainToken[] private tokens; // hub, a, b, wrapped ether
    address[] private pools; // where tokens go: of a, of b, v4's manager

    uint64 public last;
    mapping(address token => int256) public signed; // sum of the floors of the batches that ran
    mapping(address token => uint256) public withdrawn;
    mapping(address token => uint256) public strayed; // went neither to a listed pool, nor to the router

    constructor(
        Vault vault_,
        address owner_,
        address agent_,
        StockRouter router_,
        ScriptedPool rogue_,
        PlainToken[] memory tokens_,
        address[] memory pools_
    ) {
        (vault, owner, agent, router, rogue, weth) = (vault_, owner_, agent_, router_, rogue_, vault_.weth());
        (tokens, pools) = (tokens_, pools_);
    }

    /* THE AGENT'S KEY */

    /// @notice Trades in the pools, with floors that let go all that it sells, for nothing.
    function trade(uint256 count, uint256 seed) external {
        bytes memory legs;
        int256[] memory deltas = new int256[](tokens.length + 1);
        for (uint256 i = 0; i < bound(count, 1, 6); ++i) {
            seed = uint256(keccak256(abi.encode(seed, i)));
            (bytes memory leg, uint8 floorIn, uint256 amountIn) = _poolLeg(seed);
            legs = bytes.concat(legs, leg);
            deltas[floorIn] -= int256(amountIn);
        }
        _mustRun(_floors(deltas), legs);
    }

    /// @notice Trades with floors that hold exactly, and must fail with any of them a wei higher.
    function tradeTightly(uint256 seed, uint8 which, uint256 by) external {
        (bytes memory one,,) = _poolLeg(seed);
        (bytes memory another,,) = _poolLeg(seed >> 64);
        bytes memory legs = bytes.concat(one, another);
        int256[] memory deltas = _rehearsed(legs);
        bytes memory tight = _floors(deltas);
        uint256 i = which % deltas.length;
        int256 exact = deltas[i];
        deltas[i] = exact + int256(bound(by, 1, 1e30));
        _mustFail(_floors(deltas), legs);
        deltas[i] = exact;
        _mustRun(tight, legs);
    }

    /// @notice Has the router's proceeds sent to itself: allowed, within the floors that it signs.
    function tradeByRouter(uint256 amountIn, uint256 taken, uint256 paid, uint8 tokenIn, bool steals) external {
        PlainToken sold = tokens[tokenIn % 3];
        amountIn = bound(amountIn, 0, sold.balanceOf(address(vault)) / 2);
        taken = bound(taken, 0, amountIn);
        paid = bound(paid, 0, tokens[0].balanceOf(address(router)) / 2);
        address to = steals ? address(this) : address(vault);
        uint8 i = _index(sold);
        _mustRun(_floorsBut(i, -int256(amountIn)), _routerLeg(i, amountIn, _swap(sold, taken, paid, to)));
        bytes memory more = _swap(sold, amountIn + 1, 0, address(this));
        _mustFail(_floors(Packed.NONE), _routerLeg(i, amountIn, more));
    }

    /// @notice Sells ether to the router, and keeps the proceeds.
    function sellEther(uint256 amountIn) external {
        amountIn = bound(amountIn, 0, address(vault).balance / 2);
        uint256 paid = tokens[0].balanceOf(address(router)) / 1000;
        bytes memory data = abi.encodeCall(StockRouter.sell, (address(tokens[0]), paid, address(this)));
        _mustRun(_floorsBut(0, -int256(amountIn)), _routerLeg(0, amountIn, data));
    }

    function wrap(uint256 wrapped, uint256 unwrapped) external {
        wrapped = bound(wrapped, 0, address(vault).balance);
        unwrapped = bound(unwrapped, 0, PlainToken(weth).balanceOf(address(vault)) + wrapped);
        int256[] memory deltas = new int256[](tokens.length + 1);
        deltas[0] = int256(unwrapped) - int256(wrapped);
        deltas[4] = -deltas[0];
        _mustRun(_floors(deltas), bytes.concat(Packed.wrapLeg(4, wrapped), Packed.unwrapLeg(4, unwrapped)));
    }

    /// @notice Calls what only the owner may, and sends legs to what is not listed.
    function steal(uint256 seed, uint256 amount) external {
        PlainToken token = tokens[seed % tokens.length];
        amount = bound(amount, 0, token.balanceOf(address(vault)));
        bytes[8] memory calls = [
            abi.encodeCall(IVault.withdraw, (address(token), agent, amount)),
            abi.encodeCall(IVault.setAgent, (address(this))),
            abi.encodeCall(IVault.setRouter, (address(token), true)),
            abi.encodeCall(IVault.addPage, (_rogueRecord())),
            abi.encodeCall(IVault.clearPage, (0)),
            abi.encodeCall(IVault.offerOwnership, (agent)),
            abi.encodeCall(IVault.acceptOwnership, ()),
            abi.encodeWithSignature("uniswapV3SwapCallback(int256,int256,bytes)", amount, 0, "")
        ];
        vm.prank(agent);
        (bool ok,) = address(vault).call(calls[seed % calls.length]);
        vm.assertFalse(ok, "stolen");

        bytes memory open = _floors(Packed.NONE);
        bytes memory transfer = abi.encodeCall(PlainToken.transfer, (address(this), amount));
        _mustFail(open, Packed.routerLeg(address(token), 1, amount, transfer));
        _mustFail(open, Packed.routerLeg(address(rogue), 1, amount, transfer));
        _mustFail(open, Packed.routerLeg(address(vault), 1, amount, transfer));
        _mustFail(open, bytes.concat(hex"80", _rogueRecord(), hex"0102", bytes16(uint128(amount))));
        _mustFail(open, Packed.poolLeg(true, abi.encodePacked(uint16(0), uint8(2)), 1, 2, amount));
        _mustFail("", Packed.wrapLeg(4, amount));
    }

    /// @notice Sends bytes that make no sense, or no sense known yet.
    function babble(bytes calldata floors, bytes calldata legs) external {
        vm.prank(agent);
        (bool ok,) = address(vault).call(_batch(_floors(0), legs));
        _account(ok, _floors(0));
        vm.prank(agent);
        (ok,) = address(vault).call(_batch(floors, legs));
        vm.assertFalse(ok && floors.length < 36, "ran without floors");
        if (ok) ++last;
    }

    function replay(uint64 sequence) external {
        sequence = uint64(bound(sequence, 0, last));
        vm.prank(agent);
        (bool ok,) = address(vault).call(_batch(sequence, _floors(0), ""));
        vm.assertFalse(ok, "replayed");
    }

    /* OTHERS */

    /// @notice A pool that is not listed, and one that is but is not being swapped, ask for payment.
    function ask(uint256 amount, uint256 which) external {
        bytes memory data =
            abi.encodeWithSignature("uniswapV3SwapCallback(int256,int256,bytes)", bound(amount, 0, 1e30), 0, "");
        bytes memory queue = abi.encodePacked(uint128(5), uint128(0), vault.records(1));
        if (which % 3 == 0) data = abi.encodeCall(IBatchExecutor.unlockCallback, (queue));
        vm.prank(which % 2 == 0 ? address(rogue) : pools[which % pools.length]);
        (bool ok,) = address(vault).call(data);
        vm.assertFalse(ok, "paid");
    }

    function withdraw(uint256 amount, uint256 which) external {
        PlainToken token = tokens[which % tokens.length];
        amount = bound(amount, 0, token.balanceOf(address(vault)) / 100);
        withdrawn[address(token)] += amount;
        vm.prank(owner);
        vault.withdraw(address(token), owner, amount);
    }

    /// @notice Pauses with either key: then no batch runs until the owner lets them.
    function pause(bool byAgent) external {
        vm.prank(byAgent ? agent : owner);
        vault.pause();
        _mustFail(_floors(0), "");
        vm.prank(agent);
        (bool ok,) = address(vault).call(abi.encodeCall(IVault.unpause, ()));
        vm.assertFalse(ok, "unpaused");
        vm.prank(owner);
        vault.unpause();
    }

    /* PIECES */

    /// @return leg Sells up to a hundredth of what the vault holds, either way in any pool: of a and of b on page 0, of
    /// a, b and ether, which is wrapped ether to the vault, on page 1.
    function _poolLeg(uint256 seed) private view returns (bytes memory leg, uint8 floorIn, uint256 amountIn) {
        uint8 which = uint8(seed % 5);
        PlainToken other = tokens[which < 2 ? 1 + which : which - 1];
        bool buys = (seed >> 8) % 2 == 0 || other.balanceOf(address(vault)) < 1e12;
        (PlainToken tokenIn, PlainToken tokenOut) = buys ? (tokens[0], other) : (other, tokens[0]);
        floorIn = _index(tokenIn);
        amountIn = bound(seed >> 16, 1e6, tokenIn.balanceOf(address(vault)) / 100);
        bytes memory ref = which < 2 ? abi.encodePacked(uint16(0), which) : abi.encodePacked(uint16(1), which - 2);
        bool zeroForOne = which == 4 ? !buys : address(tokenIn) < address(tokenOut);
        leg = Packed.poolLeg(zeroForOne, ref, floorIn, _index(tokenOut), amountIn);
    }

    function _routerLeg(uint8 floorIn, uint256 amountIn, bytes memory data) private view returns (bytes memory) {
        return Packed.routerLeg(address(router), floorIn, amountIn, data);
    }

    function _swap(PlainToken sold, uint256 taken, uint256 paid, address to) private view returns (bytes memory) {
        return abi.encodeCall(StockRouter.swap, (address(sold), taken, address(tokens[0]), paid, to));
    }

    function _rogueRecord() private view returns (bytes memory) {
        return Packed.record(address(rogue), rogue.token0(), rogue.token1(), 3, 3000);
    }

    function _index(PlainToken token) private view returns (uint8 i) {
        while (tokens[i] != token) ++i;
        return i + 1;
    }

    /// @return Floors of ether and all tokens, each of them this.
    function _floors(int256 each) private view returns (bytes memory) {
        int256[] memory deltas = new int256[](tokens.length + 1);
        for (uint256 i = 0; i < deltas.length; ++i) {
            deltas[i] = each;
        }
        return _floors(deltas);
    }

    /// @return Floors of nothing, but for one of them.
    function _floorsBut(uint8 i, int256 minDelta) private view returns (bytes memory) {
        int256[] memory deltas = new int256[](tokens.length + 1);
        deltas[i] = minDelta;
        return _floors(deltas);
    }

    function _floors(int256[] memory deltas) private view returns (bytes memory floors) {
        floors = Packed.floor(address(0), deltas[0]);
        for (uint256 i = 1; i < deltas.length; ++i) {
            floors = bytes.concat(floors, Packed.floor(address(tokens[i - 1]), deltas[i]));
        }
    }

    /// @return deltas What the legs would change, ether first.
    function _rehearsed(bytes memory legs) private returns (int256[] memory deltas) {
        deltas = _held();
        uint256 state = vm.snapshotState();
        vm.prank(agent);
        (bool ok,) = address(vault).call(_batch(_floors(Packed.NONE), legs));
        vm.assertTrue(ok, "rehearsal");
        int256[] memory held = _held();
        vm.revertToState(state);
        for (uint256 i = 0; i < deltas.length; ++i) {
            deltas[i] = held[i] - deltas[i];
        }
    }

    function _held() private view returns (int256[] memory held) {
        held = new int256[](tokens.length + 1);
        held[0] = int256(address(vault).balance);
        for (uint256 i = 1; i < held.length; ++i) {
            held[i] = int256(tokens[i - 1].balanceOf(address(vault)));
        }
    }

    function _batch(bytes memory floors, bytes memory legs) private view returns (bytes memory) {
        return _batch(last + 1, floors, legs);
    }

    function _batch(uint64 sequence, bytes memory floors, bytes memory legs) private pure returns (bytes memory) {
        return abi.encodeCall(IBatchExecutor.execute, (sequence, uint64(DEADLINE), 0, 0, floors, legs));
    }

    function _mustRun(bytes memory floors, bytes memory legs) private {
        bytes memory data = _batch(floors, legs);
        vm.recordLogs();
        vm.prank(agent);
        (bool ok, bytes memory reason) = address(vault).call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
        _account(true, floors);
        _follow(vm.getRecordedLogs());
    }

    function _mustFail(bytes memory floors, bytes memory legs) private {
        int256[] memory before = _held();
        bytes memory data = _batch(floors, legs);
        vm.prank(agent);
        (bool ok,) = address(vault).call(data);
        vm.assertFalse(ok, "ran");
        vm.assertEq(keccak256(abi.encode(_held())), keccak256(abi.encode(before)), "changed");
    }

    /// @notice Adds up what the floors of a batch that ran let go.
    function _account(bool ran, bytes memory floors) private {
        if (!ran) return;
        ++last;
        for (uint256 at = 0; at < floors.length; at += 36) {
            (bytes20 token, int256 minDelta) = _floorAt(floors, at);
            signed[address(token)] += minDelta;
        }
    }

    function _floorAt(bytes memory floors, uint256 at) private pure returns (bytes20 token, int256 minDelta) {
        assembly ("memory-safe") {
            token := mload(add(add(floors, 0x20), at))
            minDelta := signextend(15, mload(add(add(floors, 0x24), at)))
        }
        token = bytes20(token);
    }

    /// @notice Looks where the vault's tokens went.
    function _follow(Vm.Log[] memory logs) private {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != TRANSFER || logs[i].topics[1] != _topic(address(vault))) continue;
            bytes32 to = logs[i].topics[2];
            if (to == _topic(pools[0]) || to == _topic(pools[1]) || to == _topic(pools[2])) continue;
            if (to == _topic(address(router))) continue;
            strayed[logs[i].emitter] += abi.decode(logs[i].data, (uint256));
        }
    }

    function _topic(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Vault} from "../../src/Vault.sol";
import {IBatchExecutor} from "../../src/interfaces/IBatchExecutor.sol";
import {IPoolManager} from "../../src/interfaces/IPoolManager.sol";
import {IUniswapV2Pair} from "../../src/interfaces/IUniswapV2Pair.sol";
import {Packed} from "./Packed.sol";
import {PlainToken} from "./Tokens.sol";
import {IV2Factory, IV3Factory, Provider, StockRouter} from "./Venues.sol";
import {vm} from "./Vm.sol";

/// @notice What the tests stand on: a vault with an owner and an agent, Uniswap's own factories from their published
/// bytecode, a hub token and two more with a pool each against it, and a page that lists these pools.
abstract contract Ground {
    using Packed for bytes;

    string private constant MODULES = "../anvil/node_modules/";

    uint160 internal constant PRICE_ONE = 2 ** 96;
    uint8 internal constant V2 = 2;
    uint8 internal constant V3 = 3;
    uint8 internal constant V4 = 4;
    uint24 internal constant FEE = 3000;
    int24 internal constant SPACING = 60;
    uint128 internal constant DEPTH = 1e24;
    uint256 internal constant HELD = 1e22;
    uint256 internal constant NOW = 1_800_000_000;
    bytes32 internal constant PLAN = keccak256("plan");
    bytes32 internal constant INTENT = keccak256("intent");

    // Floors of the vault's usual batch: ETH, hub, a, b.
    uint8 internal constant HUB = 1;
    uint8 internal constant A = 2;
    uint8 internal constant B = 3;

    address internal immutable owner = vm.addr(1);
    address internal immutable agent = vm.addr(2);
    address internal immutable stranger = vm.addr(3);

    IV2Factory internal v2;
    IV3Factory internal v3;
    Provider internal provider;
    PlainToken internal hub;
    PlainToken internal a;
    PlainToken internal b;
    address internal weth;
    address internal manager; // v4's
    address internal poolA; // v3, a and hub
    address internal pairB; // v2, b and hub
    Vault internal vault;

    function setUp() public virtual {
        vm.warp(NOW);
        v2 = IV2Factory(_deploy("@uniswap/v2-core/build/UniswapV2Factory.json", abi.encode(address(0))));
        v3 = IV3Factory(_deploy("@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json", ""));
        weth = _deploy("canonical-weth/build/contracts/WETH9.json", "");
        manager = _deploy("@uniswap/v4-core/out/PoolManager.sol/PoolManager.json", abi.encode(address(this)));
        provider = new Provider();
        (hub, a, b) = (new PlainToken(), new PlainToken(), new PlainToken());
        poolA = _v3(address(a), address(hub));
        pairB = _v2(address(b), address(hub));
        vault = new Vault(owner, agent, weth, manager);
        _fund(address(vault));
        _list(bytes.concat(_record(poolA, V3), _record(pairB, V2)));
    }

    /* VENUES */

    function _deploy(string memory artifact, bytes memory arguments) internal returns (address at) {
        string memory json = vm.readFile(string.concat(MODULES, artifact));
        bool isNested = vm.keyExistsJson(json, ".bytecode.object");
        string memory code = vm.parseJsonString(json, isNested ? ".bytecode.object" : ".bytecode");
        if (bytes(code)[1] != "x") code = string.concat("0x", code);
        bytes memory init = bytes.concat(vm.parseBytes(code), arguments);
        assembly ("memory-safe") {
            at := create(0, add(init, 0x20), mload(init))
        }
        vm.assertTrue(at != address(0), artifact);
    }

    function _v2(address x, address y) internal returns (address pair) {
        pair = v2.createPair(x, y);
        provider.fillV2(pair, DEPTH, DEPTH);
    }

    /// @return pool A pool with one position around a price of one, from tick -6,000 to 6,000.
    function _v3(address x, address y) internal returns (address pool) {
        pool = v3.createPool(x, y, FEE);
        provider.fillV3(pool, PRICE_ONE, -6000, 6000, DEPTH);
    }

    /// @return record Of a v4 pool with one position around a price of one, from tick -6,000 to 6,000.
    function _v4(address x, address y) internal returns (bytes memory record) {
        IPoolManager.PoolKey memory key = _key(x, y);
        vm.deal(address(provider), 10 * uint256(DEPTH));
        provider.fillV4(manager, key, PRICE_ONE, -6000, 6000, int256(uint256(DEPTH)));
        return Packed.v4Record(key.currency0, key.currency1, FEE, SPACING);
    }

    function _key(address x, address y) internal pure returns (IPoolManager.PoolKey memory) {
        (address currency0, address currency1) = x < y ? (x, y) : (y, x);
        return IPoolManager.PoolKey(currency0, currency1, FEE, SPACING, address(0));
    }

    function _record(address pool, uint8 kind) internal view returns (bytes memory) {
        return Packed.record(pool, IUniswapV2Pair(pool).token0(), IUniswapV2Pair(pool).token1(), kind, FEE);
    }

    function _list(bytes memory records) internal returns (uint256 page) {
        vm.prank(owner);
        return vault.addPage(records);
    }

    function _allow(address router) internal {
        vm.prank(owner);
        vault.setRouter(router, true);
    }

    function _fund(address account) internal {
        hub.mint(account, HELD);
        a.mint(account, HELD);
        b.mint(account, HELD);
        vm.deal(account, HELD);
    }

    /* BATCHES */

    /// @return Floors that nothing breaks: ETH, hub, a, b.
    function _open() internal view returns (bytes memory) {
        return _floors(Packed.NONE, Packed.NONE, Packed.NONE);
    }

    function _floors(int256 ofHub, int256 ofA, int256 ofB) internal view returns (bytes memory) {
        return bytes.concat(
            Packed.floor(address(0), 0),
            Packed.floor(address(hub), ofHub),
            Packed.floor(address(a), ofA),
            Packed.floor(address(b), ofB)
        );
    }

    /// @return A leg that sells `tokenIn` in the first page's pool of `a`, or `b`, and the hub.
    function _leg(PlainToken tokenIn, PlainToken tokenOut, uint256 amountIn) internal view returns (bytes memory) {
        uint8 record = tokenIn == b || tokenOut == b ? 1 : 0;
        return Packed.poolLeg(
            address(tokenIn) < address(tokenOut),
            abi.encodePacked(uint16(0), record),
            _index(tokenIn),
            _index(tokenOut),
            amountIn
        );
    }

    function _index(PlainToken token) internal view returns (uint8) {
        return token == hub ? HUB : token == a ? A : B;
    }

    function _call(bytes memory floors, bytes memory legs) internal view returns (bytes memory) {
        return _call(vault.sequence() + 1, NOW, floors, legs);
    }

    function _call(uint256 sequence, uint256 deadline, bytes memory floors, bytes memory legs)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(IBatchExecutor.execute, (uint64(sequence), uint64(deadline), PLAN, INTENT, floors, legs));
    }

    /// @notice Runs a batch as the agent.
    function _run(bytes memory floors, bytes memory legs) internal {
        uint64 next = vault.sequence() + 1;
        vm.prank(agent);
        vault.execute(next, uint64(NOW), PLAN, INTENT, floors, legs);
    }

    /// @notice Runs a batch as the agent that must revert with exactly `reason`.
    function _refused(bytes memory reason, bytes memory floors, bytes memory legs) internal {
        uint64 next = vault.sequence() + 1;
        vm.prank(agent);
        vm.expectRevert(reason);
        vault.execute(next, uint64(NOW), PLAN, INTENT, floors, legs);
    }

    function _legFailed(uint256 index, bytes memory reason) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IBatchExecutor.LegFailed.selector, index, reason);
    }
}

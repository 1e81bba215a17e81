// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IPoolManager} from "../../src/interfaces/IPoolManager.sol";
import {IERC20} from "../../src/interfaces/IERC20.sol";
import {IV4Mint} from "./Venues.sol";

/// @notice Swaps on v4 pools of one hub and settles it once, and checks nothing: what swaps cost by themselves, for the
/// gas bench to hold the real executor against. Provides the pools with liquidity as well. Never to be given funds.
/// @dev A leg is token (20) ‖ sells the token (1) ‖ amountIn (16).
contract BareUnlocker {
    uint24 private constant FEE = 3000;
    int24 private constant SPACING = 60;

    IPoolManager private immutable manager;
    address private immutable hub;

    constructor(address manager_, address hub_) {
        (manager, hub) = (IPoolManager(manager_), hub_);
    }

    /// @notice Makes a pool of the hub and `token`, with one position around its price.
    function provide(address token, uint160 sqrtPriceX96, int24 lower, int24 upper, uint128 liquidity) external {
        IPoolManager.PoolKey memory key = _key(token);
        IV4Mint(address(manager)).initialize(key, sqrtPriceX96);
        IV4Mint.Position memory position = IV4Mint.Position(lower, upper, int256(uint256(liquidity)), 0);
        manager.unlock(abi.encodeCall(IV4Mint.modifyLiquidity, (key, position, "")));
    }

    function run(bytes calldata legs) external {
        manager.unlock(legs);
    }

    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        if (bytes4(data) == IV4Mint.modifyLiquidity.selector) _provide(data);
        else _swapAll(data);
        return "";
    }

    function _provide(bytes calldata data) private {
        (, bytes memory answer) = address(manager).call(data);
        int256 delta = abi.decode(answer, (int256));
        (address currency0, address currency1) = abi.decode(data[4:], (address, address));
        _pay(currency0, uint256(-(delta >> 128)));
        _pay(currency1, uint256(-int256(int128(delta))));
    }

    function _swapAll(bytes calldata legs) private {
        int256 ofHub;
        unchecked {
            for (uint256 at = 0; at < legs.length; at += 37) {
                address token = address(bytes20(legs[at:at + 20]));
                bool sells = legs[at + 20] != 0;
                uint256 amountIn = uint128(bytes16(legs[at + 21:at + 37]));
                IPoolManager.PoolKey memory key = _key(token);
                bool zeroForOne = sells == (key.currency0 == token);
                uint160 limit = zeroForOne ? 4295128740 : 1461446703485210103287273052203988822378723970341;
                int256 delta = manager.swap(key, IPoolManager.SwapParams(zeroForOne, -int256(amountIn), limit), "");
                (int256 gained, int256 ofThis) = key.currency0 == token
                    ? (int256(int128(delta)), delta >> 128)
                    : (delta >> 128, int256(int128(delta)));
                ofHub += gained;
                if (sells) _pay(token, amountIn);
                else manager.take(token, address(this), uint256(ofThis));
            }
        }
        if (ofHub < 0) _pay(hub, uint256(-ofHub));
        else manager.take(hub, address(this), uint256(ofHub));
    }

    function _pay(address currency, uint256 amount) private {
        manager.sync(currency);
        IERC20(currency).transfer(address(manager), amount);
        manager.settle();
    }

    function _key(address token) private view returns (IPoolManager.PoolKey memory) {
        (address currency0, address currency1) = token < hub ? (token, hub) : (hub, token);
        return IPoolManager.PoolKey(currency0, currency1, FEE, SPACING, address(0));
    }
}

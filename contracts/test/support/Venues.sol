// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IPoolManager} from "../../src/interfaces/IPoolManager.sol";
import {IUniswapV2Pair} from "../../src/interfaces/IUniswapV2Pair.sol";
import {IUniswapV3Pool} from "../../src/interfaces/IUniswapV3Pool.sol";
import {IWETH9} from "../../src/interfaces/IWETH9.sol";
import {PlainToken} from "./Tokens.sol";

interface IV2Factory {
    function createPair(address a, address b) external returns (address);
    function getPair(address a, address b) external view returns (address);
}

interface IV2Mint {
    function mint(address to) external returns (uint256);
}

interface IV3Factory {
    function createPool(address a, address b, uint24 fee) external returns (address);
    function getPool(address a, address b, uint24 fee) external view returns (address);
}

interface IV3Mint {
    function initialize(uint160 sqrtPriceX96) external;
    function mint(address to, int24 lower, int24 upper, uint128 liquidity, bytes calldata data) external;
}

interface IV4Mint {
    struct Position {
        int24 lower;
        int24 upper;
        int256 liquidityDelta;
        bytes32 salt;
    }

    function initialize(IPoolManager.PoolKey calldata key, uint160 sqrtPriceX96) external returns (int24);
    function modifyLiquidity(IPoolManager.PoolKey calldata key, Position calldata position, bytes calldata hookData)
        external
        returns (int256 delta, int256 fees);
}

/// @notice Reverts for the same reason as a call before.
function bubble(bytes memory reason) pure {
    assembly ("memory-safe") {
        revert(add(reason, 0x20), mload(reason))
    }
}

/// @notice Provides liquidity and swaps with tokens that it mints for itself.
contract Provider {
    address private wrapped;

    function fillV2(address pair, uint256 amount0, uint256 amount1) external {
        PlainToken(IUniswapV2Pair(pair).token0()).mint(pair, amount0);
        PlainToken(IUniswapV2Pair(pair).token1()).mint(pair, amount1);
        IV2Mint(pair).mint(address(this));
    }

    function fillV3(address pool, uint160 sqrtPriceX96, int24 lower, int24 upper, uint128 liquidity) external {
        IV3Mint(pool).initialize(sqrtPriceX96);
        IV3Mint(pool).mint(address(this), lower, upper, liquidity, "");
    }

    /// @notice Wraps ether, to provide with what cannot be minted.
    function wrap(address weth, uint256 amount) external {
        wrapped = weth;
        IWETH9(weth).deposit{value: amount}();
    }

    function fillV4(
        address manager,
        IPoolManager.PoolKey calldata key,
        uint160 sqrtPriceX96,
        int24 lower,
        int24 upper,
        int256 liquidity
    ) external {
        IV4Mint(manager).initialize(key, sqrtPriceX96);
        IV4Mint.Position memory position = IV4Mint.Position(lower, upper, liquidity, 0);
        IPoolManager(manager).unlock(abi.encodeCall(IV4Mint.modifyLiquidity, (key, position, "")));
    }

    /// @return amountOut What a plain swap of a v4 pool pays.
    function swapV4(address manager, IPoolManager.PoolKey calldata key, bool zeroForOne, uint256 amountIn)
        external
        returns (uint256 amountOut)
    {
        uint160 limit = zeroForOne ? 4295128740 : 1461446703485210103287273052203988822378723970341;
        IPoolManager.SwapParams memory params = IPoolManager.SwapParams(zeroForOne, -int256(amountIn), limit);
        bytes memory answer = IPoolManager(manager).unlock(abi.encodeCall(IPoolManager.swap, (key, params, "")));
        int256 delta = abi.decode(answer, (int256));
        return uint128(zeroForOne ? int128(delta) : int128(delta >> 128));
    }

    /// @dev Makes one call of the manager, whose key comes first, and settles with it.
    function unlockCallback(bytes calldata data) external returns (bytes memory answer) {
        bool ok;
        (ok, answer) = msg.sender.call(data);
        if (!ok) bubble(answer);
        int256 delta = abi.decode(answer, (int256));
        (address currency0, address currency1) = abi.decode(data[4:], (address, address));
        _settleV4(currency0, int128(delta >> 128));
        _settleV4(currency1, int128(delta));
    }

    function _settleV4(address currency, int256 delta) private {
        IPoolManager manager = IPoolManager(msg.sender);
        if (delta > 0) manager.take(currency, address(this), uint256(delta));
        if (delta >= 0) return;
        uint256 owed = uint256(-delta);
        manager.sync(currency);
        if (currency == address(0)) {
            manager.settle{value: owed}();
            return;
        }
        if (currency == wrapped) PlainToken(currency).transfer(address(manager), owed);
        else PlainToken(currency).mint(address(manager), owed);
        manager.settle();
    }

    receive() external payable {}

    /// @return amountOut What a plain swap of the pool pays.
    function swapV3(address pool, bool zeroForOne, uint256 amountIn) external returns (uint256 amountOut) {
        uint160 limit = zeroForOne ? 4295128740 : 1461446703485210103287273052203988822378723970341;
        (int256 amount0, int256 amount1) =
            IUniswapV3Pool(pool).swap(address(this), zeroForOne, int256(amountIn), limit, "");
        return uint256(-(zeroForOne ? amount1 : amount0));
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata) external {
        PlainToken(IUniswapV3Pool(msg.sender).token0()).mint(msg.sender, owed0);
        PlainToken(IUniswapV3Pool(msg.sender).token1()).mint(msg.sender, owed1);
    }

    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        if (amount0Delta > 0) PlainToken(IUniswapV3Pool(msg.sender).token0()).mint(msg.sender, uint256(amount0Delta));
        else PlainToken(IUniswapV3Pool(msg.sender).token1()).mint(msg.sender, uint256(amount1Delta));
    }
}

/// @notice A router that takes from its caller, or is sent, and pays whom it is told out of its own stock.
contract StockRouter {
    error Refused(string why);

    function swap(address tokenIn, uint256 taken, address tokenOut, uint256 paid, address to) external {
        _take(tokenIn, taken);
        PlainToken(tokenOut).transfer(to, paid);
    }

    function sell(address tokenOut, uint256 paid, address to) external payable {
        PlainToken(tokenOut).transfer(to, paid);
    }

    function payEther(address tokenIn, uint256 taken, uint256 paid, address to) external {
        _take(tokenIn, taken);
        (bool ok,) = to.call{value: paid}("");
        if (!ok) revert Refused("ether");
    }

    function refuse() external pure {
        revert Refused("as told");
    }

    /// @dev As routers do it: a token need not return anything.
    function _take(address token, uint256 amount) private {
        (bool ok, bytes memory reason) =
            token.call(abi.encodeCall(PlainToken.transferFrom, (msg.sender, address(this), amount)));
        if (!ok) bubble(reason);
    }

    receive() external payable {}
}

/// @notice Looks like a v3 pool and asks for payment as it is told: a list of calls to make when swapped.
contract ScriptedPool {
    address public immutable token0;
    address public immutable token1;
    uint24 public constant fee = 3000;

    bytes[] private asks;
    ScriptedPool private helper;

    constructor(address a, address b) {
        (token0, token1) = a < b ? (a, b) : (b, a);
    }

    /// @notice Calls back the swapper with each of these, in this order.
    function script(bytes[] calldata asks_) external {
        delete asks;
        for (uint256 i = 0; i < asks_.length; ++i) {
            asks.push(asks_[i]);
        }
    }

    /// @notice Lets another pool call back the swapper instead.
    function letAsk(ScriptedPool helper_) external {
        helper = helper_;
    }

    function swap(address recipient, bool, int256, uint160, bytes calldata) external returns (int256, int256) {
        (helper == ScriptedPool(address(0)) ? this : helper).askAll(recipient, asks);
        return (0, 0);
    }

    function askAll(address payer, bytes[] calldata asks_) external {
        for (uint256 i = 0; i < asks_.length; ++i) {
            (bool ok, bytes memory reason) = payer.call(asks_[i]);
            if (!ok) bubble(reason);
        }
    }
}

/// @notice Makes the calls that it was given, in one transaction.
contract Proxy {
    address[] private targets;
    bytes[] private calls;

    function push(address target, bytes calldata data) external {
        targets.push(target);
        calls.push(data);
    }

    function callAll() external {
        for (uint256 i = 0; i < targets.length; ++i) {
            (bool ok, bytes memory reason) = targets[i].call(calls[i]);
            if (!ok) bubble(reason);
        }
    }
}

/// @notice Keeps the calldata of its last call.
contract Recorder {
    bytes private last;

    function data() external view returns (bytes memory) {
        return last;
    }

    fallback() external payable {
        last = msg.data;
    }

    receive() external payable {
        delete last;
    }
}

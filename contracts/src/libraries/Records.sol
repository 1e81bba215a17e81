// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IUniswapV2Pair} from "../interfaces/IUniswapV2Pair.sol";
import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";

/// @notice Reads packed pool records: pool (20) ‖ token0 (20) ‖ token1 (20) ‖ kind (1) ‖ fee (3).
library Records {
    uint256 internal constant SIZE = 64;
    uint256 internal constant V2 = 2;
    uint256 internal constant V3 = 3;
    uint256 internal constant FEE_UNIT = 1_000_000; // a fee is in hundredths of a basis point

    /// @return pool The pool, and its tokens in the direction of a swap.
    function direct(bytes memory record, bool zeroForOne)
        internal
        pure
        returns (address pool, address tokenIn, address tokenOut)
    {
        assembly ("memory-safe") {
            pool := shr(96, mload(add(record, 32)))
            let shift := mul(zeroForOne, 20)
            tokenIn := shr(96, mload(sub(add(record, 72), shift)))
            tokenOut := shr(96, mload(add(add(record, 52), shift)))
        }
    }

    function kind(bytes memory record) internal pure returns (uint256 kind_) {
        assembly ("memory-safe") {
            kind_ := byte(28, mload(add(record, 64)))
        }
    }

    function fee(bytes memory record) internal pure returns (uint256 fee_) {
        assembly ("memory-safe") {
            fee_ := and(mload(add(record, 64)), 0xffffff)
        }
    }

    /// @return Whether the pool says of itself what the record says of it.
    function isTrue(bytes memory record) internal view returns (bool) {
        (address pool, address token0, address token1) = direct(record, true);
        if (pool.code.length == 0 || fee(record) >= FEE_UNIT) return false;
        if (IUniswapV2Pair(pool).token0() != token0 || IUniswapV2Pair(pool).token1() != token1) return false;
        return kind(record) == V2 || (kind(record) == V3 && IUniswapV3Pool(pool).fee() == fee(record));
    }
}

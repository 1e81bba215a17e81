// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// @notice Packs floors, legs and records as `IBatchExecutor` describes them.
library Packed {
    uint8 internal constant SURPLUS = 0x40;

    int256 internal constant NONE = type(int128).min; // a floor that holds nothing

    /// @dev `minDelta` must fit into 128 bits.
    function floor(address token, int256 minDelta) internal pure returns (bytes memory) {
        assert(int128(minDelta) == minDelta);
        return abi.encodePacked(token, int128(minDelta));
    }

    function record(address pool, address token0, address token1, uint8 kind, uint24 fee)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(pool, token0, token1, kind, fee);
    }

    function v4Record(address currency0, address currency1, uint24 fee, int24 spacing)
        internal
        pure
        returns (bytes memory)
    {
        return record(address(uint160(uint24(spacing))), currency0, currency1, 4, fee);
    }

    function poolLeg(bool zeroForOne, bytes memory ref, uint8 floorIn, uint8 floorOut, uint256 amountIn)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(zeroForOne ? 0x80 : 0x00, ref, floorIn, floorOut, uint128(amountIn));
    }

    function routerLeg(address router, uint8 floorIn, uint256 amountIn, bytes memory data)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(uint8(1), router, floorIn, uint128(amountIn), uint24(data.length), data);
    }

    function wrapLeg(uint8 floorWeth, uint256 amountIn) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(2), floorWeth, uint128(amountIn));
    }

    function unwrapLeg(uint8 floorWeth, uint256 amountIn) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(3), floorWeth, uint128(amountIn));
    }

    /// @return The leg with SURPLUS set.
    function onSurplus(bytes memory leg) internal pure returns (bytes memory) {
        leg[0] = bytes1(uint8(leg[0]) | SURPLUS);
        return leg;
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IPoolLens} from "./interfaces/IPoolLens.sol";
import {IUniswapV2Pair} from "./interfaces/IUniswapV2Pair.sol";
import {IUniswapV3Pool} from "./interfaces/IUniswapV3Pool.sol";

/// @notice See `IPoolLens`.
contract PoolLens is IPoolLens {
    int24 private constant MIN_TICK = -887_272;
    int24 private constant MAX_TICK = 887_272;
    int24 private constant WORD = 256;

    uint256 private constant TICK_GAS = 16_000; // of one tick, with its share of the answer, rounded up
    uint256 private constant STEP_GAS = 1_000; // of going through two words of the bitmap again, rounded up
    uint256 private constant SPARE_GAS = 1_000_000; // for whatever else a pool needs, and for the answer
    uint256 private constant HEAD = 9; // words before the ticks

    /// @dev The bitmap words around a price: `maps[side + distance]`, of which those from `from` to `to` were read.
    struct Scan {
        int24 spacing;
        int24 centre;
        int24 side;
        int24 from;
        int24 to;
        uint256 found;
        uint256[] maps;
    }

    /// @inheritdoc IPoolLens
    function read(Query[] calldata queries) external view returns (uint256 done, uint256[][] memory answers) {
        answers = new uint256[][](queries.length);
        for (; done < queries.length; ++done) {
            if (done > 0 && gasleft() < 2 * SPARE_GAS) break;
            // What is held back is for the answer: a pool that uses up all of its gas leaves that much.
            try this.readOne{gas: gasleft() - SPARE_GAS}(queries[done]) returns (bool whole, uint256[] memory words) {
                if (!whole && done > 0) break;
                answers[done] = words;
            } catch {
                // It may have failed for want of gas alone: next time it comes first, and has all of it.
                if (done > 0 && gasleft() < 2 * SPARE_GAS) break;
            }
        }
    }

    /// @inheritdoc IPoolLens
    function readOne(Query calldata query) external view returns (bool whole, uint256[] memory words) {
        if (query.kind == 2) return (true, _pair(IUniswapV2Pair(query.pool)));
        if (query.kind == 3) return _range(IUniswapV3Pool(query.pool), query.reach);
        revert UnknownKind(query.kind);
    }

    /* POOLS */

    function _pair(IUniswapV2Pair pair) private view returns (uint256[] memory words) {
        words = new uint256[](4);
        (words[0], words[1]) = (uint160(pair.token0()), uint160(pair.token1()));
        (words[2], words[3],) = pair.getReserves();
    }

    function _range(IUniswapV3Pool pool, uint24 reach) private view returns (bool whole, uint256[] memory words) {
        (uint160 price, int24 tick) = pool.slot0();
        Scan memory scan;
        scan.spacing = pool.tickSpacing();
        scan.centre = _word(tick, scan.spacing);
        whole = _scan(pool, scan, reach);
        words = new uint256[](HEAD + scan.found);
        (words[0], words[1]) = (uint160(pool.token0()), uint160(pool.token1()));
        (words[2], words[3]) = (price, uint256(int256(tick)));
        (words[4], words[5], words[6]) = (pool.liquidity(), pool.fee(), uint256(int256(scan.spacing)));
        (words[7], words[8]) = _bounds(scan);
        _ticks(pool, scan, words);
    }

    /// @dev Goes outwards from the price, so that what gas does not allow is what lies farthest.
    function _scan(IUniswapV3Pool pool, Scan memory scan, uint24 reach) private view returns (bool whole) {
        int24 lowest = _word(MIN_TICK, scan.spacing);
        int24 highest = _word(MAX_TICK, scan.spacing);
        scan.side = int24(reach) / (WORD * scan.spacing) + 1;
        scan.maps = new uint256[](uint24(2 * scan.side + 1));
        (scan.from, scan.to, scan.found) = (scan.centre, scan.centre, _map(pool, scan, 0));
        for (int24 distance = 1; distance <= scan.side; ++distance) {
            uint256 found = scan.found;
            if (scan.centre - distance >= lowest) found += _map(pool, scan, -distance);
            if (scan.centre + distance <= highest) found += _map(pool, scan, distance);
            if (found * TICK_GAS + uint24(distance) * STEP_GAS + SPARE_GAS > gasleft()) return false;
            scan.found = found;
            if (scan.centre - distance >= lowest) scan.from = scan.centre - distance;
            if (scan.centre + distance <= highest) scan.to = scan.centre + distance;
        }
        return true;
    }

    /// @dev Reads the bitmap word at a distance from the price, and counts its ticks.
    function _map(IUniswapV3Pool pool, Scan memory scan, int24 distance) private view returns (uint256 found) {
        uint256 map = pool.tickBitmap(int16(scan.centre + distance));
        scan.maps[uint24(scan.side + distance)] = map;
        for (; map != 0; map &= map - 1) {
            ++found;
        }
    }

    function _ticks(IUniswapV3Pool pool, Scan memory scan, uint256[] memory words) private view {
        uint256 at = HEAD;
        for (int24 word = scan.from; word <= scan.to; ++word) {
            uint256 map = scan.maps[uint24(scan.side + word - scan.centre)];
            for (uint256 bit = 0; map >> bit != 0; ++bit) {
                if (map >> bit & 1 == 0) continue;
                int24 tick = (word * WORD + int24(uint24(bit))) * scan.spacing;
                (, int128 net) = pool.ticks(tick);
                words[at++] = uint256(uint24(tick)) << 128 | uint128(net);
            }
        }
    }

    /// @dev The least and greatest tick that was read, of those that there are.
    function _bounds(Scan memory scan) private pure returns (uint256, uint256) {
        int24 least = scan.from * WORD * scan.spacing;
        int24 greatest = (scan.to * WORD + WORD - 1) * scan.spacing;
        return (
            uint256(int256(least < MIN_TICK ? MIN_TICK : least)),
            uint256(int256(greatest > MAX_TICK ? MAX_TICK : greatest))
        );
    }

    /// @dev The bitmap word that holds a tick; rounds down, as the protocol does.
    function _word(int24 tick, int24 spacing) private pure returns (int24) {
        int24 span = WORD * spacing;
        return tick < 0 && tick % span != 0 ? tick / span - 1 : tick / span;
    }
}

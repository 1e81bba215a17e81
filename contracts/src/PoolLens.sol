// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {IPoolLens} from "./interfaces/IPoolLens.sol";
import {IPoolManager} from "./interfaces/IPoolManager.sol";
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

    // Where v4's manager keeps its pools, and what a pool's state has at which place.
    uint256 private constant POOLS = 6;
    uint256 private constant LIQUIDITY = 3;
    uint256 private constant TICKS = 4;
    uint256 private constant BITMAP = 5;

    /// @dev A v3 pool, or v4's manager and the slot where it keeps a pool.
    struct Source {
        address at;
        uint256 state; // 0 for v3
    }

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
        if (query.kind == 4) return _kept(query);
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
        (whole, words) = _ranges(Source(address(pool), 0), tick, pool.tickSpacing(), reach);
        (words[0], words[1]) = (uint160(pool.token0()), uint160(pool.token1()));
        (words[2], words[4], words[5]) = (price, pool.liquidity(), pool.fee());
    }

    /// @dev The first word of a pool's state is `lpFee (24) ‖ protocolFee (12 + 12) ‖ tick (24) ‖ sqrtPriceX96
    /// (160)`
    /// behind 24 bits that are not used; of the protocol's fees that where token0 is sold is the lower.
    function _kept(Query calldata query) private view returns (bool whole, uint256[] memory words) {
        Source memory source = Source(query.pool, uint256(keccak256(abi.encode(query.id, POOLS))));
        uint256 slot0 = _load(source, 0);
        (whole, words) = _ranges(source, int24(uint24(slot0 >> 160)), query.spacing, query.reach);
        (words[0], words[1]) = (slot0 >> 184 & 0xfff, slot0 >> 196 & 0xfff);
        (words[2], words[4], words[5]) = (uint160(slot0), uint128(_load(source, LIQUIDITY)), uint24(slot0 >> 208));
    }

    function _ranges(Source memory source, int24 tick, int24 spacing, uint24 reach)
        private
        view
        returns (bool whole, uint256[] memory words)
    {
        Scan memory scan;
        scan.spacing = spacing;
        scan.centre = _word(tick, spacing);
        whole = _scan(source, scan, reach);
        words = new uint256[](HEAD + scan.found);
        (words[3], words[6]) = (uint256(int256(tick)), uint256(int256(spacing)));
        (words[7], words[8]) = _bounds(scan);
        _ticks(source, scan, words);
    }

    /// @dev Goes outwards from the price, so that what gas does not allow is what lies farthest.
    function _scan(Source memory source, Scan memory scan, uint24 reach) private view returns (bool whole) {
        int24 lowest = _word(MIN_TICK, scan.spacing);
        int24 highest = _word(MAX_TICK, scan.spacing);
        scan.side = int24(reach) / (WORD * scan.spacing) + 1;
        scan.maps = new uint256[](uint24(2 * scan.side + 1));
        (scan.from, scan.to, scan.found) = (scan.centre, scan.centre, _map(source, scan, 0));
        for (int24 distance = 1; distance <= scan.side; ++distance) {
            uint256 found = scan.found;
            if (scan.centre - distance >= lowest) found += _map(source, scan, -distance);
            if (scan.centre + distance <= highest) found += _map(source, scan, distance);
            if (found * TICK_GAS + uint24(distance) * STEP_GAS + SPARE_GAS > gasleft()) return false;
            scan.found = found;
            if (scan.centre - distance >= lowest) scan.from = scan.centre - distance;
            if (scan.centre + distance <= highest) scan.to = scan.centre + distance;
        }
        return true;
    }

    /// @dev Reads the bitmap word at a distance from the price, and counts its ticks.
    function _map(Source memory source, Scan memory scan, int24 distance) private view returns (uint256 found) {
        int24 word = scan.centre + distance;
        uint256 map = source.state == 0
            ? IUniswapV3Pool(source.at).tickBitmap(int16(word))
            : _load(source, uint256(int256(word)), BITMAP);
        scan.maps[uint24(scan.side + distance)] = map;
        for (; map != 0; map &= map - 1) {
            ++found;
        }
    }

    function _ticks(Source memory source, Scan memory scan, uint256[] memory words) private view {
        uint256 at = HEAD;
        for (int24 word = scan.from; word <= scan.to; ++word) {
            uint256 map = scan.maps[uint24(scan.side + word - scan.centre)];
            for (uint256 bit = 0; map >> bit != 0; ++bit) {
                if (map >> bit & 1 == 0) continue;
                int24 tick = (word * WORD + int24(uint24(bit))) * scan.spacing;
                words[at++] = uint256(uint24(tick)) << 128 | _net(source, tick);
            }
        }
    }

    /// @return net What the liquidity gains at a tick, in 128 bits.
    function _net(Source memory source, int24 tick) private view returns (uint128 net) {
        if (source.state != 0) return uint128(_load(source, uint256(int256(tick)), TICKS) >> 128);
        (, int128 gain) = IUniswapV3Pool(source.at).ticks(tick);
        return uint128(gain);
    }

    /// @dev A word of a v4 pool's state.
    function _load(Source memory source, uint256 place) private view returns (uint256) {
        return uint256(IPoolManager(source.at).extsload(bytes32(source.state + place)));
    }

    /// @dev The first word of an entry in one of its mappings.
    function _load(Source memory source, uint256 key, uint256 place) private view returns (uint256) {
        return uint256(IPoolManager(source.at).extsload(keccak256(abi.encode(key, source.state + place))));
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

// Quotes Uniswap v3 pools with @uniswap/v3-sdk, as published.
//
// Reads {pools: [{fee, sqrtPriceX96, liquidity, tick, ticks: [[index, net]]}], swaps: [{pool, zeroForOne,
// amountIn}], timed} from stdin, integers as decimal strings. Writes {outs: [amount out or null], us: [of the
// first `timed` swaps, microseconds at the fastest of several runs]}. Pools are built before the clock starts.
'use strict';

const { CurrencyAmount, Token } = require('@uniswap/sdk-core');
const { Pool, TickListDataProvider, TICK_SPACINGS } = require('@uniswap/v3-sdk');

const RUNS = 7;
const LOOPS = 20;
const token0 = new Token(1, '0x1000000000000000000000000000000000000001', 18, 'A');
const token1 = new Token(1, '0x2000000000000000000000000000000000000002', 18, 'B');

function built({ fee, sqrtPriceX96, liquidity, tick, ticks }) {
  const listed = ticks.map(([index, liquidityNet]) => ({ index, liquidityNet, liquidityGross: liquidityNet.replace('-', '') }));
  const provider = new TickListDataProvider(listed, TICK_SPACINGS[fee]);
  return new Pool(token0, token1, fee, sqrtPriceX96, liquidity, tick, provider);
}

async function out(pool, { zeroForOne, amountIn }) {
  const given = CurrencyAmount.fromRawAmount(zeroForOne ? token0 : token1, amountIn);
  const [received] = await pool.getOutputAmount(given);
  return received.quotient.toString();
}

async function timed(pool, swap) {
  let fastest = Infinity;
  for (let run = 0; run < RUNS; run += 1) {
    const begun = process.hrtime.bigint();
    for (let loop = 0; loop < LOOPS; loop += 1) await out(pool, swap);
    fastest = Math.min(fastest, Number(process.hrtime.bigint() - begun) / 1e3 / LOOPS);
  }
  return fastest;
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const asked = JSON.parse(Buffer.concat(chunks).toString());
  const pools = asked.pools.map(built);
  const outs = [];
  for (const swap of asked.swaps) outs.push(await out(pools[swap.pool], swap).catch(() => null));
  const us = [];
  for (const swap of asked.swaps.slice(0, asked.timed)) us.push(await timed(pools[swap.pool], swap));
  process.stdout.write(JSON.stringify({ outs, us }));
}

main();

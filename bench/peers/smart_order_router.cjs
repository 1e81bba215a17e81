// Runs getBestSwapRoute of @uniswap/smart-order-router, as published, on quotes that are given to it.
//
// Reads a JSON array of cases from stdin: {amount, quotes: [route][percent index], gas: [route]}, amounts
// as decimal strings of tokens with 18 decimals. Writes a JSON array of {shares: [route in percent], ms}:
// the fastest of `repeats` runs each. Quotes are ready before the clock starts.
'use strict';

const { BigNumber } = require('ethers');
const { CurrencyAmount, Token, TradeType } = require('@uniswap/sdk-core');
const { Pair } = require('@uniswap/v2-sdk');
const router = require('@uniswap/smart-order-router');
const { getBestSwapRoute } = require('@uniswap/smart-order-router/build/main/routers/alpha-router/functions/best-swap-route.js');

const [percentStep, repeats] = process.argv.slice(2).map(Number);
const percents = Array.from({ length: 100 / percentStep }, (_, i) => (i + 1) * percentStep);
const usdc = new Token(1, '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48', 6, 'USDC');
const sold = new Token(1, '0x1000000000000000000000000000000000000001', 18, 'IN');
const bought = new Token(1, '0x2000000000000000000000000000000000000002', 18, 'OUT');
// The defaults of the router on mainnet (v2, v3 and v4 routes alike), as far as they bear on splitting.
const config = { minSplits: 1, maxSplits: 7, distributionPercent: percentStep, forceCrossProtocol: false };
const unportioned = { getRouteWithQuotePortionAdjusted: (_type, routes) => routes };

function candidates({ amount, quotes, gas }) {
  const reserves = [sold, bought].map((token) => CurrencyAmount.fromRawAmount(token, '1000000000000000000'));
  const route = new router.V2Route([new Pair(...reserves)], sold, bought);
  return quotes.flatMap((byPercent, pool) =>
    byPercent.map(
      (quote, i) =>
        new router.V2RouteWithValidQuote({
          amount: CurrencyAmount.fromRawAmount(sold, ((BigInt(amount) * BigInt(percents[i])) / 100n).toString()),
          rawQuote: BigNumber.from(quote),
          percent: percents[i],
          route,
          gasModel: {
            estimateGasCost: () => ({
              gasEstimate: BigNumber.from(100000),
              gasCostInToken: CurrencyAmount.fromRawAmount(bought, gas[pool]),
              gasCostInUSD: CurrencyAmount.fromRawAmount(usdc, 0),
            }),
          },
          quoteToken: bought,
          tradeType: TradeType.EXACT_INPUT,
          v2PoolProvider: { getPoolAddress: () => ({ poolAddress: `pool-${pool}` }) },
        }),
    ),
  );
}

async function best(instance) {
  const amount = CurrencyAmount.fromRawAmount(sold, instance.amount);
  let fastest = Infinity;
  let found;
  for (let run = 0; run < repeats; run += 1) {
    const routes = candidates(instance);
    const begun = process.hrtime.bigint();
    found = await getBestSwapRoute(amount, percents, routes, TradeType.EXACT_INPUT, 1, config, unportioned);
    fastest = Math.min(fastest, Number(process.hrtime.bigint() - begun) / 1e6);
  }
  const shares = instance.quotes.map(() => 0);
  for (const route of found.routes) shares[Number(route.poolIdentifiers[0].slice(5))] += route.percent;
  return { shares, ms: fastest };
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const cases = JSON.parse(Buffer.concat(chunks).toString());
  for (const warm of cases.slice(0, 5)) await best(warm);
  const found = [];
  for (const instance of cases) found.push(await best(instance));
  process.stdout.write(JSON.stringify(found));
}

main();

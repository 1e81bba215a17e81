"""Prices of the hubs and stablecoins by their feeds. No stablecoin is taken for a dollar."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from agent.domain.plan import ChainBook, PlanInputs
from agent.domain.portfolio import Price
from agent.domain.token import Token, TokenMap
from agent.domain.units import Address
from agent.errors import FeedUnusableError


def feed_prices_of(inputs: PlanInputs) -> tuple[dict[Address, Price], dict[Address, str]]:
    """Return prices by feed of the hubs and stablecoins, and why a hub has none.

    Raises:
        FeedUnusableError: the wrapped native token or the stable hub has none.
    """
    prices: dict[Address, Price] = {}
    obstacles: dict[Address, str] = {}
    book = inputs.chain_book
    for token, feed in sorted(token_feeds(inputs.token_map, book).items()):
        answer = _feed_price(inputs, feed)
        if isinstance(answer, Price):
            prices[token.address] = answer
        elif token in {book.hubs[0], book.stable_hub}:
            raise FeedUnusableError(token=token.symbol, feed=feed, reason=answer)
        elif token in book.hubs:
            obstacles[token.address] = f"its price feed is not usable: {answer}"
    for hub in book.hubs:
        if hub.address not in prices and hub.address not in obstacles:
            obstacles[hub.address] = "the token map names no price feed of it"
            if hub == book.stable_hub:
                raise FeedUnusableError(
                    token=hub.symbol, feed="(none)", reason="not in the token map"
                )
    return prices, obstacles


def token_feeds(token_map: TokenMap, book: ChainBook) -> Mapping[Token, Address]:
    """Return the feeds that the wrapped native token and the stablecoins are priced by."""
    feeds = {
        stablecoin.token: token_map.usd_feed_by_coin[coin]
        for coin, stablecoin in token_map.stablecoin_by_coin.items()
        if coin in token_map.usd_feed_by_coin
    }
    return feeds | {book.hubs[0]: book.native_usd_feed}


def _feed_price(inputs: PlanInputs, feed: Address) -> Price | str:
    """Return the feed's price, or what is wrong with it."""
    answer = next((a for a in inputs.position.feeds if a.feed == feed), None)
    if answer is None:
        return "it gave no answer"
    age_s = inputs.position.block.timestamp - answer.updated_at
    if age_s > inputs.policy.max_feed_age_s:
        return f"its answer is {age_s} s old, max_feed_age_s is {inputs.policy.max_feed_age_s}"
    if answer.answer <= 0:
        return f"its answer is {answer.answer}"
    return Price(usd=Decimal(answer.answer).scaleb(-answer.decimals), source=f"feed {feed}")

"""Twelve scripted weeks on one fork: what is traded, what is refused, what is told, and where it ends."""

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from agent.adapters.clock import SystemClock
from agent.adapters.ledger import Access, open_ledger
from agent.bootstrap.dry_run import LEDGER_NAME, dry_service
from agent.daemon.notices import Teller
from agent.daemon.standing import body_of
from agent.domain.happening import Ending
from agent.domain.order import Side
from agent.domain.record import RecordKind
from agent.settings import load_settings
from anvil.abi import call_data
from anvil.addresses import SWAP_ROUTER_02
from anvil.assets import RANKING
from anvil.calls import transact
from anvil.fund import balance, fund
from anvil.sample import sample, write_signals
from tests.fork.deployments import edit, staged
from tests.fork.stands import TOKENS

pytestmark = pytest.mark.fork
WHALE = "0x00000000000000000000000000000000000077A1"
MILLION = 10**6
EXEMPT = ("chainlink", "uniswap")


class Year:
    """The script's hand: it moves time, markets and signals, and looks at what the agent made of it."""

    def __init__(self, stage, directory):
        self.stage, self.node, self.directory = stage, stage.node, directory
        self.settings_file = stage.deploy(directory / "agent")
        edit(self.settings_file, "exempt = []", f"exempt = {json.dumps(list(EXEMPT))}")
        edit(self.settings_file, "batch_gas_share_ppm = 60000", "batch_gas_share_ppm = 900000")
        edit(self.settings_file, "entry_confirmations = 1", "entry_confirmations = 2")
        self.out, self.service = directory / "run", None

    @contextmanager
    def running(self):
        with dry_service(
            load_settings(self.settings_file),
            fork_url=self.node.url,
            out=self.out,
            stop=threading.Event(),
            tell=lambda _: None,
        ) as self.service:
            yield self

    @property
    def now(self):
        return datetime.fromtimestamp(int(self.node.head()["timestamp"], 16), UTC)

    def monday(self, *, weeks=1):
        """Move to a minute after the next Monday's midnight."""
        ahead = timedelta(days=7 * weeks - self.now.weekday())
        at = (self.now + ahead).replace(hour=0, minute=1, second=0)
        self.node.rpc("evm_setNextBlockTimestamp", int(at.timestamp()))
        self.node.rpc("evm_mine")

    def signals(self, *, regime="bullish", bend=lambda rows: rows):
        """Write a regime and the ranking at the chain's prices, its rows bent and ranked anew."""
        shown = sample(
            self.node.rpc,
            ranking=json.loads(RANKING.read_bytes()),
            universe="strict",
            usd=Decimal(1),
            issued_at=self.now,
        )
        rows = bend([dict(row) for row in shown.ranking["rows"]])
        rows = [row | {"rank": rank} for rank, row in enumerate(rows, start=1)]
        write_signals(
            self.settings_file.parent,
            {**shown.ranking, "rows": rows},
            regime=regime,
            issued_at=self.now,
        )

    def cycle(self):
        """Run the cycle that is due, and return how it ended with its sells and buys by coin."""
        slot, end, _ = self.service.run_once()
        plans = [b.plan for b in self.bodies(RecordKind.PLAN, slot.cycle_id)]
        orders = plans[-1].orders if plans and end.ending is Ending.DONE else ()
        sold = {o.coin_id for o in orders if o.side is Side.SELL}
        bought = {o.coin_id for o in orders if o.side is Side.BUY}
        bought |= {o.id.partition(":=")[2] for o in orders if ":=" in o.id}
        return end, sold, bought

    def week(self, **signals):
        self.monday()
        self.signals(**signals)
        return self.cycle()

    def bodies(self, kind, cycle_id=None):
        return [body_of(r) for r in self.records((kind,), cycle_id)]

    def records(self, kinds=(), cycle_id=None):
        place = self.out / LEDGER_NAME
        with open_ledger(place, clock=SystemClock(), access=Access.READ) as ledger:
            return ledger.records(kinds=kinds, cycle_id=cycle_id)

    def holds(self, symbol):
        return balance(self.node.rpc, TOKENS[symbol].address, self.stage.vault)

    def give(self, symbol, amount):
        have = self.holds(symbol)
        fund(self.node.rpc, TOKENS[symbol].address, self.stage.vault, have + amount)

    def swap(self, sold, bought, amount, fee):
        """Move a market by a real swap of somebody else's."""
        fund(self.node.rpc, "0x" + "0" * 40, WHALE, 10**18)
        fund(self.node.rpc, TOKENS[sold].address, WHALE, amount)
        approve = call_data("approve(address,uint256)", SWAP_ROUTER_02, amount)
        transact(self.node, WHALE, TOKENS[sold].address, approve)
        data = call_data(
            "exactInputSingle((address,address,uint24,address,uint256,uint256,uint160))",
            (TOKENS[sold].address, TOKENS[bought].address, fee, WHALE, amount, 0, 0),
        )
        transact(self.node, WHALE, SWAP_ROUTER_02, data)


def without(*coins):
    return lambda rows: [row for row in rows if row["coin_id"] not in coins]


def last(coin, rank=140):
    def bend(rows):
        row = next(row for row in rows if row["coin_id"] == coin)
        rest = [other for other in rows if other is not row]
        cap = rest[rank]["market_cap_usd"]
        return [*rest[:rank], row | {"market_cap_usd": cap}, *rest[rank:]]

    return bend


def poisoned(rows):
    """A ranking whose first hundred are other coins than a week ago."""
    return rows[100:250] + rows[:100]


def ordinary_weeks(year):
    # 1: a portfolio that has drifted, before a coin is ranked.
    end, sold, bought = year.week(bend=without("chainlink"))
    assert (end.ending, end.reason) == (Ending.DONE, "")
    assert "chainlink" in sold
    assert bought - {"chainlink"}

    # 2: what the first week left to do.
    end, sold, bought = year.week(bend=without("chainlink"))
    assert end.ending is Ending.DONE
    assert "chainlink" not in sold | bought

    # 3: a coin enters.
    end, _, bought = year.week()
    assert end.ending is Ending.DONE
    assert "chainlink" in bought
    assert year.holds("LINK") > 0

    # 4: a coin leaves.
    end, sold, _ = year.week(bend=last("uniswap"))
    assert end.ending is Ending.DONE
    assert "uniswap" in sold
    assert year.holds("UNI") == 0

    # 5: a market moves, and a contribution comes.
    year.swap("USDC", "WETH", 200_000 * MILLION, 500)
    year.give("USDC", 20_000 * MILLION)
    end, _, bought = year.week(bend=last("uniswap"))
    assert end.ending is Ending.DONE, end.reason
    assert bought


def out_and_in_again(year):
    # 6: the regime turns, everything goes out.
    end, sold, _ = year.week(regime="bearish", bend=last("uniswap"))
    assert end.ending is Ending.DONE, end.reason
    assert {"bitcoin", "chainlink"} <= sold
    assert (year.holds("LINK"), year.holds("WBTC")) == (0, 0)

    # 7: still out: no coin is traded.
    end, sold, bought = year.week(regime="bearish", bend=last("uniswap"))
    assert (end.ending, sold | bought) == (Ending.DONE, set())

    # 8: a whipsaw: one bullish reading does not lead in, and the next is bearish again.
    for regime in ("bullish", "bearish"):
        end, sold, bought = year.week(regime=regime, bend=last("uniswap"))
        assert (end.ending, sold | bought) == (Ending.DONE, set())

    # 9: two bullish readings in a row do.
    assert year.week(bend=last("uniswap"))[2] == set()
    end, sold, bought = year.week(bend=last("uniswap"))
    assert end.ending is Ending.DONE, end.reason
    assert {"bitcoin", "chainlink"} <= bought
    assert not sold


def odd_weeks(year):
    # 10: a poisoned ranking is refused, and nothing is signed.
    refused = len(year.records((RecordKind.SIGNAL_REFUSED,)))
    signed = len(year.records((RecordKind.SIGNED,)))
    end, *_ = year.week(bend=poisoned)
    assert end.ending is not Ending.DONE
    assert len(year.records((RecordKind.SIGNAL_REFUSED,))) == refused + 1
    assert len(year.records((RecordKind.SIGNED,))) == signed

    # 11: a Monday is missed: the latest slot alone is caught up.
    year.monday(weeks=2)
    year.signals(bend=last("uniswap"))
    assert year.cycle()[0].ending is Ending.DONE

    # 12: the owner withdrew half of one coin: it is bought back from what is overweight.
    year.give("WBTC", -(year.holds("WBTC") // 2))
    end, sold, bought = year.week(bend=last("uniswap"))
    assert end.ending is Ending.DONE, end.reason
    assert "bitcoin" in bought
    assert sold


def test_twelve_weeks(tmp_path):
    with staged() as stage, Year(stage, tmp_path).running() as year:
        ordinary_weeks(year)
        out_and_in_again(year)
        odd_weeks(year)
        teller = Teller("index", needs_approval=frozenset())
        told = [teller.notice(record) for record in year.records()]

    titles = [notice.title for notice in told if notice is not None]
    assert sum("ranking of" in title and "refused" in title for title in titles) == 1
    assert sum("the regime turned" in title for title in titles) == 2
    assert sum("traded in" in title for title in titles) >= 6

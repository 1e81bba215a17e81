"""What the notices say: ids, sizes, cost, coverage, how to stop it, and nothing of what is secret."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from agent.daemon.notices import Teller
from agent.domain.bodies import (
    ApprovalGiven,
    Command,
    Halted,
    OperatorCommanded,
    ProposalMade,
    ProposalRejected,
    Reported,
    SignalName,
    SignalRefused,
)
from agent.domain.canonical import content_id
from agent.domain.fill import CycleReport
from agent.domain.notice import Level
from agent.domain.record import BETWEEN_CYCLES
from agent.domain.regime import RegimeCommanded
from agent.domain.signal import Regime
from agent.planning.proposing import propose
from tests.fakes import START, FakeLedger
from tests.worlds import NOW, USDC, WBTC, world

AT = datetime.fromtimestamp(NOW + 12 * 3_600, UTC)


def told(body, *, teller=None, cycle_id="index-1"):
    record = FakeLedger().append(body, cycle_id=cycle_id)
    return (teller or Teller("index", needs_approval=frozenset())).notice(record)


def made(**bent):
    proposal = propose(world(coins=12, **bent), executes_at=AT)
    return ProposalMade(proposal_id=content_id(proposal), proposal=proposal)


def test_a_proposal_says_when_what_how_much_and_how_to_stop_it():
    proposed = made()
    cost = proposed.proposal.cost

    notice = told(proposed)

    assert f"index: {len(proposed.proposal.orders)} orders of " in notice.title
    assert notice.title.endswith(" at Mon 2026-11-23 12:00 UTC")
    for words in (
        f"proposal {proposed.proposal_id}",
        f"({cost.total_bps} bps of what is traded)",
        f"a year of such weeks {cost.year_bps} bps",
        "bounds: turnover $",
        "of the index's market cap can be held",
        f"agent reject {proposed.proposal_id[:12]} --by NAME --reason WHY",
        "agent pause --by NAME",
    ):
        assert words in notice.body
    assert all(order.coin_id in notice.body for order in proposed.proposal.orders)
    assert "agent approve" not in notice.body
    assert notice.level is Level.INFO


def test_a_proposal_that_waits_for_somebody_says_so():
    teller = Teller("index", needs_approval=frozenset({Regime.BULLISH}))
    notice = told(made(), teller=teller)

    assert "nothing happens without: agent approve " in notice.body
    assert notice.level is Level.WARNING


def test_a_proposal_without_orders_is_told_too():
    notice = told(made(usd_by_token={USDC: 5}))

    assert "nothing to trade at" in notice.title


def test_a_turn_of_the_regime_is_a_warning_once():
    teller = Teller("index", needs_approval=frozenset(), regime=Regime.BULLISH)
    out = made(regime=Regime.BEARISH, usd_by_token={WBTC: 500_000})

    first, second = told(out, teller=teller), told(out, teller=teller)

    assert first.title.startswith("index: the regime turned bearish: ")
    assert (first.level, second.level) == (Level.WARNING, Level.INFO)


def test_a_report_sets_realised_against_planned():
    report = CycleReport(
        cycle_id="index-1",
        plan_id="f" * 64,
        outcomes=(),
        planned_cost_usd=Decimal("630.92"),
        realised_gas_usd=Decimal("12.10"),
        realised_slippage_usd=Decimal("-3.5"),
        traded_usd=Decimal(272_805),
        max_drift_after_ppm=1_500,
    )

    assert "index: nothing was traded" == told(Reported(report=report)).title


def test_every_other_word_for_operators_has_its_level_and_next_step():
    cases = [
        (Halted(error="OutcomeMismatchError", reason="x"), Level.ERROR, "agent log review index-1"),
        (Halted(error="PlanExpiredError", reason="x"), Level.WARNING, "agent status"),
        (Halted(error="RpcUnavailableError", reason="x"), Level.ERROR, "agent status"),
        (
            ProposalRejected(proposal_id="ab" * 32, by="Ada", reason="not now"),
            Level.WARNING,
            "not now",
        ),
        (
            OperatorCommanded(command=Command.PAUSE, by="Ada", reason="audit", at=START),
            Level.WARNING,
            "audit",
        ),
        (
            RegimeCommanded(
                stance=Regime.BEARISH, by="Ada", reason="war", at=START, max_reentries=2
            ),
            Level.WARNING,
            "war",
        ),
        (
            SignalRefused(
                signal=SignalName.RANKING, source="ranking.json", sha256=None, reason="stale"
            ),
            Level.WARNING,
            "stale",
        ),
    ]
    for body, level, words in cases:
        notice = told(body)
        assert level is notice.level
        assert words in notice.body


def test_what_settings_approved_is_no_news():
    given = ApprovalGiven(proposal_id="ab", by="settings", note="")

    assert told(given) is None
    assert told(replace(given, by="Ada")).title == "index: proposal ab approved by Ada"


def test_the_id_is_the_records_and_stays():
    record = FakeLedger().append(Halted(error="X", reason="y"), cycle_id=BETWEEN_CYCLES)
    teller = Teller("index", needs_approval=frozenset())

    assert teller.notice(record) == teller.notice(record)
    assert record.hash.startswith(teller.notice(record).id)
    assert f"notice {teller.notice(record).id}, record {record.seq}" in teller.notice(record).body

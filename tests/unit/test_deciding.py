"""From signals to a plan: what is recorded, what is taken from the record, and what stops it."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agent.daemon.deciding import Deciding
from agent.daemon.gather import Sources
from agent.daemon.holding import Holding
from agent.daemon.regime_book import RegimeBook
from agent.daemon.schedule import Slot
from agent.domain.bodies import (
    ApprovalGiven,
    Command,
    OperatorCommanded,
    ProposalRejected,
)
from agent.domain.canonical import content_id
from agent.domain.happening import Planned, Proposed, SignalsAccepted
from agent.domain.record import BETWEEN_CYCLES, RecordKind
from agent.domain.regime import RegimeCommanded
from agent.domain.signal import NO_BYTES_SHA256, Regime
from agent.domain.units import Bps
from agent.domain.vetting import RankingCleared
from agent.errors import (
    LimitsBreachedError,
    PlanOutOfBoundsError,
    ProposalRejectedError,
    RankingStoppedError,
    ReplayedSignalError,
    SignalsDisagreeError,
    SourceUnavailableError,
    StaleSignalError,
    StanceUndecidedError,
)
from tests.fakes import (
    START,
    FakeChain,
    FakeLedger,
    FakePlanner,
    FakeRankings,
    FakeRegimes,
    FakeVenue,
    StillClock,
)
from tests.worlds import AGENT, POLICY, QUARANTINE, REGIME_RULES, drifted, world

COINS = 20
NOTICE = timedelta(hours=12)
SLOT = Slot(cycle_id="index-2026-11-23T0000Z", scheduled_at=START)


class Desk:
    """Deciding over fakes, each of which a test can bend."""

    def __init__(self, *, policy=POLICY, is_approval_required=False, usd_by_token=None):
        inputs = world(coins=COINS, policy=policy, usd_by_token=usd_by_token)
        self.clock = StillClock(time=START - NOTICE)
        self.rankings = FakeRankings(inputs.ranking)
        self.regimes = FakeRegimes(replace(inputs.regime, issued_at=inputs.ranking.issued_at))
        self.chain = FakeChain(account=AGENT, position=inputs.position)
        self.venue = FakeVenue(inputs.pools)
        self.ledger, self.told = FakeLedger(), []
        self.book = RegimeBook(self.ledger)
        self.deciding = Deciding(
            sources=Sources(
                clock=self.clock,
                rankings=self.rankings,
                regimes=self.regimes,
                chain=self.chain,
                venue=self.venue,
                token_map=inputs.token_map,
                chain_book=inputs.chain_book,
                policy=policy,
                max_gap_s=3_600,
                regime_rules=REGIME_RULES,
                quarantine=QUARANTINE,
            ),
            planner=FakePlanner(),
            ledger=self.ledger,
            book=self.book,
            account=AGENT,
            holding=Holding(
                chain=self.chain,
                clock=self.clock,
                ceiling=policy.max_fee_per_gas_wei,
                patience=timedelta(hours=1),
                tell=self.told.append,
            ),
            notice=NOTICE,
            is_approval_required=is_approval_required,
            tell=self.told.append,
        )

    def kinds(self):
        return [record.kind for record in self.ledger.records()]

    def bodies(self, kind):
        return [record.body for record in self.ledger.records(kinds=(kind,))]


def test_a_proposal_follows_its_signals_and_inputs_in_the_record():
    desk = Desk()

    desk.deciding.propose(SLOT)

    assert [
        RecordKind.REGIME_READ,
        RecordKind.SIGNAL_ACCEPTED,
        RecordKind.SIGNAL_ACCEPTED,
        RecordKind.RANKING_VETTED,
        RecordKind.INPUTS,
        RecordKind.PROPOSAL,
    ] == desk.kinds()
    assert [SignalsAccepted, Proposed] == [type(happening) for happening in desk.told]


def test_signals_and_inputs_are_kept_as_they_came():
    desk = Desk()

    desk.deciding.propose(SLOT)

    named = [body["sha256"] for body in desk.bodies(RecordKind.SIGNAL_ACCEPTED)]
    assert [b"regime", b"ranking"] == [desk.ledger.load_content(sha256) for sha256 in named]
    (fixed,) = desk.bodies(RecordKind.INPUTS)
    assert fixed["inputs_sha256"] == content_id(desk.told[-1].inputs)


def test_proposing_twice_makes_one_proposal():
    desk = Desk()

    desk.deciding.propose(SLOT)
    before = desk.kinds()
    desk.deciding.propose(SLOT)

    assert before == desk.kinds()


@pytest.mark.parametrize(
    ("early", "expected"),
    [
        (timedelta(hours=13), START),
        (timedelta(hours=12), START),
        (timedelta(hours=5), START + timedelta(hours=7)),
    ],
)
def test_nothing_is_executed_before_its_slot_nor_with_less_notice(early, expected):
    desk = Desk()
    desk.clock.time = START - early

    desk.deciding.propose(SLOT)

    assert expected == desk.deciding.executes_at(SLOT)


def test_a_refused_signal_is_recorded_with_its_bytes_and_nothing_follows():
    desk = Desk()
    desk.rankings.error = StaleSignalError(source="ranking.json", age_s=9, max_age_s=1)
    desk.rankings.error.raw = b"old"

    with pytest.raises(StaleSignalError):
        desk.deciding.propose(SLOT)

    (refused,) = desk.bodies(RecordKind.SIGNAL_REFUSED)
    assert [RecordKind.REGIME_READ, RecordKind.SIGNAL_REFUSED] == desk.kinds()
    assert desk.ledger.load_content(refused["sha256"]) == b"old"


def test_signals_that_disagree_in_time_are_both_refused():
    desk = Desk()
    regime = desk.regimes.regime
    desk.regimes.regime = replace(regime, issued_at=regime.issued_at - timedelta(hours=2))

    with pytest.raises(SignalsDisagreeError):
        desk.deciding.propose(SLOT)

    assert [RecordKind.REGIME_READ, *[RecordKind.SIGNAL_REFUSED] * 2] == desk.kinds()


def bearish(desk, *, later=timedelta(0), probability="0.9"):
    desk.regimes.raw = b"bearish"
    desk.regimes.regime = replace(
        desk.regimes.regime,
        regime=Regime.BEARISH,
        probability=Decimal(probability),
        issued_at=desk.regimes.regime.issued_at + later,
    )


def command(desk, stance):
    commanded = RegimeCommanded(
        stance=stance, by="op", reason="test", at=desk.clock.now(), max_reentries=1
    )
    desk.ledger.append(commanded, cycle_id=BETWEEN_CYCLES)


def test_a_way_out_is_proposed_at_once():
    desk = Desk()
    bearish(desk)

    desk.deciding.propose(SLOT)

    assert desk.clock.now() == desk.deciding.executes_at(SLOT)
    assert desk.told[-1].proposal.regime is Regime.BEARISH


def test_a_way_out_needs_no_ranking():
    desk = Desk(policy=replace(POLICY, max_slippage_bps=Bps(500), max_cost_bps=Bps(500)))
    bearish(desk)
    desk.rankings.error = StaleSignalError(source="ranking.json", age_s=9, max_age_s=1)

    desk.deciding.propose(SLOT)
    desk.deciding.awaits_approval(SLOT)
    desk.deciding.plan(SLOT)

    plan = desk.told[-1].plan
    assert (Regime.BEARISH, NO_BYTES_SHA256) == (plan.regime, plan.ranking_sha256)
    assert plan.batches


def test_a_commanded_way_out_needs_no_regime_source():
    desk = Desk()
    command(desk, Regime.BEARISH)
    desk.regimes.error = SourceUnavailableError(source="regime.json", reason="down")

    desk.deciding.propose(SLOT)

    assert desk.told[-1].proposal.regime is Regime.BEARISH


def test_a_rebalance_needs_its_ranking():
    desk = Desk()
    desk.rankings.error = SourceUnavailableError(source="ranking.json", reason="down")

    with pytest.raises(SourceUnavailableError):
        desk.deciding.propose(SLOT)


def churned(desk):
    """Let the next ranking have half its coins replaced by others."""
    ranking = desk.rankings.ranking
    coins = tuple(
        replace(c, coin_id=f"new-{c.rank}", symbol=f"N{c.rank}") if c.rank % 2 else c
        for c in ranking.coins
    )
    desk.rankings.raw = b"churned"
    desk.rankings.ranking = replace(
        ranking, coins=coins, issued_at=ranking.issued_at + timedelta(minutes=1)
    )
    return replace(SLOT, cycle_id="index-2026-11-30T0000Z")


def test_a_ranking_that_turned_over_is_refused_and_recorded():
    desk = Desk()
    desk.deciding.propose(SLOT)
    following = churned(desk)

    with pytest.raises(RankingStoppedError, match="left the list at once"):
        desk.deciding.propose(following)

    (refused,) = desk.bodies(RecordKind.SIGNAL_REFUSED)
    assert desk.ledger.load_content(refused["sha256"]) == b"churned"


def test_a_ranking_that_turned_over_passes_once_somebody_let_it():
    desk = Desk()
    desk.deciding.propose(SLOT)
    following = churned(desk)
    sha256 = hashlib.sha256(b"churned").hexdigest()
    cleared = RankingCleared(ranking_sha256=sha256, by="op", reason="looked at it")
    desk.ledger.append(cleared, cycle_id=BETWEEN_CYCLES)

    desk.deciding.propose(following)

    assert desk.told[-1].proposal.ranking_sha256 == sha256


def test_a_ranking_is_vetted_once_however_often_it_is_read():
    desk = Desk()
    desk.deciding.propose(SLOT)
    desk.deciding.propose(replace(SLOT, cycle_id="index-2026-11-30T0000Z"))

    first, second = (h.inputs.vetting for h in desk.told if isinstance(h, Proposed))
    assert first == second
    assert len(desk.bodies(RecordKind.RANKING_VETTED)) == 1


def test_an_old_ranking_is_not_taken_again():
    desk = Desk()
    desk.deciding.propose(SLOT)
    desk.rankings.raw = b"older"
    ranking = desk.rankings.ranking
    desk.rankings.ranking = replace(ranking, issued_at=ranking.issued_at - timedelta(minutes=1))

    with pytest.raises(ReplayedSignalError, match="issued_at"):
        desk.deciding.propose(replace(SLOT, cycle_id="index-2026-11-30T0000Z"))

    (refused,) = desk.bodies(RecordKind.SIGNAL_REFUSED)
    assert desk.ledger.load_content(refused["sha256"]) == b"older"


def test_a_first_reading_that_is_not_clear_starts_nothing():
    desk = Desk()
    bearish(desk, probability="0.1")

    with pytest.raises(StanceUndecidedError, match="no stance yet"):
        desk.deciding.propose(SLOT)


def test_a_weak_reading_keeps_the_stance():
    desk = Desk()
    desk.deciding.propose(SLOT)
    bearish(desk, later=timedelta(minutes=1), probability="0.1")
    other = replace(SLOT, cycle_id="index-2026-11-30T0000Z")

    desk.deciding.propose(other)

    assert desk.told[-1].proposal.regime is Regime.BULLISH


def test_a_proposal_is_outdated_once_the_stance_switched():
    desk = Desk()
    desk.deciding.propose(SLOT)
    before = desk.deciding.is_outdated(SLOT)

    command(desk, Regime.BEARISH)

    assert (False, True) == (before, desk.deciding.is_outdated(SLOT))
    with pytest.raises(PlanOutOfBoundsError, match="regime is bearish, the bound is bullish"):
        desk.deciding.plan(SLOT)


def test_a_plan_is_made_from_the_signals_of_its_proposal():
    desk = Desk()
    desk.deciding.propose(SLOT)
    desk.regimes.regime = replace(desk.regimes.regime, regime=Regime.BEARISH)

    desk.deciding.plan(SLOT)

    planned = desk.told[-1]
    assert isinstance(planned, Planned)
    assert planned.plan.regime is Regime.BULLISH
    assert planned.plan.proposal_id == desk.bodies(RecordKind.PROPOSAL)[0]["proposal_id"]
    assert planned.plan_id == content_id(planned.plan)


def test_planning_twice_makes_one_plan():
    desk = Desk()
    desk.deciding.propose(SLOT)
    desk.deciding.plan(SLOT)
    before = desk.kinds()
    desk.chain.mine(5)

    desk.deciding.plan(SLOT)

    assert before == desk.kinds()
    assert desk.told[-1] == desk.told[-2]


def test_a_plan_beyond_a_limit_is_recorded_and_goes_no_further():
    desk = Desk(policy=replace(POLICY, max_cycle_usd=Decimal(1)))
    desk.deciding.propose(SLOT)

    for _ in range(2):
        with pytest.raises(LimitsBreachedError, match="nothing was signed"):
            desk.deciding.plan(SLOT)

    assert desk.kinds().count(RecordKind.PLAN) == 1


def test_a_plan_that_outgrew_its_proposal_is_refused():
    desk = Desk()
    desk.deciding.propose(SLOT)
    usd = drifted(COINS)
    richer = {
        token: worth * (9 if index % 2 else 1) for index, (token, worth) in enumerate(usd.items())
    }
    desk.chain.position = world(coins=COINS, usd_by_token=richer).position

    with pytest.raises(PlanOutOfBoundsError):
        desk.deciding.plan(SLOT)


def test_settings_approve_where_nobody_has_to():
    desk = Desk()
    desk.deciding.propose(SLOT)

    assert desk.deciding.awaits_approval(SLOT) is None
    assert ["settings"] == [body["by"] for body in desk.bodies(RecordKind.APPROVAL)]


def test_a_proposal_awaits_approval_where_somebody_has_to():
    desk = Desk(is_approval_required=True)
    desk.deciding.propose(SLOT)
    (proposal,) = desk.bodies(RecordKind.PROPOSAL)

    assert proposal["proposal_id"] == desk.deciding.awaits_approval(SLOT)
    assert RecordKind.APPROVAL not in desk.kinds()


def test_balances_and_feeds_of_everything_known_are_read():
    desk = Desk()

    desk.deciding.propose(SLOT)

    tokens, feeds = desk.chain.asked
    assert desk.venue.asked
    assert len(tokens) > COINS
    assert desk.deciding.sources.chain_book.native_usd_feed in feeds


def test_a_rejected_proposal_goes_no_further_even_if_it_was_approved():
    desk = Desk(is_approval_required=True)
    desk.deciding.propose(SLOT)
    (proposal,) = desk.bodies(RecordKind.PROPOSAL)
    known = {"proposal_id": proposal["proposal_id"], "by": "Ada"}
    desk.ledger.append(ApprovalGiven(note="", **known), cycle_id=SLOT.cycle_id)
    desk.ledger.append(ProposalRejected(reason="no", **known), cycle_id=SLOT.cycle_id)

    with pytest.raises(ProposalRejectedError, match="was rejected by Ada: no"):
        desk.deciding.awaits_approval(SLOT)


def test_a_rejection_binds_to_its_proposal_alone():
    desk = Desk()
    desk.deciding.propose(SLOT)
    other = ProposalRejected(proposal_id="other", by="Ada", reason="no")
    desk.ledger.append(other, cycle_id=SLOT.cycle_id)

    assert desk.deciding.awaits_approval(SLOT) is None


def test_while_the_agent_is_paused_a_proposal_waits():
    desk = Desk()
    desk.deciding.propose(SLOT)
    for command, waits in ((Command.PAUSE, True), (Command.RESUME, False)):
        given = OperatorCommanded(command=command, by="Ada", reason="audit", at=START)
        desk.ledger.append(given, cycle_id=BETWEEN_CYCLES)

        assert (desk.deciding.awaits_approval(SLOT) is not None) is waits

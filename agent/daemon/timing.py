"""Picks the moment within the execution window: what is seen now, against what the chain usually asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent import observe
from agent.daemon.gather import Signals, Sources, fetch_inputs
from agent.domain.block import Block
from agent.domain.plan import PlanInputs, Proposal
from agent.domain.signal import Regime
from agent.domain.units import Ppm
from agent.domain.window import FeeSample, Moment, Seen, WindowRules
from agent.errors import RetryableError
from agent.planning.moments import depth_ppm, moment
from agent.ports import FeeHistory

WEEKS = 4
SAMPLE_EVERY_S = 7_200
BLOCK_S = 12
BLOCKS_PER_SAMPLE = SAMPLE_EVERY_S // BLOCK_S
SAMPLES = WEEKS * 7 * 86_400 // SAMPLE_EVERY_S
LOOK_EVERY = timedelta(minutes=5)


@dataclass(kw_only=True)
class Timing:
    """Says when to go ahead. The profile of usual base fees is learned once per proposal."""

    rules: WindowRules
    sources: Sources
    fees: FeeHistory
    _profile: tuple[FeeSample, ...] = field(default=(), init=False)
    _learned_for: str = field(default="", init=False)
    _looked_at: datetime | None = field(default=None, init=False)
    _last: str = field(default="", init=False)

    def is_now(self, proposal: Proposal, proposal_id: str, then: Callable[[], PlanInputs]) -> bool:
        """Return whether to execute now a proposal that was made on the inputs of `then`; an exit always.

        What cannot be read puts it off, until the deadline.
        """
        now = self.sources.clock.now()
        if proposal.regime is Regime.BEARISH or now >= proposal.executes_at + self.rules.length:
            return True
        if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
            return False
        self._looked_at = now
        try:
            found = self._moment(proposal, proposal_id, then, now)
        except RetryableError as error:
            observe.step_retried(step="moment", reason=str(error))
            return False
        if found.is_now or found.why != self._last:
            observe.moment_judged(is_now=found.is_now, why=found.why)
        self._last = found.why
        return found.is_now

    def _moment(
        self, proposal: Proposal, proposal_id: str, then: Callable[[], PlanInputs], now: datetime
    ) -> Moment:
        head = self.sources.chain.fetch_head()
        if self._learned_for != proposal_id:
            self._profile = self.fees.fetch_base_fees(heights(head))
            self._learned_for = proposal_id
        seen = Seen(
            now=now, base_fee_per_gas=head.base_fee_per_gas, depth_ppm=self._depth(proposal, then)
        )
        return moment(
            self.rules,
            opens_at=proposal.executes_at,
            proposal_id=proposal_id,
            seen=seen,
            profile=self._profile,
        )

    def _depth(self, proposal: Proposal, then: Callable[[], PlanInputs]) -> Ppm | None:
        if not self.rules.min_depth_ppm:
            return None
        before = then()
        signals = Signals(
            ranking=before.ranking,
            regime=before.regime,
            stance=before.stance,
            vetting=before.vetting,
        )
        now = fetch_inputs(self.sources, cycle_id=proposal.cycle_id, signals=signals)
        return depth_ppm(now, before)


def heights(head: Block) -> tuple[int, ...]:
    """Return the blocks to learn from: one every two hours of four weeks, as far as there are any."""
    wanted = (head.number - n * BLOCKS_PER_SAMPLE for n in range(1, SAMPLES + 1))
    return tuple(height for height in wanted if height >= 0)

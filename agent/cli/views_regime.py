"""How the regime's machine looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from agent.cli.words import moment
from agent.domain.regime import RegimeRules, RegimeState
from agent.domain.signal import Regime

PLACE = {Regime.BULLISH: "in the index", Regime.BEARISH: "out, in stablecoins"}


def regime_view(state: RegimeState, rules: RegimeRules) -> str:
    """Return the state in a few lines."""
    return "\n".join(_lines(state, rules))


def _lines(state: RegimeState, rules: RegimeRules) -> Iterator[str]:
    if state.stance is None or state.since is None:
        yield "stance       none yet: the first clear reading decides"
    else:
        yield f"stance       {PLACE[state.stance]} since {moment(state.since)}: {state.why}"
    if state.held_by:
        yield f"held out     by {state.held_by}; `agent regime override follow` ends it"
    if state.waits:
        yield f"re-entry     waits: {state.waits}"
    if state.last is not None:
        read = state.last
        yield (
            f"last reading {read.regime} at {read.probability:f}, issued {moment(read.issued_at)}, "
            f"sha256 {read.sha256[:16]}..."
        )
    yield (
        f"rules        out from {rules.exit_probability:f} x{rules.exit_confirmations}, in from "
        f"{rules.entry_probability:f} x{rules.entry_confirmations}, {rules.min_out_s} s apart, "
        f"{len(state.reentries)} of {rules.max_reentries} re-entries in 30 days used"
    )

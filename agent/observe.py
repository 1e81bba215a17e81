"""Every event worth knowing: one function each, which alone knows the event's name and fields.

Events are past facts in snake_case, values are fields. No function takes a key, a password, an address
of a node, or raw signed bytes, so none can reach the output.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, TextIO

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars

from agent.domain.bodies import NoncesAdopted, Rehearsed, SignalAccepted, SignalRefused
from agent.domain.fill import BatchOutcome, CycleReport
from agent.domain.happening import Ending, StepEnd
from agent.domain.offer import Offered
from agent.domain.plan import Plan, Proposal
from agent.domain.pool import PoolRef
from agent.domain.record import Checkpoint
from agent.domain.regime import RegimeState
from agent.domain.vetting import Vetting

_log = structlog.stdlib.get_logger("agent")


def configure(*, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send events to `stream` (stderr by default): readable on a terminal, else one JSON object a line.

    What libraries log goes the same way, from warnings up.
    """
    out = stream or sys.stderr
    shared: list[structlog.types.Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _plain_values,
    ]
    last = _last_processors(out)
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    # Without a handler of its own, DBOS gives its logger one that writes past ours.
    logging.getLogger("dbos").handlers = [logging.NullHandler()]


def _last_processors(out: TextIO) -> list[structlog.types.Processor]:
    # Tracebacks are plain: the pretty ones print local variables, which may be secrets.
    if out.isatty():
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(pad_event_to=20, exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _plain_values(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    return {key: _plain(value) for key, value in event.items()}


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case _:
            return value


@contextmanager
def cycle(cycle_id: str) -> Iterator[None]:
    """Bind the cycle's id to every event inside."""
    with bound_contextvars(cycle_id=cycle_id):
        yield


def service_started(*, version: str, settings: Mapping[str, Any]) -> None:
    _log.info("service_started", version=version, settings=settings)


def service_stopping(*, reason: str) -> None:
    _log.info("service_stopping", reason=reason)


def service_stopped() -> None:
    _log.info("service_stopped")


def cycle_scheduled(*, cycle_id: str, starts_at: datetime, executes_at: datetime) -> None:
    _log.info(
        "cycle_scheduled", next_cycle_id=cycle_id, starts_at=starts_at, executes_at=executes_at
    )


def cycle_caught_up(*, cycle_id: str, missed_at: datetime) -> None:
    _log.warning("cycle_caught_up", missed_cycle_id=cycle_id, missed_at=missed_at)


def signal_accepted(signal: SignalAccepted) -> None:
    _log.info(
        "signal_accepted",
        signal=str(signal.signal),
        source=signal.source,
        issued_at=signal.issued_at,
        sha256=signal.sha256,
    )


def signal_refused(signal: SignalRefused) -> None:
    _log.warning(
        "signal_refused", signal=str(signal.signal), source=signal.source, reason=signal.reason
    )


def signal_done_without(*, signal: str, reason: str) -> None:
    _log.warning("signal_done_without", signal=str(signal), reason=reason)


def ranking_vetted(vetting: Vetting) -> None:
    for found in vetting.findings:
        _log.warning(
            "coin_quarantined",
            coin=found.coin_id,
            verdict=str(found.verdict),
            rule=str(found.rule),
            reason=found.reason,
        )


def breaker_tripped(*, reason: str) -> None:
    _log.error("breaker_tripped", reason=reason)


def stance_switched(state: RegimeState) -> None:
    _log.warning("stance_switched", stance=str(state.stance), why=state.why)


def proposal_made(proposal: Proposal, *, proposal_id: str) -> None:
    _log.info(
        "proposal_made",
        proposal_id=proposal_id,
        executes_at=proposal.executes_at,
        regime=str(proposal.regime),
        block=proposal.block.number,
        orders=len(proposal.orders),
        skipped=len(proposal.skipped),
        notional_usd=proposal.cost.notional_usd,
        cost_usd=proposal.cost.total_usd,
    )


def offers_fetched(offered: Offered) -> None:
    why = Counter(str(declined.why) for declined in offered.declined)
    _log.info("offers_fetched", offers=len(offered.offers), firm=len(offered.firm), declined=why)


def token_set_aside(*, token: str, reason: str) -> None:
    _log.warning("token_set_aside", token=token, reason=reason)


def plan_made(plan: Plan, *, plan_id: str) -> None:
    _log.info(
        "plan_made",
        plan_id=plan_id,
        proposal_id=plan.proposal_id,
        block=plan.block.number,
        orders=len(plan.orders),
        skipped=len(plan.skipped),
        batches=len(plan.batches),
        notional_usd=plan.cost.notional_usd,
        cost_usd=plan.cost.total_usd,
    )


def pool_left_out(pool: PoolRef, reason: str) -> None:
    _log.warning("pool_left_out", pool=pool.address, kind=str(pool.kind), reason=reason)


def step_retried(*, step: str, reason: str) -> None:
    _log.warning("step_retried", step=step, reason=reason)


def batch_rehearsed(rehearsed: Rehearsed) -> None:
    _log.info(
        "batch_rehearsed",
        intent_id=rehearsed.intent_id,
        simulator=rehearsed.simulator,
        block=rehearsed.block.number,
        gas_used=rehearsed.gas_used,
    )


def batch_signed(*, intent_id: str, nonce: int, attempt: int, kind: str, tx_hash: str) -> None:
    _log.info(
        "batch_signed",
        intent_id=intent_id,
        nonce=nonce,
        attempt=attempt,
        kind=kind,
        tx_hash=tx_hash,
    )


def batch_sent(*, intent_id: str, tx_hash: str, is_accepted: bool, answer: str) -> None:
    _log.info(
        "batch_sent", intent_id=intent_id, tx_hash=tx_hash, is_accepted=is_accepted, answer=answer
    )


def replacement_held(*, intent_id: str, nonce: int, ceiling_wei: int) -> None:
    _log.warning("replacement_held", intent_id=intent_id, nonce=nonce, ceiling_wei=ceiling_wei)


def nonce_taken(*, intent_id: str, nonce: int) -> None:
    _log.error("nonce_taken", intent_id=intent_id, nonce=nonce)


def settling_halted(*, error: str, reason: str) -> None:
    _log.error("settling_halted", error=error, reason=reason)


def intent_rerouted(*, intent_id: str, policy: str, block: int) -> None:
    _log.warning("intent_rerouted", intent_id=intent_id, policy=policy, block=block)


def fee_held(*, asked_wei: int, ceiling_wei: int) -> None:
    _log.warning("fee_held", asked_wei=asked_wei, ceiling_wei=ceiling_wei)


def nonces_adopted(adopted: NoncesAdopted) -> None:
    _log.error(
        "nonces_adopted",
        account=adopted.account,
        first_nonce=adopted.first_nonce,
        next_nonce=adopted.next_nonce,
        sequence=adopted.sequence,
        block=adopted.block.number,
        by=adopted.by,
        note=adopted.note,
    )


def batch_dropped(*, intent_id: str, reason: str) -> None:
    _log.warning("batch_dropped", intent_id=intent_id, reason=reason)


def batch_landed(outcome: BatchOutcome) -> None:
    _log.info(
        "batch_landed",
        batch=outcome.batch_index,
        tx_hash=outcome.tx_hash,
        block=outcome.block_number,
        is_success=outcome.is_success,
        gas_used=outcome.gas_used,
        fills=len(outcome.fills),
    )


def checkpoint_sealed(checkpoint: Checkpoint) -> None:
    _log.info(
        "checkpoint_sealed",
        size=checkpoint.size,
        head=checkpoint.head,
        block=checkpoint.block_number,
        next_nonce=checkpoint.next_nonce,
    )


def cycle_reported(report: CycleReport) -> None:
    _log.info(
        "cycle_reported",
        plan_id=report.plan_id,
        batches=len(report.outcomes),
        traded_usd=report.traded_usd,
        gas_usd=report.realised_gas_usd,
        slippage_usd=report.realised_slippage_usd,
        max_drift_after_ppm=report.max_drift_after_ppm,
    )


def cycle_ended(end: StepEnd) -> None:
    """Record the one line that sums a cycle up; one that was halted wants a human."""
    level = {Ending.DONE: logging.INFO, Ending.HALTED: logging.ERROR}.get(
        end.ending, logging.WARNING
    )
    _log.log(level, "cycle_ended", ending=str(end.ending), error=end.error, reason=end.reason)


def moment_judged(*, is_now: bool, why: str) -> None:
    _log.info("moment_judged", is_now=is_now, why=why)


def notice_sent(*, notice_id: str, channel: str) -> None:
    _log.info("notice_sent", notice_id=notice_id, channel=channel)


def notice_failed(*, notice_id: str, channel: str, is_given_up: bool) -> None:
    _log.warning("notice_failed", notice_id=notice_id, channel=channel, is_given_up=is_given_up)


def notices_held(*, reason: str) -> None:
    _log.warning("notices_held", reason=reason)


def command_refused(*, error: str, reason: str) -> None:
    _log.error("command_refused", error=error, reason=reason)


def unexpected_error(error: BaseException) -> None:
    """Record a failure that nobody named, with its traceback: it is a bug."""
    _log.critical("unexpected_error", error=type(error).__name__, exc_info=error)

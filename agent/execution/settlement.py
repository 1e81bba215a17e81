"""What a mined batch did, leg by leg, from its receipt alone, held against what was planned.

A status of 1 is no proof: a call to an account without code has it too. A batch counts as done by the
event of the contract, the swaps of its pools and the transfers of its tokens, all of them agreeing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from agent.domain.fill import BatchOutcome, Fill
from agent.domain.intent import Receipt
from agent.domain.order import Batch, BatchLeg, Leg, RouterLeg
from agent.domain.portfolio import Portfolio
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, ZERO_ADDRESS, Address
from agent.errors import OutcomeMismatchError
from agent.execution.events import Executed, Swap, executed, swaps, transferred
from agent.execution.prepared import PreparedBatch

HUNDREDTH = Decimal("0.01")


def settled(prepared: PreparedBatch, receipt: Receipt) -> BatchOutcome:
    """Return how a batch landed; no fills where it reverted.

    Raises:
        OutcomeMismatchError: the receipt's events are not those of the batch.
    """
    outcome = BatchOutcome(
        batch_index=prepared.batch.index,
        tx_hash=receipt.tx_hash,
        block_number=receipt.block_number,
        block_hash=receipt.block_hash,
        is_success=receipt.is_success,
        gas_forecast=prepared.batch.gas_forecast,
        gas_used=receipt.gas_used,
        effective_gas_price=receipt.effective_gas_price,
        fills=(),
    )
    if not receipt.is_success:
        return outcome
    _check_event(prepared, receipt)
    fills = _fills(prepared.batch, receipt, prepared.intent.contract)
    _check_transfers(prepared, receipt, fills)
    return replace(outcome, fills=fills)


def _check_event(prepared: PreparedBatch, receipt: Receipt) -> None:
    witness = Executed(
        plan_id=prepared.intent.plan_id,
        intent_hash=prepared.intent_hash,
        sequence=prepared.batch.sequence,
    )
    said = executed(receipt.logs, prepared.intent.contract)
    if said != (witness,):
        raise _mismatch(receipt, "the event of the batch", (witness,), said)


def _fills(batch: Batch, receipt: Receipt, contract: Address) -> tuple[Fill, ...]:
    """Return a fill for each leg: the pools' swaps come in the order of their legs."""
    direct = [leg for leg in batch.legs if isinstance(leg, Leg)]
    found = swaps(receipt.logs, frozenset(leg.pool for leg in direct), by=contract)
    planned = [(leg.pool, leg.zero_for_one, leg.amount_in) for leg in direct]
    swapped = [(swap.pool, swap.is_zero_for_one, swap.amount_in) for swap in found]
    if swapped != planned:
        raise _mismatch(receipt, "the list of swaps", planned, swapped)
    left, routed = iter(found), iter(_routed_amounts(batch, found, receipt, contract))
    return tuple(
        _fill(batch, index, leg, next(left).amount_out if isinstance(leg, Leg) else next(routed))
        for index, leg in enumerate(batch.legs)
    )


def _routed_amounts(
    batch: Batch, found: Sequence[Swap], receipt: Receipt, contract: Address
) -> Iterator[int]:
    """Yield what each router leg brought: what the transfers say came in beyond the swaps of pools.

    Several router legs into one token share that as they were quoted, the last with the rest.
    """
    legs = [leg for leg in batch.legs if isinstance(leg, RouterLeg)]
    gained = transferred(receipt.logs, contract)
    left = {
        token: gained.get(token, 0) + spent
        for token, spent in _paid_beside_routers(batch, found).items()
    }
    quoted: dict[Address, int] = {}
    for leg in legs:
        quoted[leg.token_out.address] = quoted.get(leg.token_out.address, 0) + leg.amount_out
    for leg in legs:
        token = leg.token_out.address
        amount = left[token] * leg.amount_out // quoted[token]
        left[token] -= amount
        quoted[token] -= leg.amount_out
        yield amount


def _paid_beside_routers(batch: Batch, found: Sequence[Swap]) -> dict[Address, int]:
    """Return, by token that a router leg buys, what was spent of it less what pools brought of it."""
    spent = {leg.token_out.address: 0 for leg in batch.legs if isinstance(leg, RouterLeg)}
    swapped = iter(found)
    for leg in batch.legs:
        if leg.token_in.address in spent:
            spent[leg.token_in.address] += leg.amount_in
        brought = next(swapped).amount_out if isinstance(leg, Leg) else 0
        if leg.token_out.address in spent:
            spent[leg.token_out.address] -= brought
    return spent


def _fill(batch: Batch, index: int, leg: BatchLeg, amount_out: int) -> Fill:
    return Fill(
        order_id=leg.order_id,
        batch_index=batch.index,
        leg_index=index,
        pool=leg.pool,
        token_in=leg.token_in,
        token_out=leg.token_out,
        amount_in=leg.amount_in,
        amount_out=amount_out,
        planned_amount_out=leg.amount_out,
        realised_slippage_bps=slippage_bps(planned=leg.amount_out, realised=amount_out),
    )


def slippage_bps(*, planned: int, realised: int) -> Decimal:
    """Return by how much less came out than planned, in bps to two decimals; positive is worse."""
    share = Decimal(planned - realised) * ONE_HUNDRED_PERCENT_BPS / Decimal(planned)
    return share.quantize(HUNDREDTH)


def _check_transfers(prepared: PreparedBatch, receipt: Receipt, fills: Sequence[Fill]) -> None:
    """Hold the pools' word against the tokens': a token that keeps a fee shows here."""
    gained = dict(transferred(receipt.logs, prepared.intent.contract))
    filled = {token: change for token, change in net_changes(fills).items() if change}
    if gained != filled:
        raise _mismatch(receipt, "the sum of the transfers by token", filled, gained)
    for floor in prepared.batch.floors:
        if gained.get(floor.token, 0) < floor.min_delta and floor.token != ZERO_ADDRESS:
            what = f"the change of {floor.symbol}"
            raise _mismatch(
                receipt, what, f"{floor.min_delta} at least", gained.get(floor.token, 0)
            )


def _mismatch(receipt: Receipt, what: str, expected: object, found: object) -> OutcomeMismatchError:
    return OutcomeMismatchError(
        tx_hash=receipt.tx_hash, what=what, expected=str(expected), found=str(found)
    )


def net_changes(moves: Iterable[BatchLeg | Fill]) -> dict[Address, int]:
    """Return by how much legs or fills together change each token's balance, in base units."""
    changes: defaultdict[Address, int] = defaultdict(int)
    for move in moves:
        changes[move.token_in.address] -= move.amount_in
        changes[move.token_out.address] += move.amount_out
    return dict(changes)


def check_balances(before: Portfolio, after: Portfolio, outcomes: Sequence[BatchOutcome]) -> None:
    """Hold balances themselves against the fills of all batches between two portfolios.

    More than the fills explain is a deposit, and welcome; less is not.

    Raises:
        OutcomeMismatchError: something is missing.
    """
    fills = [fill for outcome in outcomes for fill in outcome.fills]
    changes = net_changes(fills)
    for token in {holding.token for holding in before.holdings} | {f.token_out for f in fills}:
        expected = before.amount(token.address) + changes.get(token.address, 0)
        found = after.amount(token.address)
        if found < expected:
            raise OutcomeMismatchError(
                tx_hash=outcomes[-1].tx_hash if outcomes else "(none)",
                what=f"the balance of {token.symbol} after it",
                expected=f"{expected} at least",
                found=str(found),
            )

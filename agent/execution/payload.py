"""What signed bytes of ours carry: enough of a stored attempt to sign it again at another price."""

from __future__ import annotations

from dataclasses import dataclass

import rlp  # type: ignore[import-untyped]
from eth_utils.address import to_checksum_address

from agent.domain.intent import Attempt, AttemptKind
from agent.domain.units import Address
from agent.errors import LedgerError
from agent.execution.calls import decode

TO, DATA = 5, 7
"""Places of the fields in the list of a type-2 transaction (EIP-1559)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Where a transaction goes, with what."""

    to: Address
    data: bytes
    gas_limit: int


def payload_of(attempt: Attempt) -> Payload:
    """Return what an attempt of the ledger carries."""
    try:
        fields = rlp.decode(attempt.raw[1:])
        return Payload(
            to=Address(to_checksum_address(fields[TO])),
            data=bytes(fields[DATA]),
            gas_limit=attempt.gas_limit,
        )
    except (rlp.exceptions.RLPException, ValueError, TypeError, LookupError) as error:
        raise LedgerError(
            what=f"attempt {attempt.number} of intent {attempt.intent_id} is not a transaction",
            mend="restore the ledger from its backup",
        ) from error


def deadline_of(attempts: tuple[Attempt, ...]) -> int | None:
    """Return the block time, Unix seconds, after which none of the attempts runs a batch; None if none would."""
    for attempt in attempts:
        if attempt.kind is not AttemptKind.CANCEL:
            return decode(payload_of(attempt).data).deadline
    return None

"""The proof: an export and the public key of its checkpoints show that nothing was changed or left out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.domain.record import NO_HASH, Checkpoint
from agent.errors import LogVerificationError
from agent.log.checkpoint import check_signature, checkpoint_hash
from agent.log.claims import Claims
from agent.log.export import needed_content
from agent.log.keys import PublicKey
from agent.log.lines import FORMAT, Content, Header, read_line
from agent.log.records import EMPTY, Head, RawRecord, head_after
from agent.log.trail import Landing


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was proved, in numbers.

    `open_intents` were not final yet, `external_nonces` were used by somebody else than the agent,
    as the log says itself. `is_chain_checked`: the chain was asked, too.
    """

    origin: str
    records: int
    head: str
    checkpoints: int
    cycles: int
    plans: int
    intents: int
    signed: int
    landed: int
    account: str
    chain_id: int
    first_nonce: int
    next_nonce: int
    block_number: int
    block_hash: str
    closed_at: str
    external_nonces: tuple[int, ...]
    open_intents: tuple[str, ...]
    is_chain_checked: bool

    @property
    def sentence(self) -> str:
        return f"complete to block {self.block_number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A verdict, and what the chain can confirm of the log."""

    verdict: Verdict
    closing: Checkpoint
    landings: tuple[Landing, ...]
    signed_nonces: frozenset[int]

    def confirmed(self) -> Verdict:
        return replace(self.verdict, is_chain_checked=True)


def verify(lines: Iterable[bytes], key: PublicKey, *, after: Checkpoint | None = None) -> Verified:
    """Check an export line by line, and that it continues the log that `after` was seen of.

    Raises:
        LogVerificationError: naming the first line, record or checkpoint that does not hold.
    """
    verifier = _Verifier(key)
    number = 0
    for number, raw in enumerate(lines, start=1):
        verifier.take(read_line(raw, number=number), number=number)
    verified = verifier.close(number)
    if after is not None:
        verifier.check_after(after)
    return verified


class _Verifier:
    def __init__(self, key: PublicKey) -> None:
        self._key = key
        self._header: Header | None = None
        self._head: Head = EMPTY
        self._hashes = [NO_HASH]
        self._claims = Claims()
        self._contents: set[str] = set()
        self._pending: Content | None = None
        self._checkpoints: list[Checkpoint] = []
        self._checkpoint_hashes = [NO_HASH]

    def take(self, line: Header | Content | RawRecord | Checkpoint, *, number: int) -> None:
        where = f"line {number}"
        if isinstance(line, Header) != (number == 1):
            raise LogVerificationError(where=where, reason="a header stands first, and only there")
        if self._pending is not None and not isinstance(line, RawRecord):
            raise _unneeded(self._pending, where=where)
        match line:
            case Header():
                self._open(line)
            case Content():
                self._take_content(line, where=where)
            case RawRecord():
                self._take_record(line)
            case Checkpoint():
                self._take_checkpoint(line)

    def _open(self, header: Header) -> None:
        if header.format != FORMAT:
            raise LogVerificationError(
                where="line 1", reason=f"format {header.format} is not {FORMAT}"
            )
        self._header = header

    def _take_content(self, content: Content, *, where: str) -> None:
        found = hashlib.sha256(content.data).hexdigest()
        if found != content.sha256:
            raise LogVerificationError(
                where=where, reason=f"content hashes to {found}, it claims {content.sha256}"
            )
        if content.sha256 in self._contents:
            raise _unneeded(content, where=where)
        self._pending = content

    def _take_record(self, record: RawRecord) -> None:
        self._head = head_after(self._head, record)
        self._hashes.append(record.hash)
        where = f"record {record.seq} ({record.kind})"
        content, needed = self._pending, needed_content(record)
        if content is not None and content.sha256 != needed:
            raise _unneeded(content, where=where)
        if content is not None:
            self._contents.add(content.sha256)
            self._pending = None
        if needed is not None and needed not in self._contents:
            raise LogVerificationError(where=where, reason=f"content {needed} is missing before it")
        self._claims.check(record, content=None if content is None else content.data)

    def _take_checkpoint(self, checkpoint: Checkpoint) -> None:
        assert self._header is not None  # noqa: S101 - a header stands first
        where = f"checkpoint {len(self._checkpoints) + 1}, of {checkpoint.at}"
        for what, found, wanted in (
            ("origin", checkpoint.origin, self._header.origin),
            ("size", checkpoint.size, self._head.size),
            ("head", checkpoint.head, self._head.hash),
            ("previous", checkpoint.previous, self._checkpoint_hashes[-1]),
        ):
            if found != wanted:
                raise LogVerificationError(
                    where=where, reason=f"{what} is {found}, it must be {wanted}"
                )
        check_signature(checkpoint, self._key, where=where)
        self._claims.nonces.check(checkpoint, where=where)
        self._checkpoints.append(checkpoint)
        self._checkpoint_hashes.append(checkpoint_hash(checkpoint))

    def close(self, number: int) -> Verified:
        where = f"line {number}, the last"
        if self._header is None:
            raise LogVerificationError(where=where, reason="the file is empty")
        if not self._checkpoints or self._checkpoint_hashes[-1] != self._header.closed_by:
            raise LogVerificationError(
                where=where,
                reason="the checkpoint that closes the export is missing: the file is cut off",
            )
        closing = self._checkpoints[-1]
        if closing.size != self._head.size or self._pending is not None:
            raise LogVerificationError(where=where, reason="no checkpoint closes the export")
        self._claims.nonces.check_all_covered(where=where)
        return Verified(
            verdict=self._verdict(closing),
            closing=closing,
            landings=self._claims.landings,
            signed_nonces=self._claims.nonces.signed((closing.chain_id, closing.account)),
        )

    def _verdict(self, closing: Checkpoint) -> Verdict:
        claims = self._claims
        return Verdict(
            origin=closing.origin,
            records=closing.size,
            head=closing.head,
            checkpoints=len(self._checkpoints),
            cycles=len(claims.cycles),
            plans=len(claims.plans),
            intents=len(claims.trails),
            signed=len(claims.attempts),
            landed=len(claims.landings),
            account=closing.account,
            chain_id=closing.chain_id,
            first_nonce=closing.first_nonce,
            next_nonce=closing.next_nonce,
            block_number=closing.block_number,
            block_hash=closing.block_hash,
            closed_at=closing.at,
            external_nonces=claims.nonces.given_up(),
            open_intents=claims.open_intents,
            is_chain_checked=False,
        )

    def check_after(self, after: Checkpoint) -> None:
        """Check that what was seen of the log before still stands in it."""
        where = f"the earlier checkpoint, of {after.at}"
        check_signature(after, self._key, where=where)
        size = self._head.size
        if after.origin != self._checkpoints[-1].origin:
            reason = f"it closes another log, {after.origin}"
        elif after.size > size:
            reason = f"the log was rolled back: it had {after.size} records, it ends at {size}"
        elif self._hashes[after.size] != after.head:
            reason = f"the log was rewritten: record {after.size} is not the one that it closes"
        elif checkpoint_hash(after) not in self._checkpoint_hashes:
            reason = "the log was rewritten: the checkpoint itself is not in it"
        else:
            return
        raise LogVerificationError(where=where, reason=reason)


def _unneeded(content: Content, *, where: str) -> LogVerificationError:
    return LogVerificationError(
        where=where, reason=f"content {content.sha256} stands before it, which it does not need"
    )

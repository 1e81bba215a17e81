"""Completeness: account nonces have no gaps, so every nonce up to a checkpoint's must have its record."""

from __future__ import annotations

from collections import defaultdict

from agent.domain.record import Checkpoint
from agent.domain.units import Address
from agent.errors import LogVerificationError
from agent.log.trail import Trail
from agent.log.trees import Tree

Owner = tuple[int, Address]
"""A chain id and an account on it."""


class Nonces:
    """Which nonces of which accounts the log accounts for."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._intent_by_nonce: dict[tuple[Owner, int], str] = {}
        self._signed: defaultdict[Owner, set[int]] = defaultdict(set)
        self._given_up: defaultdict[Owner, set[int]] = defaultdict(set)
        self._adopted: defaultdict[Owner, set[int]] = defaultdict(set)
        self._fillers: set[tuple[Owner, int]] = set()
        self._first: dict[Owner, int] = {}
        self._covered: set[Owner] = set()

    def reserve(self, trail: Trail, body: Tree) -> None:
        """Note that an intent holds its nonce; no other may."""
        key = _owner(trail), _held(trail)
        holder = self._intent_by_nonce.setdefault(key, trail.intent_id)
        body.must(f"the intent of nonce {key[1]}", trail.intent_id, holder)
        if trail.batch is None:
            self._fillers.add(key)

    def adopt(self, owner: Owner, nonces: range, body: Tree) -> None:
        """Note nonces that the log accounts for without having given them out: no intent holds one."""
        for nonce in nonces:
            if (owner, nonce) in self._intent_by_nonce:
                raise body.wrong(f"nonce {nonce} is an intent's")
            self._adopted[owner].add(nonce)

    def sign(self, trail: Trail) -> None:
        self._signed[_owner(trail)].add(_held(trail))

    def give_up(self, trail: Trail) -> None:
        """Note that somebody else used the nonce, as the log itself admits."""
        if trail.nonce is not None:
            self._given_up[_owner(trail)].add(trail.nonce)

    def check(self, checkpoint: Checkpoint, *, where: str) -> None:
        """Raise LogVerificationError unless the log accounts for every nonce of a checkpoint."""
        owner = checkpoint.chain_id, checkpoint.account
        first, end = checkpoint.first_nonce, checkpoint.next_nonce
        if self._first.setdefault(owner, first) != first:
            raise LogVerificationError(
                where=where, reason=f"the log begins at nonce {self._first[owner]}, not {first}"
            )
        known = self._signed[owner] | self._given_up[owner] | self._adopted[owner]
        missing = next((nonce for nonce in range(first, end) if nonce not in known), None)
        if missing is not None:
            raise LogVerificationError(
                where=where,
                reason=f"the log is not complete: nonce {missing} of {checkpoint.account} was used "
                "and has no signed record",
            )
        # A reorganisation may leave a nonce open before the log's first: only a filler takes that.
        own = (nonce for nonce in known if (owner, nonce) not in self._fillers)
        early = min(own, default=first)
        if early < first:
            raise LogVerificationError(
                where=where, reason=f"nonce {early} was signed, the log begins at {first}"
            )
        self._covered.add(owner)

    def check_all_covered(self, *, where: str) -> None:
        """Raise LogVerificationError if an account signed that no checkpoint speaks of."""
        for _, account in self._signed.keys() - self._covered:
            raise LogVerificationError(
                where=where, reason=f"no checkpoint covers the nonces of {account}"
            )

    def signed(self, owner: Owner) -> frozenset[int]:
        return frozenset(self._signed[owner])

    def given_up(self) -> tuple[int, ...]:
        """Return the nonces that somebody else used, by the log's own word."""
        given_up = {n for nonces in self._given_up.values() for n in nonces}
        for owner, nonces in self._adopted.items():
            given_up |= {n for n in nonces if (owner, n) not in self._fillers}
        return tuple(sorted(given_up))


def _owner(trail: Trail) -> Owner:
    return trail.chain_id, trail.account


def _held(trail: Trail) -> int:
    assert trail.nonce is not None  # noqa: S101 - a trail reserves before it signs
    return trail.nonce

"""No damage to a closed export passes verification, and the place of the damage is named."""

import random
import re
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO

import pytest

from agent.errors import LogVerificationError
from agent.log.keys import CheckpointKey, create_key
from agent.log.lines import read_line
from agent.log.records import RawRecord
from tests.exports import Export, export_of, verified
from tests.logbook import START, SteppingClock
from tests.mutations import (
    MUTATIONS,
    Material,
    Mutation,
    malformed,
    mutations,
    nonsense,
)

COUNT = 190
SEED = 20_261_123
PLACE = re.compile(r"(line|record|checkpoint) (\d+)")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> CheckpointKey:
    return create_key(tmp_path_factory.mktemp("key") / "checkpoint.pem")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory, key: CheckpointKey) -> Material:
    def export(start: timedelta) -> bytes:
        home = tmp_path_factory.mktemp("ledger")
        return export_of(home, weeks=2, start=SteppingClock(START + start), key=key)[0]

    return Material(ours=export(timedelta()), theirs=export(timedelta(hours=1)))


def seq_by_line(data: bytes) -> Mapping[int, int]:
    lines = ((n, read_line(raw, number=n)) for n, raw in enumerate(BytesIO(data), start=1))
    return {n: line.seq for n, line in lines if isinstance(line, RawRecord)}


def test_the_genuine_exports_pass(material: Material, key: CheckpointKey) -> None:
    for data in (material.ours, material.theirs):
        assert verified(data, key.public).verdict.records == 48


def test_there_are_two_thousand() -> None:
    assert COUNT * len(MUTATIONS) >= 2_000


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_is_rejected(name: str, material: Material, key: CheckpointKey) -> None:
    seqs = seq_by_line(material.ours)
    for mutation in mutations(name, material, seed=SEED, count=COUNT):
        try:
            verified(mutation.data, key.public)
        except LogVerificationError as error:
            check_place(error, mutation, seqs)
        else:
            pytest.fail(f"{mutation.name} at line {mutation.line} went through")


def test_sealed_nonsense_is_refused_in_words(material: Material, key: CheckpointKey) -> None:
    """Even with the key, nothing that a body may hold makes verification fail in another way."""
    export, rng, refused = Export.of(material.ours), random.Random(SEED), 0
    for _ in range(300):
        records = nonsense(rng, export)
        try:
            verified(export.chained(records, key).data(), key.public)
        except LogVerificationError:
            refused += 1

    assert refused > 250


def test_malformed_transactions_are_refused_in_words(
    material: Material, key: CheckpointKey
) -> None:
    export, rng = Export.of(material.ours), random.Random(SEED)
    for _ in range(100):
        lying = export.chained(malformed(rng, export), key)
        with pytest.raises(LogVerificationError, match=r"record \d+ \(signed\)"):
            verified(lying.data(), key.public)


def check_place(error: LogVerificationError, mutation: Mutation, seqs: Mapping[int, int]) -> None:
    """Check that the error names a place, and the touched one where a record was touched."""
    place = PLACE.match(error.where)

    assert place, error
    line = mutation.line
    if line is not None and line in seqs:
        named = place[1], int(place[2])
        assert named in {("line", line), ("line", line + 1), ("record", seqs[line])}, error

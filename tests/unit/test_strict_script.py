"""Schedules of faults are read strictly, and those of a seed are always the same."""

import json

import pytest

from anvil.strict.chance import random_rules
from anvil.strict.faults import ACTS, FAULTS, Drop, Reorg, ScriptError, Stall
from anvil.strict.script import Rule, Script, When, load_script, rules_of

SEND = "eth_sendRawTransaction"


def test_rules_are_read(tmp_path):
    path = tmp_path / "script.json"
    path.write_text(
        json.dumps(
            [
                {"when": {"method": SEND, "call": 2, "times": 3}, "do": {"fault": "drop"}},
                {"when": {"block": 4}, "do": {"act": "reorg", "depth": 3, "repool": False}},
                {"when": {"method": "*"}, "do": {"fault": "stall", "seconds": 2}},
            ]
        )
    )

    assert [
        Rule(when=When(method=SEND, call=2, times=3), do=Drop()),
        Rule(when=When(block=4), do=Reorg(depth=3, repool=False)),
        Rule(when=When(method="*"), do=Stall(seconds=2)),
    ] == load_script(path)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({}, "write an array"),
        ([1], r"\[0\]: write"),
        ([{"when": {"block": 1}}], r"\[0\]: write"),
        ([{"when": {}, "do": {"act": "mine"}}], r"\[0\].when = {}"),
        ([{"when": {"blok": 1}, "do": {"act": "mine"}}], r"\[0\].when.blok is not known"),
        ([{"when": {"block": "1"}, "do": {"act": "mine"}}], r"\[0\].when.block = '1': write a int"),
        ([{"when": {"block": True}, "do": {"act": "mine"}}], r"when.block = True"),
        ([{"when": {"block": 1}, "do": {"act": "mein"}}], r"do.act = 'mein': one of mine,"),
        ([{"when": {"block": 1}, "do": {"fault": "x"}}], r"do.fault = 'x': one of drop,"),
        ([{"when": {"block": 1}, "do": {}}], "name a `fault` or an `act`"),
        ([{"when": {"block": 1}, "do": 5}], "write an object"),
        ([{"when": {"block": 1}, "do": {"act": "mine", "n": 2}}], "do.n is not known: blocks"),
        ([{"when": {"block": 1}, "do": {"act": "mine", "blocks": "2"}}], "do.blocks = '2'"),
        ([{"when": {"block": 1}, "do": {"act": "mine", "blocks": True}}], "do.blocks = True"),
        ([{"when": {"block": 1}, "do": {"fault": "stale"}}], "when.method is missing"),
        ([{"when": {"method": "eth_call"}, "do": {"fault": "drop"}}], f"befalls {SEND} only"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(document, complaint):
    with pytest.raises(ScriptError, match=complaint):
        rules_of(document)


def test_a_file_that_is_no_json_is_refused(tmp_path):
    path = tmp_path / "script.json"
    path.write_text("[")

    with pytest.raises(ScriptError, match=r"script\.json"):
        load_script(path)


def test_every_fault_and_act_has_a_name_that_is_read():
    for name in FAULTS:
        (rule,) = rules_of([{"when": {"method": SEND}, "do": {"fault": name}}])
        assert isinstance(rule.do, FAULTS[name])
    for name in ACTS:
        (rule,) = rules_of([{"when": {"block": 1}, "do": {"act": name}}])
        assert isinstance(rule.do, ACTS[name])


def test_the_first_rule_that_fits_decides():
    script = Script(
        rules_of(
            [
                {"when": {"method": SEND}, "do": {"fault": "drop"}},
                {"when": {"method": "*", "times": 2}, "do": {"fault": "twice"}},
            ]
        )
    )

    assert ["Drop", "Twice", "NoneType"] == [
        type(script.call(SEND, 0)[1]).__name__ for _ in range(3)
    ]


def test_an_act_happens_once():
    script = Script(rules_of([{"when": {"block": 2}, "do": {"act": "mine"}}]))

    assert [0, 1, 0, 0] == [len(script.grow(blocks)) for blocks in (1, 2, 3, 1)]


def test_a_seed_decides_everything():
    assert random_rules(3, count=50, endpoints=3) == random_rules(3, count=50, endpoints=3)
    assert random_rules(3, count=50) != random_rules(4, count=50)


def test_seeds_reach_every_kind_of_fault():
    seen = {type(rule.do) for seed in range(60) for rule in random_rules(seed, count=10)}

    assert len(seen) >= 16

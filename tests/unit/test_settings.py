"""Settings: their bounds, their sources, and errors that name field, value and mend."""

import tomllib
from decimal import Decimal

import pytest

from agent.domain.offer import Service
from agent.domain.pool import PoolKind
from agent.domain.rules import BandRule
from agent.errors import InvalidSettingsError, SettingsError
from agent.settings import Settings, load_settings, settings_template
from agent.settings.index import IndexSettings
from agent.settings.load import PROVIDERS
from agent.settings.model import PolicySettings
from agent.settings.template import REQUIRED

VAULT = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
VALUES = {
    "vault": VAULT,
    "rpc_url": "http://127.0.0.1:8545/key-123",
    "ranking": "ranking.json",
    "regime": "https://signals.example.com/regime.json",
    "keystore": "keystore.json",
    "password_file": "password",
    "checkpoint_key": "/etc/agent/checkpoint.pem",
}


@pytest.fixture
def write(tmp_path):
    def write(*edits, **values):
        text = settings_template({**VALUES, **values})
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "agent.toml"
        path.write_text(text)
        return path

    return write


WITHOUT_DEFAULT = {
    "webhook_port",
    *(f"{p}_{what}" for p in PROVIDERS for what in ("url", "key")),

    "rpc_urls", "quorum", "private_rpc_urls", "public_after_blocks", "url", "keys", "urls",
    "code_hashes", "runner_ppm", "week_turnover_ppm", "year_turnover_ppm", "week_cost_bps", "year_cost_bps",
}  # fmt: skip
"""Keys that the template shows as comments."""


def errors_of(path):
    with pytest.raises(InvalidSettingsError) as caught:
        load_settings(path)
    return [str(error) for error in caught.value.errors]


def test_template_holds_every_setting_and_its_default():
    settings = tomllib.loads(settings_template(VALUES))
    required_only = {
        "portfolio": {"vault": VAULT},
        "chain": {"rpc_url": VALUES["rpc_url"]},
        "signals": {key: VALUES[key] for key in ("ranking", "regime")},
        "key": {key: VALUES[key] for key in ("keystore", "password_file")},
        "log": {"checkpoint_key": VALUES["checkpoint_key"]},
    }
    declared = {name: set(f.annotation.model_fields) for name, f in Settings.model_fields.items()}

    assert Settings(**required_only) == Settings(**settings)
    assert declared["policy"] - {"max_coin_weight_ppm", "amsterdam_at"} == set(settings["policy"])
    for name in set(declared) - {"policy"}:
        assert declared[name] - WITHOUT_DEFAULT == set(settings[name]) - WITHOUT_DEFAULT


def test_empty_template_names_every_required_setting(tmp_path):
    path = tmp_path / "agent.toml"
    path.write_text(settings_template({}))

    errors = errors_of(path)

    assert len(REQUIRED) == len(errors)
    assert "setting portfolio.vault = '(missing)': add it" in errors


def test_paths_are_relative_to_the_file(write, tmp_path):
    settings = load_settings(write())

    assert tmp_path / "keystore.json" == settings.key.keystore
    assert str(tmp_path / "ranking.json") == settings.signals.ranking
    assert settings.signals.regime == VALUES["regime"]
    assert str(settings.log.checkpoint_key) == VALUES["checkpoint_key"]


def test_environment_wins_over_the_file(write, monkeypatch):
    monkeypatch.setenv("AGENT_POLICY__MAX_SLIPPAGE_BPS", "33")

    assert load_settings(write()).policy.max_slippage_bps == 33


def test_credentials_win_over_the_file(write, monkeypatch, tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "keystore-password").write_text("secret")
    (credentials / "rpc-url").write_text("https://node.example.com/key-456\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))

    settings = load_settings(write())

    assert credentials / "keystore-password" == settings.key.password_file
    assert settings.chain.rpc_url.get_secret_value() == "https://node.example.com/key-456"


def test_unknown_key_is_named_with_the_key_that_was_meant(write):
    path = write(("max_slippage_bps = 50", "max_slipage_bps = 50"))

    assert ["setting policy.max_slipage_bps = 50: unknown key, did you mean max_slippage_bps?"] == (
        errors_of(path)
    )


def test_negative_limit_is_refused_with_its_bound(write):
    path = write(("max_cycle_usd = 5000000", "max_cycle_usd = -1"))

    assert ["setting policy.max_cycle_usd = -1: input should be greater than or equal to 0"] == (
        errors_of(path)
    )


def test_all_errors_of_a_file_are_reported_at_once(write):
    path = write(
        ('cron = "0 0 * * MON"', 'cron = "every monday"'),
        ("top_n = 100", "top_n = 0"),
        ("confirmations = 2", "confirmations = 65"),
        vault=VAULT.replace("C02", "c02"),
    )

    fields = {line.split()[1] for line in errors_of(path)}

    assert {"schedule.cron", "policy.top_n", "chain.confirmations", "portfolio.vault"} == fields


def test_unknown_section_and_unknown_variable_are_refused(write, monkeypatch):
    monkeypatch.setenv("AGENT_POLCY__TOP_N", "10")
    path = write(("[ledger]", "[leger]\nx = 1\n[ledger]"))

    errors = errors_of(path)

    assert any("AGENT_POLCY__TOP_N" in e and "did you mean policy?" in e for e in errors)
    assert any(e.startswith("setting leger = ") and "did you mean ledger?" in e for e in errors)


def test_stablecoin_weights_that_do_not_sum_are_refused(write):
    errors = errors_of(write(("tether = 500000", "tether = 400000")))

    assert [
        "setting policy = '(section)': stablecoin_weight_ppm sums to 900000, make it 1000000"
    ] == errors


def test_no_error_and_no_dump_shows_the_rpc_url(write):
    settings = load_settings(write())
    errors = errors_of(write(rpc_url="ftp://user:key-123@node"))

    assert "key-123" not in repr(settings) + str(settings.public())
    assert not any("key-123" in error for error in errors)


def test_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match="write one with agent init"):
        load_settings(tmp_path / "agent.toml")


def test_a_file_that_is_not_toml_is_refused(tmp_path):
    path = tmp_path / "agent.toml"
    path.write_text("[portfolio\n")

    with pytest.raises(SettingsError, match="not TOML"):
        load_settings(path)


def test_a_lowercase_vault_is_given_its_checksum(write):
    assert load_settings(write(vault=VAULT.lower())).portfolio.vault == VAULT


def test_policy_is_in_the_planners_units():
    policy = PolicySettings(max_fee_per_gas_gwei="1.5", min_gas_reserve_eth="0.25").policy()

    assert policy.max_fee_per_gas_wei == 1_500_000_000
    assert policy.min_gas_reserve_wei == 250_000_000_000_000_000
    assert policy.max_order_usd == Decimal(1_000_000)


def test_an_aggregator_without_its_key_is_refused(write):
    path = write(("services = []", 'services = ["1inch", "odos"]'))

    (error,) = errors_of(path)

    assert "1inch wants a key" in error


def test_keys_of_aggregators_come_as_credentials_and_are_never_shown(write, tmp_path, monkeypatch):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "0x-key").write_text("very-secret-key\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    settings = load_settings(write(("services = []", 'services = ["0x"]')))

    assert settings.aggregators.keys[Service.ZEROX].get_secret_value() == "very-secret-key"
    assert "very-secret-key" not in f"{settings!r}{settings.public()}"


def test_an_aggregator_s_address_that_is_none_is_refused_without_being_shown(write):
    path = write(("services = []", 'services = ["odos"]\nurls = { odos = "ftp://secret-key" }'))

    (error,) = errors_of(path)

    assert "aggregators.urls" in error
    assert "secret-key" not in error


def test_an_unknown_aggregator_is_refused(write):
    assert "aggregators.services" in errors_of(write(("services = []", 'services = ["2inch"]')))[0]


def test_the_buffer_scales_with_the_index():
    settings = IndexSettings()

    assert (95, 110) == (settings.rules(100).enter_place, settings.rules(100).leave_place)
    assert (10, 11) == (settings.rules(10).enter_place, settings.rules(10).leave_place)
    assert (1, 1) == (settings.rules(1).enter_place, settings.rules(1).leave_place)
    mid_caps = IndexSettings(first_place=11).rules(90)
    assert (96, 109) == (mid_caps.enter_place, mid_caps.leave_place)


def test_an_unknown_sector_is_refused_with_those_that_there_are(write):
    (error,) = errors_of(write(("sectors = []", 'sectors = ["defy"]')))

    assert "no sector is called defy, name one of " in error
    assert "defi" in error


def test_a_coin_cannot_be_in_and_out():
    with pytest.raises(ValueError, match="bitcoin is both in include and in exclude"):
        IndexSettings(include=("bitcoin",), exclude=("bitcoin",))


def test_a_buffer_that_makes_coins_flap_is_refused():
    with pytest.raises(ValueError, match="coins would flap"):
        IndexSettings(leave_beyond_ppm=900_000)


def test_sectors_come_with_the_policy_only_where_something_asks_for_them():
    asking = IndexSettings(max_weight_ppm_by_sector={"defi": 200_000}).rules(100)

    assert {} == IndexSettings().rules(100).sector_by_coin
    assert "defi" == asking.sector_by_coin["uniswap"]
    assert {"defi": 200_000} == asking.cap_ppm_by_sector


def test_the_policy_in_force_has_every_section(write):
    path = write(
        ("# year_cost_bps = 200", "year_cost_bps = 123"),
        ('band_rule = "fixed"', 'band_rule = "no_trade"'),
        ("first_place = 1 ", "first_place = 11 "),
    )

    policy = load_settings(path).policy_in_force()

    assert policy.budget.year_cost_bps == 123
    assert policy.drift.band_rule is BandRule.NO_TRADE
    assert policy.index.first_place == 11


WEIGHTED = (
    '{{ pool_id = "0x{id}", token0 = "0x1111111111111111111111111111111111111111", '
    'token1 = "0x{token}" }}'
)


def test_weighted_pools_are_named_with_the_pair_that_is_traded(write):
    one = WEIGHTED.format(id="5a" * 32, token="22" * 20)
    (ref,) = load_settings(write(("weighted = []", f"weighted = [{one}]"))).venues.refs()

    assert ("0x" + "5a" * 32, PoolKind.WEIGHTED) == (ref.address, ref.kind)
    assert ("0x" + "11" * 20, "0x" + "22" * 20) == (ref.token0, ref.token1)
    assert ref.manager == "0xBA12222222228d8Ba445958a75a0704d566BF2C8"


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([WEIGHTED.format(id="5a" * 32, token="11" * 20)], "one token, name two"),
        ([WEIGHTED.format(id="5a" * 32, token="22" * 20)] * 2, "names a pool twice"),
        ([WEIGHTED.format(id="5a" * 31, token="22" * 20)], "pool_id"),
    ],
)
def test_what_no_weighted_pool_can_be_is_refused(write, listed, words):
    errors = errors_of(write(("weighted = []", f"weighted = [{', '.join(listed)}]")))

    assert words in errors[0]

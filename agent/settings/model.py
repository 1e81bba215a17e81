"""Every setting of the agent: what it is called, its unit, its bounds, and where it is read from.

One TOML file, over it systemd credentials, over both the environment (`AGENT_<SECTION>__<KEY>`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from croniter import croniter
from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from agent.domain.intent import Route
from agent.domain.policy import OnRevert, Policy, Universe
from agent.domain.rules import StableRules
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Bps, Ppm
from agent.domain.window import WindowRules
from agent.settings.aggregators import AggregatorSettings
from agent.settings.breakers import BreakerSettings
from agent.settings.feeds import FeedSettings
from agent.settings.fields import AddressSetting, Section, UrlSetting
from agent.settings.index import BudgetSettings, DriftSettings, IndexSettings
from agent.settings.notify import NotifySettings
from agent.settings.quarantine import QuarantineSettings
from agent.settings.regime import RegimeSettings
from agent.settings.signals import SignalSettings
from agent.settings.venues import VenueSettings

ENV_PREFIX = "AGENT_"
ENV_DELIMITER = "__"
DAY_S = 86_400
GWEI = Decimal(10**9)
ETHER = Decimal(10**18)


def _cron(text: str) -> str:
    if len(text.split()) != 5 or not croniter.is_valid(text):  # noqa: PLR2004 - cron's five fields
        raise ValueError('write a cron expression of five fields (UTC), such as "0 0 * * MON"')
    return text


def _postgres_url(secret: SecretStr) -> SecretStr:
    if urlsplit(secret.get_secret_value()).scheme not in {"postgresql", "postgres"}:
        raise ValueError("give a PostgreSQL address, such as postgresql://agent@127.0.0.1/agent")
    return secret


BpsSetting = Annotated[int, Field(ge=0, le=10_000)]
PpmSetting = Annotated[int, Field(ge=0, le=ONE_HUNDRED_PERCENT_PPM)]
UsdSetting = Annotated[Decimal, Field(ge=0, le=Decimal(10**12), allow_inf_nan=False)]


class PortfolioSettings(Section):
    """Which portfolio: its name in every cycle id, and the contract that holds its funds."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")] = "index"
    vault: AddressSetting


class ChainSettings(Section):
    """Which chain, through which node; `confirmations` counts the block that mined a batch as one.

    `bump_blocks` is how many blocks a transaction may wait in a pool before it is sent at a higher
    price, `replacement_raise_bps` by how much both its fees are raised. `rpc_urls` are further nodes, of
    which with the first one `quorum` must agree (by default more than half), and which all get what is
    sent. On the private route it goes to `private_rpc_urls` alone; `public_after_blocks` later, if that is
    given, to the others, too.
    """

    id: Annotated[int, Field(ge=1, le=2**53)] = 1
    rpc_url: UrlSetting
    rpc_urls: tuple[UrlSetting, ...] = ()
    quorum: Annotated[int, Field(ge=1, le=20)] | None = None
    route: Route = Route.PUBLIC
    private_rpc_urls: tuple[UrlSetting, ...] = ()
    public_after_blocks: Annotated[int, Field(ge=1, le=10_000)] | None = None
    confirmations: Annotated[int, Field(ge=1, le=64)] = 2
    bump_blocks: Annotated[int, Field(ge=1, le=100)] = 4
    replacement_raise_bps: Annotated[int, Field(ge=1_000, le=10_000)] = 1_000

    @property
    def urls(self) -> tuple[SecretStr, ...]:
        """Every node of the public route once, the first one first."""
        return tuple(dict.fromkeys((self.rpc_url, *self.rpc_urls)))

    @property
    def agreeing(self) -> int:
        """How many nodes must agree."""
        return self.quorum or len(self.urls) // 2 + 1

    @model_validator(mode="after")
    def _endpoints_suffice(self) -> ChainSettings:
        if self.agreeing > len(self.urls):
            raise ValueError(f"quorum is {self.quorum} of {len(self.urls)} endpoints, lower it")
        if self.route is Route.PRIVATE and not self.private_rpc_urls:
            raise ValueError("route is private, give private_rpc_urls")
        return self


class PolicySettings(Section):
    """What the planner obeys; see `agent.domain.policy.Policy` for what each limit means."""

    universe: Universe = Universe.STRICT
    top_n: Annotated[int, Field(ge=1, le=500)] = 100
    max_coin_weight_ppm: Annotated[int, Field(ge=1, le=ONE_HUNDRED_PERCENT_PPM)] | None = None
    stablecoin_weight_ppm: Mapping[str, PpmSetting] = {"usd-coin": 500_000, "tether": 500_000}
    drift_band_ppm: PpmSetting = 500
    drift_band_of_target_ppm: PpmSetting = 100_000
    min_notional_usd: UsdSetting = Decimal(50)
    max_slippage_bps: Annotated[int, Field(ge=1, le=1_000)] = 50
    max_price_deviation_bps: Annotated[int, Field(ge=1, le=10_000)] = 500
    max_feed_age_s: Annotated[int, Field(ge=60, le=7 * DAY_S)] = 90_000
    max_order_usd: UsdSetting = Decimal(1_000_000)
    max_cycle_usd: UsdSetting = Decimal(5_000_000)
    max_turnover_ppm: Annotated[int, Field(ge=0, le=2 * ONE_HUNDRED_PERCENT_PPM)] = 2_000_000
    max_cost_bps: BpsSetting = 150
    max_fee_per_gas_gwei: Annotated[Decimal, Field(gt=0, le=10_000)] = Decimal(100)
    min_gas_reserve_eth: Annotated[Decimal, Field(ge=0, le=1_000)] = Decimal("0.05")
    batch_gas_share_ppm: Annotated[int, Field(ge=50_000, le=ONE_HUNDRED_PERCENT_PPM)] = 900_000
    deadline_s: Annotated[int, Field(ge=60, le=DAY_S)] = 1_800
    max_price_move_bps: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    on_revert: OnRevert = OnRevert.SKIP_AND_REPORT
    amsterdam_at: Annotated[int, Field(ge=1_764_798_551, le=2**53)] | None = None

    @model_validator(mode="after")
    def _stablecoin_weights_sum(self) -> PolicySettings:
        total = sum(self.stablecoin_weight_ppm.values())
        if total != ONE_HUNDRED_PERCENT_PPM:
            raise ValueError(f"stablecoin_weight_ppm sums to {total}, make it 1000000")
        return self

    def policy(self) -> Policy:
        """Return the limits in the units that planning works in."""
        cap = self.max_coin_weight_ppm
        return Policy(
            universe=self.universe,
            top_n=self.top_n,
            max_coin_weight_ppm=None if cap is None else Ppm(cap),
            stablecoin_weight_by_coin={c: Ppm(w) for c, w in self.stablecoin_weight_ppm.items()},
            drift_band_ppm=Ppm(self.drift_band_ppm),
            drift_band_of_target_ppm=Ppm(self.drift_band_of_target_ppm),
            min_notional_usd=self.min_notional_usd,
            max_slippage_bps=Bps(self.max_slippage_bps),
            max_price_deviation_bps=Bps(self.max_price_deviation_bps),
            max_feed_age_s=self.max_feed_age_s,
            max_order_usd=self.max_order_usd,
            max_cycle_usd=self.max_cycle_usd,
            max_turnover_ppm=Ppm(self.max_turnover_ppm),
            max_cost_bps=Bps(self.max_cost_bps),
            max_fee_per_gas_wei=int(self.max_fee_per_gas_gwei * GWEI),
            min_gas_reserve_wei=int(self.min_gas_reserve_eth * ETHER),
            batch_gas_share_ppm=Ppm(self.batch_gas_share_ppm),
            deadline_s=self.deadline_s,
            max_price_move_bps=Bps(self.max_price_move_bps),
            amsterdam_at=self.amsterdam_at,
            on_revert=self.on_revert,
        )


class StableSettings(Section):
    """Which stablecoins may be held; see `agent.domain.rules.StableRules`."""

    max_depeg_bps: BpsSetting = 200
    cap_ppm_by_issuer: Mapping[str, PpmSetting] = {}

    def rules(self) -> StableRules:
        """Return the rules in the units that planning works in."""
        caps = {issuer: Ppm(cap) for issuer, cap in self.cap_ppm_by_issuer.items()}
        return StableRules(max_depeg_bps=self.max_depeg_bps, cap_ppm_by_issuer=caps)


class ScheduleSettings(Section):
    """When cycles run (UTC), how long ahead they are proposed, and whether somebody must approve.

    `retry_s` is how long a step that could not reach a node or a source is tried again, `fee_wait_s` how
    long a cycle waits for the network to ask no more than `policy.max_fee_per_gas_gwei`. The window is
    the time from a proposal's on in which the moment is picked; see `agent.domain.window.WindowRules`.
    """

    cron: Annotated[str, AfterValidator(_cron)] = "0 0 * * MON"
    notice_hours: Annotated[int, Field(ge=0, le=168)] = 12
    approval: Literal["none", "required"] = "none"
    retry_s: Annotated[int, Field(ge=0, le=DAY_S)] = 3_600
    fee_wait_s: Annotated[int, Field(ge=0, le=7 * DAY_S)] = DAY_S
    window_s: Annotated[int, Field(ge=0, le=6 * DAY_S)] = 0
    window_jitter_s: Annotated[int, Field(ge=0, le=DAY_S)] = 0
    window_fee_percentile_ppm: PpmSetting = 300_000
    window_min_depth_ppm: PpmSetting = 0
    blackout_hours: tuple[Annotated[int, Field(ge=0, le=23)], ...] = ()

    def window(self) -> WindowRules | None:
        """Return the rules of the execution window, None where there is none."""
        if not self.window_s:
            return None
        return WindowRules(
            length=timedelta(seconds=self.window_s),
            jitter=timedelta(seconds=self.window_jitter_s),
            fee_percentile_ppm=Ppm(self.window_fee_percentile_ppm),
            min_depth_ppm=Ppm(self.window_min_depth_ppm),
            blackout_hours=frozenset(self.blackout_hours),
        )


class KeySettings(Section):
    """The trading key: an encrypted keystore file, and a file that holds its password."""

    keystore: Path
    password_file: Path


class LedgerSettings(Section):
    """The database of what was intended, sent and filled, and of the cycles under way.

    A file, or with `url` a PostgreSQL database, which then is the only one that is used.
    """

    path: Path = Path("agent.sqlite")
    url: Annotated[SecretStr, AfterValidator(_postgres_url)] | None = None

    @property
    def place(self) -> Path | SecretStr:
        """Where the ledger is."""
        return self.url or self.path

    @property
    def is_begun(self) -> bool:
        """Whether there may be a ledger: a file shows it, a server is to be asked."""
        return self.url is not None or self.path.exists()


class LogSettings(Section):
    """The Ed25519 key (PEM) that signs checkpoints of the log; it is not the trading key."""

    checkpoint_key: Path


class Settings(BaseSettings):
    """Everything that a deployment decides. Built once, in `cli`, and handed down."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=ENV_DELIMITER,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    portfolio: PortfolioSettings
    chain: ChainSettings
    signals: SignalSettings
    regime: RegimeSettings = RegimeSettings()
    breakers: BreakerSettings = BreakerSettings()
    quarantine: QuarantineSettings = QuarantineSettings()
    policy: PolicySettings = PolicySettings()
    stable: StableSettings = StableSettings()
    index: IndexSettings = IndexSettings()
    drift: DriftSettings = DriftSettings()
    budget: BudgetSettings = BudgetSettings()
    feeds: FeedSettings = FeedSettings()
    aggregators: AggregatorSettings = AggregatorSettings()
    venues: VenueSettings = VenueSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    notify: NotifySettings = NotifySettings()
    key: KeySettings
    ledger: LedgerSettings = LedgerSettings()
    log: LogSettings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic names the arguments
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment above what the file and the credentials said."""
        return env_settings, init_settings

    def policy_in_force(self) -> Policy:
        """Return every rule and limit that the planner obeys."""
        return replace(
            self.policy.policy(),
            stable=self.stable.rules(),
            index=self.index.rules(self.policy.top_n),
            drift=self.drift.rules(),
            budget=self.budget.rules(),
        )

    def public(self) -> dict[str, Any]:
        """Return everything but secrets, to be shown or logged."""
        return self.model_dump(mode="json")

"""The small world that every schedule starts from: a vault with a drifted portfolio, and a deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from eth_account import Account

from agent.adapters.token_map import TokenMapFile, bundled_token_map
from agent.log.keys import create_key
from agent.settings import settings_template
from anvil.abi import ZERO
from anvil.assets import RANKING, TOKEN_MAP
from anvil.build import BLOCK_TIME_S
from anvil.discovery import dollar_prices, found_pools
from anvil.fund import fund
from anvil.node import Node
from anvil.sample import HUB_BY_COIN, write_signals
from anvil.stage import Wanted, allow_pools, deploy_vault, fund_vault
from anvil.torture.line import address
from anvil.twin import fork, twin

FORK = ("--no-storage-caching", "--no-request-size-limit", "--prune-history", "50000")
"""It keeps more states than blocks are ever made on it. They are small: what is not changed is the twin's."""

KEY = "0x" + "70" * 32
ACCOUNT: str = Account.from_key(KEY).address
SETTINGS_NAME = "agent.toml"
KEY_NAME = "checkpoint.pem"
NO_NODE = "http://127.0.0.1:1"
OTHERS = "# rpc_urls = "
PASSWORD = "of a key for forks only"  # noqa: S105 - it opens nothing that has a value

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
"""When the cycle is due; the sample signals were issued thirteen hours before."""

LATE_S = 1_200
"""How long after that a schedule begins: a clock that is slow by less does not lead to the week before."""

PAST_BLOCKS = 32
"""How long the vault has stood: no node is so far behind that it does not know it."""

PORTFOLIO_USD = {
    "bitcoin": 30_000, "ethereum": 12_000, "chainlink": 4_000, "usd-coin": 30_000,
    "uniswap": 16_000, "aave": 16_000, "lido-dao": 10_000, "pepe": 10_000, "shiba-inu": 8_000,
    "the-graph": 6_000, "curve-dao-token": 7_000,
}  # fmt: skip
"""What the vault holds. The index is the first 18 coins, the last seven are not in it: they are sold."""

DEPTH_SHOWN = 1
"""How many pools of each pair are allowed: few, so that a plan is made quickly."""

SETTINGS = {
    "top_n = 100": "top_n = 18",
    "# max_coin_weight_ppm = 250000": "max_coin_weight_ppm = 450000 #",
    "min_notional_usd = 50": "min_notional_usd = 500",
    "batch_gas_share_ppm = 900000": "batch_gas_share_ppm = 50000",
    "notice_hours = 12": "notice_hours = 0",
    "max_fee_per_gas_gwei = 100": "max_fee_per_gas_gwei = 6",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A running fork with the world on it, and the files of a deployment to copy."""

    node: Node
    vault: str
    template: Path

    def write_settings(self, directory: Path, *, endpoints: int) -> Path:
        """Write the settings of a deployment that uses so many endpoints; return their file."""
        text = (self.template / SETTINGS_NAME).read_text()
        settings = directory / SETTINGS_NAME
        others = ", ".join(f'"{address(i)}"' for i in range(1, endpoints))
        text = text.replace(NO_NODE, address(0)).replace(OTHERS, f"rpc_urls = [{others}] #")
        settings.write_text(text)
        return settings


@contextmanager
def staged(workplace: Path) -> Iterator[Stage]:
    """Provide the stage; its template lies in `workplace`."""
    with twin() as origin, fork(origin.url, *FORK) as node:
        node.rpc("anvil_setBlockTimestampInterval", BLOCK_TIME_S)
        vault = _vault(node)
        fund(node.rpc, ZERO, ACCOUNT, 10**18)
        node.rpc("anvil_mine", hex(PAST_BLOCKS))
        node.rpc("evm_setNextBlockTimestamp", int(MONDAY.timestamp()) + LATE_S)
        node.rpc("evm_mine")
        template = workplace / "template"
        _write_deployment(template, vault)
        yield Stage(node=node, vault=vault, template=template)


def _vault(node: Node) -> str:
    coins = json.loads(TOKEN_MAP.read_bytes())["coins"]
    tokens = {
        coin: HUB_BY_COIN.get(coin) or coins[coin]["token"]["address"] for coin in PORTFOLIO_USD
    }
    hubs = tuple(HUB_BY_COIN.values())
    pools = found_pools(node.rpc, tokens=[*tokens.values(), *hubs], hubs=hubs)
    decimals = {address: _decimals(node, address) for address in {*tokens.values(), *hubs}}
    usd_by_hub = {address: _usd(coin) for coin, address in HUB_BY_COIN.items()}
    prices = dollar_prices(pools, usd_by_hub=usd_by_hub, decimals_by_token=decimals) | usd_by_hub
    vault = deploy_vault(node, agent=ACCOUNT)
    deepest: list[Any] = []
    for pair in sorted({(pool.token, pool.hub) for pool in pools}):
        of_pair = [pool for pool in pools if (pool.token, pool.hub) == pair]
        deepest += sorted(of_pair, key=lambda pool: -pool.hub_amount)[:DEPTH_SHOWN]
    allow_pools(node, vault, deepest)
    fund_vault(
        node,
        vault,
        [
            Wanted(
                address=tokens[coin],
                decimals=decimals[tokens[coin]],
                usd=Decimal(usd),
                price_usd=prices[tokens[coin]],
            )
            for coin, usd in PORTFOLIO_USD.items()
        ],
    )
    return vault


def small_token_map() -> TokenMapFile:
    """Return the token map of the package with the stage's coins alone: whatever is watched takes time."""
    whole = bundled_token_map(1)
    tree = json.loads(whole.raw)
    coins = {coin: row for coin, row in tree["coins"].items() if coin in PORTFOLIO_USD}
    hubs = {coin: row for coin, row in tree["stablecoins"].items() if coin in HUB_BY_COIN}
    feeds = {coin: row for coin, row in tree["usd_feeds"].items() if coin in PORTFOLIO_USD}
    tree |= {"coins": coins, "stablecoins": hubs, "usd_feeds": feeds}
    return TokenMapFile(path=whole.path, raw=json.dumps(tree).encode())


def _decimals(node: Node, address: str) -> int:
    data = {"to": address, "data": "0x313ce567"}  # decimals()
    return int(node.rpc("eth_call", data, "latest"), 16)


def _usd(coin: str) -> Decimal:
    rows = json.loads(RANKING.read_bytes())["rows"]
    return next(Decimal(row["price_usd"]) for row in rows if row["coin_id"] == coin)


def _write_deployment(directory: Path, vault: str) -> None:
    given = {
        "vault": vault,
        "rpc_url": NO_NODE,
        "ranking": "ranking.json",
        "regime": "regime.json",
        "keystore": "keystore.json",
        "password_file": "password",
        "checkpoint_key": KEY_NAME,
    }
    directory.mkdir(parents=True)
    create_key(directory / KEY_NAME)
    (directory / SETTINGS_NAME).write_text(settings_template(given))
    ranking = json.loads(RANKING.read_bytes())
    issued_at = datetime.fromisoformat(ranking["issued_at"])
    write_signals(directory, ranking, regime="bullish", issued_at=issued_at)
    keystore = Account.encrypt(bytes.fromhex(KEY[2:]), PASSWORD, kdf="pbkdf2", iterations=1)
    (directory / "keystore.json").write_text(json.dumps(keystore))
    (directory / "password").write_text(PASSWORD)
    (directory / "password").chmod(0o600)
    for old, new in SETTINGS.items():
        _edit(directory / SETTINGS_NAME, old, new)


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise LookupError(f"{path} has no {old!r}: the settings template changed")
    path.write_text(text.replace(old, new))

"""A whole deployment on a fork: vault, funds, signals, key and settings, as an operator has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from click.testing import Result
from eth_account import Account
from typer.testing import CliRunner

from agent.cli.app import app
from agent.domain.units import ZERO_ADDRESS
from anvil.assets import RANKING
from anvil.calls import transact
from anvil.fund import fund
from anvil.node import Node
from anvil.sample import MAX_WEIGHT, sample, write_signals
from anvil.stage import OWNER, allow_pools, deploy_vault, fund_vault
from anvil.twin import forked_twin

KEY = "0x" + "3c" * 32
ACCOUNT = Account.from_key(KEY).address
PASSWORD = "correct horse"  # noqa: S105 - of a key for forks
ETHER = 10**18


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A fork on which a vault is ready for its agent `ACCOUNT`, and the ranking to follow."""

    node: Node
    vault: str
    ranking: dict

    def deploy(self, directory: Path, *, rpc_url: str = "", password: str = PASSWORD) -> Path:
        """Write settings, fresh signals and keys into `directory`; return the settings file."""
        directory.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC).replace(microsecond=0)
        ranking = self.ranking | {"issued_at": now.isoformat().replace("+00:00", "Z")}
        write_signals(directory, ranking, regime="bullish", issued_at=now)
        self._write_key(directory, password)
        given = {
            "vault": self.vault,
            "rpc-url": rpc_url or self.node.url,
            "ranking": "ranking.json",
            "regime": "regime.json",
            "keystore": "keystore.json",
            "password-file": "password",
        }
        options = [part for key, value in given.items() for part in (f"--{key}", value)]
        assert agent("init", directory, *options).exit_code == 0
        settings = directory / "agent.toml"
        for old, new in (
            (
                "# max_coin_weight_ppm = 250000",
                f"max_coin_weight_ppm = {int(MAX_WEIGHT * 10**6)} #",
            ),
            ("confirmations = 2", "confirmations = 1"),
            ("notice_hours = 12", "notice_hours = 0"),
            ("batch_gas_share_ppm = 900000", "batch_gas_share_ppm = 60000"),
        ):
            edit(settings, old, new)
        return settings

    def _write_key(self, directory: Path, password: str) -> None:
        tree = Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=1)
        (directory / "keystore.json").write_text(json.dumps(tree))
        (directory / "password").write_text(password)
        (directory / "password").chmod(0o600)

    def nonce(self) -> int:
        return int(self.node.rpc("eth_getTransactionCount", ACCOUNT, "latest"), 16)


@contextmanager
def staged() -> Iterator[Staged]:
    """Provide a fork of the twin with a funded vault whose portfolio has drifted."""
    with forked_twin() as node:
        at = datetime.fromtimestamp(int(node.head()["timestamp"], 16), UTC)
        shown = sample(
            node.rpc,
            ranking=json.loads(RANKING.read_bytes()),
            universe="strict",
            usd=Decimal(200_000),
            issued_at=at,
        )
        vault = deploy_vault(node, agent=ACCOUNT)
        allow_pools(node, vault, shown.pools)
        fund_vault(node, vault, shown.wanted)
        fund(node.rpc, ZERO_ADDRESS, ACCOUNT, ETHER)
        yield Staged(node=node, vault=vault, ranking=dict(shown.ranking))


def agent(*arguments: object, text: str | None = None) -> Result:
    """Run a command of the agent in this process; `text` is what somebody types."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def pause(stage: Staged) -> None:
    transact(stage.node, OWNER, stage.vault, "0x8456cb59")  # pause()

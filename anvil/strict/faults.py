"""What can go wrong, as values: faults of one answer, and acts upon chain and endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A send that is answered with its hash and then forgotten: success but dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseButKeep:
    """A send that is answered with an error although the transaction is taken: error but accepted."""

    text: str = "internal error"
    code: int = -32603


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice:
    """A call that something on the way makes twice; the second answer is the one that arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A send that reaches the pool only `blocks` later, after others that were sent since."""

    blocks: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Unshared:
    """A send that is taken and told to no other node, so block builders do not see it either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """A call that is answered with an error and has no effect."""

    text: str = "internal error"
    code: int = -32603


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A request that is answered with an HTTP status and has no effect."""

    code: int = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A request whose connection breaks, before (`has_effect` false) or after it took effect."""

    has_effect: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """A request that takes effect at once and is answered `seconds` later."""

    seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Garble:
    """A request that takes effect and whose answer is cut off in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverse:
    """A batch whose answers come in the opposite order, as JSON-RPC allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A read that is answered as of `blocks` ago."""

    blocks: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A read that is answered with null, as by an index that lags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forge:
    """A read of which one field is a lie: `field` of the answer, or the answer itself where empty.

    `value` is the lie; None makes one that is well-formed and wrong.
    """

    field: str = ""
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invent:
    """A receipt of a transaction that is not in any block."""

    is_success: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongChain:
    """A node that serves another chain: `eth_chainId` and `net_version` say so."""

    chain_id: int = 5


Fault = (
    Drop | RefuseButKeep | Twice | Late | Unshared | Refuse | Status | Lost | Stall | Garble | Reverse
    | Stale | Missing | Forge | Invent | WrongChain
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """Blocks are made."""

    blocks: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorg:
    """The newest `depth` blocks are replaced by `blocks` others, one more than before where 0.

    Their transactions go back to the pools, if `repool`, and into the `include_at`-th new block or a
    later one; without, they are lost to all but who has the bytes.
    """

    depth: int = 1
    repool: bool = True
    include_at: int = 0
    blocks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evict:
    """Pools forget what they hold, that of one endpoint or all (-1)."""

    endpoint: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """An endpoint falls `blocks` behind; 0 brings it back."""

    endpoint: int = 0
    blocks: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """An endpoint follows a branch of its own from `depth` blocks ago; 0 brings it back."""

    endpoint: int = 0
    depth: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFee:
    """The base fee goes to `gwei`, an eighth a block."""

    gwei: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Censor:
    """No block builder takes anything for `blocks` blocks."""

    blocks: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Endpoints tell their peers and block builders what they kept to themselves."""


Act = Mine | Reorg | Evict | Lag | Split | BaseFee | Censor | Share

FAULTS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "drop": Drop, "refuse_but_keep": RefuseButKeep, "twice": Twice, "late": Late,
        "unshared": Unshared, "refuse": Refuse, "status": Status, "lost": Lost, "stall": Stall,
        "garble": Garble, "reverse": Reverse, "stale": Stale, "missing": Missing, "forge": Forge,
        "invent": Invent, "wrong_chain": WrongChain,
    }
)  # fmt: skip

ACTS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "mine": Mine, "reorg": Reorg, "evict": Evict, "lag": Lag, "split": Split,
        "base_fee": BaseFee, "censor": Censor, "share": Share,
    }
)  # fmt: skip

NAMES: Mapping[type[Any], str] = MappingProxyType(
    {kind: name for table in (FAULTS, ACTS) for name, kind in table.items()}
)

WHOLE_REQUEST = (Status, Lost, Stall, Garble, Reverse)
"""What befalls an HTTP request with all its calls, not one call of it."""

SENDS = (Drop, RefuseButKeep, Late, Unshared)
"""What befalls `eth_sendRawTransaction` only."""


class ScriptError(ValueError):
    """A script cannot be read; the text says where and why."""


def parsed(document: Any, *, where: str) -> Fault | Act:  # noqa: ANN401 - JSON from a file
    """Return the fault or act that `{"fault": name, ...}` or `{"act": name, ...}` means."""
    if not isinstance(document, dict):
        raise ScriptError(f"{where} = {document!r}: write an object")
    given = dict(document)
    for key, table in (("fault", FAULTS), ("act", ACTS)):
        if key in given:
            name = given.pop(key)
            if name not in table:
                raise ScriptError(f"{where}.{key} = {name!r}: one of {', '.join(table)}")
            return _filled(table[name], given, where=where)  # type: ignore[no-any-return]
    raise ScriptError(f"{where} = {document!r}: name a `fault` or an `act`")


def act_of(document: Any, *, where: str) -> Act:  # noqa: ANN401 - JSON from outside
    """Return the act that `{"act": name, ...}` means; raises ScriptError, for a fault too."""
    found = parsed(document, where=where)
    if not isinstance(found, Act):
        raise ScriptError(f"{where}: name an act, faults come from scripts")
    return found


def _filled(kind: type[Any], given: Mapping[str, Any], *, where: str) -> Any:  # noqa: ANN401 - of `kind`
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind)]
    for name, value in given.items():
        if name not in known:
            raise ScriptError(f"{where}.{name} is not known: {', '.join(known) or 'no'} fields are")
        if not _fits(value, hints[name]):
            raise ScriptError(f"{where}.{name} = {value!r}: write a {hints[name]}")
    return kind(**given)


def _fits(value: object, hint: object) -> bool:
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint)  # type: ignore[arg-type] # the hints above are classes and unions

"""The token map of a chain: the data file in the package, checked and turned into values."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from eth_utils.address import is_checksum_address
from pydantic import AfterValidator, Field

from agent.adapters.wire import Body, BodyError, Text, parse_body
from agent.domain.token import Form, HeldAs, Stablecoin, Token, TokenMap
from agent.domain.units import Address
from agent.errors import DataFileError


def _checksummed(value: str) -> Address:
    if not is_checksum_address(value):
        raise ValueError("give a 0x address with its EIP-55 checksum")
    return Address(value)


_Checksummed = Annotated[Text, AfterValidator(_checksummed)]
_Sources = Annotated[Text, Field(pattern="^[A-Z]+$")]


class _Token(Body):
    address: _Checksummed
    symbol: Text
    decimals: Annotated[int, Field(ge=0, le=36)]


class _Form(Body):
    """A token that stands for a coin. `sources` are the letters of the lists that carry it."""

    form: Annotated[Form, Field(strict=False)]
    wrapped_by: Text | None = None
    token: _Token
    sources: _Sources


class _Coin(_Form):
    class_: Annotated[Literal["coin"], Field(alias="class")]
    alternatives: Annotated[tuple[_Form, ...], Field(strict=False)] = ()


class _CannotHold(Body):
    class_: Annotated[
        Literal["coin", "stablecoin", "gold", "fund", "duplicate"], Field(alias="class")
    ]
    reason: Text
    note: Text | None = None


class _Stablecoin(Body):
    token: _Token
    issuer: Text
    sources: _Sources


class _Feed(Body):
    pair: Annotated[Text, Field(pattern=" / USD$")]
    address: _Checksummed


class _MapBody(Body):
    schema_: Annotated[Literal["agent.tokens/1"], Field(alias="schema")]
    chain_id: Annotated[int, Field(ge=1)]
    as_of: Text
    sources: dict[str, Text]
    reasons: dict[str, Text]
    coins: dict[str, _Coin]
    cannot_hold: dict[str, _CannotHold]
    stablecoins: dict[str, _Stablecoin]
    usd_feeds: dict[str, _Feed]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMapFile:
    """A token map's bytes and where they come from."""

    path: str
    raw: bytes


def bundled_token_map(chain_id: int) -> TokenMapFile:
    """Return the token map that the package ships for a chain.

    Raises:
        DataFileError: there is none.
    """
    file = resources.files("agent") / "data" / f"tokens.{chain_id}.json"
    if not file.is_file():
        raise DataFileError(
            path=str(file),
            field="chain_id",
            value=chain_id,
            mend="no token map of this chain ships",
        )
    return TokenMapFile(path=str(file), raw=file.read_bytes())


def read_token_map(path: Path) -> TokenMapFile:
    """Return the token map at `path`.

    Raises:
        DataFileError: it cannot be read.
    """
    try:
        return TokenMapFile(path=str(path), raw=path.read_bytes())
    except OSError as error:
        raise DataFileError(
            path=str(path), field="file", value=error.strerror, mend="give a readable token map"
        ) from error


def load_token_map(
    file: TokenMapFile, *, chain_id: int, address_by_coin: Mapping[str, Address] | None = None
) -> TokenMap:
    """Return the token map in `file`. `address_by_coin` picks an alternative, such as cbBTC for bitcoin.

    Raises:
        DataFileError: the file breaks its format, is of another chain, or lacks the alternative.
    """
    try:
        body = parse_body(_MapBody, file.raw)
        _check(body, chain_id)
        return _token_map(body, address_by_coin or {}, sha256=hashlib.sha256(file.raw).hexdigest())
    except BodyError as error:
        raise DataFileError(
            path=file.path, field=error.field, value=error.value, mend=error.mend
        ) from error


def _token_map(body: _MapBody, address_by_coin: Mapping[str, Address], *, sha256: str) -> TokenMap:
    forms: dict[str, _Form] = {**body.coins}
    for coin_id, address in address_by_coin.items():
        forms[coin_id] = _chosen(body, coin_id, address)
    return TokenMap(
        chain_id=body.chain_id,
        held_by_coin={
            coin_id: HeldAs(
                coin_id=coin_id,
                token=_token(body, form.token),
                form=form.form,
                wrapped_by=form.wrapped_by,
            )
            for coin_id, form in forms.items()
        },
        reason_by_coin={coin_id: _reason(body, c) for coin_id, c in body.cannot_hold.items()},
        stablecoin_by_coin={
            coin_id: Stablecoin(coin_id=coin_id, token=_token(body, s.token), issuer=s.issuer)
            for coin_id, s in body.stablecoins.items()
        },
        usd_feed_by_coin={i: Address(feed.address) for i, feed in body.usd_feeds.items()},
        sha256=sha256,
    )


def _chosen(body: _MapBody, coin_id: str, address: Address) -> _Form:
    coin = body.coins.get(coin_id)
    for form in (coin, *coin.alternatives) if coin else ():
        if form.token.address == address:
            return form
    raise BodyError(
        field=f"coins.{coin_id}",
        value=address,
        mend="choose a token that the map names for the coin",
    )


def _token(body: _MapBody, token: _Token) -> Token:
    return Token(
        chain_id=body.chain_id,
        address=Address(token.address),
        symbol=token.symbol,
        decimals=token.decimals,
    )


def _reason(body: _MapBody, coin: _CannotHold) -> str:
    reason = body.reasons[coin.reason]
    return f"{reason} ({coin.note})" if coin.note else reason


def _check(body: _MapBody, chain_id: int) -> None:
    for field, value, mend in _faults(body, chain_id):
        raise BodyError(field=field, value=value, mend=mend)


def _faults(body: _MapBody, chain_id: int) -> Iterator[tuple[str, object, str]]:
    if body.chain_id != chain_id:
        yield "chain_id", body.chain_id, f"give the token map of chain {chain_id}"
    for coin_id in body.coins.keys() & body.cannot_hold.keys():
        yield f"cannot_hold.{coin_id}", coin_id, "a coin is held or it is not: remove one entry"
    for coin_id in body.stablecoins.keys() - body.cannot_hold.keys():
        yield f"stablecoins.{coin_id}", coin_id, "list it in cannot_hold too: no index member"
    for coin_id, coin in body.cannot_hold.items():
        if coin.reason not in body.reasons:
            yield f"cannot_hold.{coin_id}.reason", coin.reason, "use a code of `reasons`"
    yield from _token_faults(body)


def _token_faults(body: _MapBody) -> Iterator[tuple[str, object, str]]:
    for coin_id, form in _forms(body):
        if (form.form is Form.WRAPPED) != (form.wrapped_by is not None):
            yield f"coins.{coin_id}.wrapped_by", form.wrapped_by, "a wrapped form names who wraps"
    for address, count in Counter(token.address for token in _tokens(body)).items():
        if count > 1:
            yield "token.address", address, "give each token one entry"


def _forms(body: _MapBody) -> Iterator[tuple[str, _Form]]:
    for coin_id, coin in body.coins.items():
        yield coin_id, coin
        yield from ((coin_id, form) for form in coin.alternatives)


def _tokens(body: _MapBody) -> Iterator[_Token]:
    yield from (form.token for _, form in _forms(body))
    yield from (stablecoin.token for stablecoin in body.stablecoins.values())

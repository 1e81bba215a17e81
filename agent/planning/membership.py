"""Who is a member of the index: places in the ranking, the buffer at its border, and lists in the settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agent.domain.policy import Policy, Universe
from agent.domain.rules import IndexRules
from agent.domain.signal import RankedCoin
from agent.domain.token import CannotHold, HeldAs, TokenMap
from agent.domain.units import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Members with what they are held as, and the coins passed over with the reason."""

    members: tuple[tuple[RankedCoin, HeldAs], ...]
    passed_over: tuple[tuple[RankedCoin, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """The places of the index: coins enter from `first` to `enter`, those held stay from `first` to `leave`."""

    first: int
    last: int
    enter: int
    leave: int

    def why_out(self, place: int, *, is_held: bool) -> str | None:
        """Return why the coin at a place is no member, None if it is one."""
        most = max(self.enter, self.leave) if is_held else self.enter
        if place < self.first:
            return f"place {place} is before the index's first, {self.first}"
        if place > most and is_held:
            return f"place {place} is beyond {most}, where a coin that is held leaves"
        if place > most:
            return f"place {place} is beyond {most}, up to which a coin enters"
        return None


def border(policy: Policy) -> Border:
    rules = policy.index
    last = rules.first_place + policy.top_n - 1
    return Border(
        first=rules.first_place,
        last=last,
        enter=rules.enter_place or last,
        leave=rules.leave_place or last,
    )


def selected(
    rows: Sequence[RankedCoin],
    *,
    token_map: TokenMap,
    policy: Policy,
    obstacle_by_token: Mapping[Address, str],
    held: Collection[Address],
) -> Selection:
    """Return the members among rows that are sorted by rank; `held` are the tokens that are held already."""
    search = _Search(policy, token_map, obstacle_by_token, held)
    for place, coin in enumerate(rows, start=1):
        search.look_at(coin, place)
    return Selection(members=tuple(search.members), passed_over=tuple(search.passed_over))


class _Search:
    """One pass over the ranking, best rank first."""

    def __init__(
        self,
        policy: Policy,
        token_map: TokenMap,
        obstacle_by_token: Mapping[Address, str],
        held: Collection[Address],
    ) -> None:
        self.members: list[tuple[RankedCoin, HeldAs]] = []
        self.passed_over: list[tuple[RankedCoin, str]] = []
        self._is_filling = policy.universe is Universe.FILL
        self._border, self._rules = border(policy), policy.index
        self._token_map, self._obstacle_by_token = token_map, obstacle_by_token
        self._held = held
        self._coin_by_token: dict[Address, str] = {}
        self._eligible = 0

    def look_at(self, coin: RankedCoin, position: int) -> None:
        """Take the coin at a position of the ranking, or pass it over."""
        held_as = self._eligibility(coin)
        place = self._eligible + 1 if self._is_filling else position
        self._eligible += isinstance(held_as, HeldAs)
        is_included = coin.coin_id in self._rules.include
        if isinstance(held_as, HeldAs):
            self._place(coin, held_as, place, is_included=is_included)
        elif self._border.first <= place <= self._border.last or is_included:
            self.passed_over.append((coin, held_as.reason))

    def _place(self, coin: RankedCoin, held_as: HeldAs, place: int, *, is_included: bool) -> None:
        token = held_as.token.address
        out = None if is_included else self._border.why_out(place, is_held=token in self._held)
        if out is None:
            self._coin_by_token[token] = coin.coin_id
            self.members.append((coin, held_as))
        elif self._border.first <= place <= self._border.last or token in self._held:
            self.passed_over.append((coin, out))

    def _eligibility(self, coin: RankedCoin) -> HeldAs | CannotHold:
        """Return what the coin would be held as, or why it cannot be or is not wanted."""
        if reason := unwanted(coin.coin_id, self._rules):
            return CannotHold(coin_id=coin.coin_id, reason=reason)
        held_as = self._token_map.lookup(coin.coin_id)
        if isinstance(held_as, CannotHold):
            return held_as
        token = held_as.token.address
        if token in self._coin_by_token:
            other = self._coin_by_token[token]
            reason = f"held as {held_as.token.symbol} like {other}, which is in already"
        elif token in self._obstacle_by_token:
            reason = self._obstacle_by_token[token]
        elif coin.market_cap_usd <= 0:
            reason = "the ranking gives it no market cap"
        else:
            return held_as
        return CannotHold(coin_id=coin.coin_id, reason=reason)


def unwanted(coin_id: str, rules: IndexRules) -> str | None:
    """Return why the settings leave a coin out, None if they do not."""
    if coin_id in rules.exclude:
        return "excluded by the settings (index.exclude)"
    sector = rules.sector_by_coin.get(coin_id, "no sector")
    if rules.sectors and sector not in rules.sectors and coin_id not in rules.include:
        return f"of {sector}, not of the sectors wanted: {', '.join(rules.sectors)}"
    return None

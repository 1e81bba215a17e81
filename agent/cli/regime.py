"""`agent regime`: where the regime's machine stands, and the operator's word in it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from agent.cli.frame import Json, SettingsFile, console, load_settings, print_json

regime_app = typer.Typer(help="The regime: show, override.", no_args_is_help=True)


class Word(StrEnum):
    """What an operator may say."""

    BULLISH = "bullish"
    BEARISH = "bearish"
    FOLLOW = "follow"


@regime_app.command()
def show(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Show the stance, why it was taken, and what a re-entry waits for."""
    from agent.bootstrap.regime import stance_on_record
    from agent.cli.views_regime import regime_view

    given = load_settings(settings)
    state = stance_on_record(given)
    if as_json:
        print_json(state)
    else:
        console().print(regime_view(state, given.regime.rules()), soft_wrap=True)


@regime_app.command()
def override(
    word: Annotated[
        Word,
        typer.Argument(
            help="bearish: out, until told otherwise; bullish: in; follow: end a hold, follow readings."
        ),
    ],
    by: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the log.")],
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Decide the stance by hand; the service acts on it at its next look."""
    from agent.bootstrap.regime import override as command
    from agent.cli.views_regime import regime_view
    from agent.domain.signal import Regime

    given = load_settings(settings)
    stance = None if word is Word.FOLLOW else Regime(word)
    state = command(given, stance, by=by, reason=reason)
    if as_json:
        print_json(state)
    else:
        console().print(regime_view(state, given.regime.rules()), soft_wrap=True)

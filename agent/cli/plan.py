"""`agent plan`: what a cycle would do now, nothing signed."""

from __future__ import annotations

from pathlib import Path

from agent.bootstrap.preview import Preview, preview
from agent.cli.frame import console, load_settings, print_json
from agent.cli.views_plan import basket_view, coverage_lines, plan_view, signals_line
from agent.domain.plan import Breach
from agent.errors import LimitsBreachedError


def show_plan(
    settings_file: Path | None, *, fork_url: str | None, all_orders: bool, as_json: bool
) -> None:
    """Print the proposal and plan of the cycle due now.

    Raises:
        LimitsBreachedError: after printing, where a limit would stop the cycle.
    """
    settings = load_settings(settings_file)
    with console(stderr=True).status("reading the chain and planning"):
        seen = preview(settings, fork_url=fork_url)
    if as_json:
        print_json(_tree(seen))
    else:
        _print(seen, all_orders=all_orders)
    _check(seen.breaches)


def _print(seen: Preview, *, all_orders: bool) -> None:
    screen, planned = console(), seen.planned
    screen.print(signals_line(planned.inputs.ranking, planned.inputs.regime, planned.inputs.stance))
    screen.print(basket_view(planned.plan.basket))
    for line in coverage_lines(seen.proposed.proposal.coverage):
        screen.print(line, soft_wrap=True)
    screen.print(plan_view(planned.plan, plan_id=planned.plan_id, all_orders=all_orders))
    if not seen.breaches:
        screen.print("\nnothing was signed; agent run executes on the schedule's next slot")


def _tree(seen: Preview) -> dict[str, object]:
    return {
        "proposal_id": seen.proposed.proposal_id,
        "proposal": seen.proposed.proposal,
        "plan_id": seen.planned.plan_id,
        "plan": seen.planned.plan,
        "breaches": seen.breaches,
    }


def _check(found: tuple[Breach, ...]) -> None:
    if found:
        lines = tuple((b.limit, b.allowed, b.found, b.mend) for b in found)
        raise LimitsBreachedError(breaches=lines)

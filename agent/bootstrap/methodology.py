"""The methodology of a deployment."""

from __future__ import annotations

from agent.planning.methodology import methodology
from agent.settings import Settings


def methodology_of(settings: Settings) -> str:
    """Return the rules that the settings put in force, as Markdown."""
    schedule = settings.schedule
    return methodology(
        settings.policy_in_force(), cron=schedule.cron, notice_hours=schedule.notice_hours
    )

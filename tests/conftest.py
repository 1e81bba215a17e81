"""What all tests share: properties are judged by what holds, and no test's logging outlives it."""

import logging

import pytest
import structlog
from hypothesis import settings

pytest_plugins = ["tests.databases"]

settings.register_profile("agent", deadline=None)
settings.load_profile("agent")

LOGGERS = ("", "dbos")
STATE = ("handlers", "level", "propagate", "disabled")


@pytest.fixture(autouse=True)
def logging_as_it_was():
    """Undo what a command configures: it holds for its whole process, which here is all tests'."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [{name: getattr(logger, name) for name in STATE} for logger in loggers]
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    for logger, state in zip(loggers, before, strict=True):
        for name, value in state.items():
            setattr(logger, name, value)

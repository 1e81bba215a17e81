"""Warming up reaches every kernel."""

from dataclasses import fields

from agent.planning.optimum.engine import Engine, best
from agent.planning.optimum.warming import warm


def test_every_kernel_is_ready_after_warming() -> None:
    assert warm()
    ready = {
        field.name: bool(getattr(best(), field.name).signatures)
        for field in fields(Engine)
        if field.name != "is_compiled"
    }

    # Only other kernels call these; where those come from the cache, these are not compiled apart.
    assert {"net", "room", "fill", "choose"} >= {
        name for name, is_ready in ready.items() if not is_ready
    }

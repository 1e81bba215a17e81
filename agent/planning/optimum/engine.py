"""The kernels, compiled by Numba where it is installed, and as plain Python where it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache, partial
from types import FunctionType, ModuleType
from typing import Any

from numpy.typing import NDArray

from agent.domain.canonical import content_id
from agent.planning.optimum import choosing, clearing, kernels
from agent.planning.optimum.clearing import Arcs, Market, Traded
from agent.planning.optimum.kernels import Book, Curves, Floats, Order

_MODULES = (kernels, choosing, clearing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One build of the kernels, under the names they have in their modules."""

    is_compiled: bool
    accumulate: Callable[[Curves], None]
    absorbed: Callable[[Curves, int, int, float], tuple[float, float, float, int]]
    room: Callable[[Book, Order], float]
    fill: Callable[[Book, Order, float], float]
    net: Callable[[Book, Order, float], float]
    profit: Callable[[Book, int, int, float], float]
    choose: Callable[[Book, Order, float], float]
    weigh: Callable[[Book, Market, Floats], None]
    fulfil: Callable[[Book, Order, Traded], float]
    clear: Callable[[Book, Market, Floats, Traded], float]
    choose_all: Callable[[Book, Market, float, Traded], None]
    arbitrage: Callable[[Curves, Arcs, Floats, Traded], float]
    stiffness: Callable[[Curves, Arcs, Floats, Floats], None]
    most: Callable[[Curves, int, tuple[float, float], tuple[float, float]], float]

    def numbers(self, values: NDArray[Any]) -> Any:  # noqa: ANN401 - one of two containers
        """Return the values in what this build is fast on: arrays when compiled, lists when not."""
        return values if self.is_compiled else values.tolist()


@cache
def plain() -> Engine:
    """Return the kernels as they are written."""
    return Engine(is_compiled=False, **_selected({n: f for m in _MODULES for n, f in _own(m)}))


@cache
def best() -> Engine:
    """Return the fastest build there is: compiled where Numba is installed.

    A kernel is compiled at its first call, or read from Numba's cache (NUMBA_CACHE_DIR, else beside
    its module); where neither can be written, compiling is done anew in every process.
    """
    try:
        from numba import njit  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return plain()
    # Without the test of every divisor, which nothing here needs, kernels run several times as fast.
    compiled = partial(njit, error_model="numpy")
    inner: dict[str, Any] = {}
    for module in _MODULES:
        # Kernels call each other by name: rebound in one scope, they call the compiled ones.
        inner |= {name: value for name, value in vars(module).items() if name not in inner}
    kernels_by_name = {name: function for module in _MODULES for name, function in _own(module)}
    for name, function in kernels_by_name.items():
        inner[name] = compiled(FunctionType(function.__code__, inner, name))
    # Only what is called from outside is cached: what comes from a cache cannot be inlined.
    edition = _edition()
    outer = {}
    for name, function in kernels_by_name.items():
        copy = FunctionType(function.__code__, inner, name)
        copy.__qualname__ = f"{name}_{edition}"
        outer[name] = _cached(compiled, copy)
    return Engine(is_compiled=True, **_selected(outer))


def _cached(compiled: Callable[..., Any], function: FunctionType) -> Callable[..., Any]:
    try:
        kernel: Callable[..., Any] = compiled(function, cache=True)
    except RuntimeError:  # there is nowhere to keep a cache
        kernel = compiled(function)
    return kernel


def _edition() -> str:
    """Return a name for all the kernels together.

    Numba tells stale caches by one file's date. It sees neither a change in a kernel that is called nor
    one in a tuple's fields; with the edition in its name, a kernel never meets another edition's cache.
    """
    parts: list[str] = []
    for module in _MODULES:
        for name, value in vars(module).items():
            if isinstance(value, FunctionType):
                code = value.__code__
                parts += [name, code.co_code.hex(), repr(code.co_consts), repr(code.co_names)]
            elif isinstance(value, int | float) or hasattr(value, "_fields"):
                parts += [name, repr(getattr(value, "_fields", value))]
    return content_id(parts)[:12]


def _own(module: ModuleType) -> list[tuple[str, FunctionType]]:
    return [
        (name, value)
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__
    ]


def _selected(scope: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(Engine)}
    return {name: scope[name] for name in names if name in scope}

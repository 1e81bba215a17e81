"""Imports point inward, and deciding code is pure."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "agent"
MODULES = sorted(ROOT.rglob("*.py"))

MAY_IMPORT = {
    "errors": set(),
    "domain": {"errors"},
    "planning": {"domain", "errors"},
    "ports": {"domain"},
    "observe": {"domain"},
    "settings": {"domain", "errors"},
    "execution": {"domain", "errors", "ports", "observe"},
    "rehearsal": {"domain", "errors", "ports", "observe", "execution"},
    "log": {"domain", "errors", "planning"},
    "adapters": {"domain", "errors", "ports", "settings", "log"},
    "daemon": {
        "domain", "errors", "ports", "observe", "planning", "execution", "rehearsal",
    },
    "workflow": {"domain", "errors", "ports", "observe", "daemon"},
    "bootstrap": {
        "domain", "errors", "ports", "observe", "planning", "execution", "rehearsal", "log",
        "adapters", "settings", "daemon", "workflow",
    },
    "cli": {"bootstrap", "observe", "settings", "errors", "domain", "log"},
    "__init__": set(),
    "__main__": {"cli"},
}  # fmt: skip
PURE = {"domain", "planning"}
PURE_STDLIB = {
    "__future__", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "itertools", "json", "math", "types", "typing",
}  # fmt: skip
PURE_BESIDES = {"domain": {"hashlib", "rfc8785"}, "planning": {"numpy", "scipy", "numba"}}
SHARED_ADAPTERS = {"envelope", "http", "wire", "rpc", "abi", "asked", "words"}
ONLY_IMPORTER = {"structlog": "observe", "dbos": "workflow"}


def layer(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (
                f"{node.module}.{alias.name}" if node.module == "agent" else str(node.module)
                for alias in node.names
            )


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_inward(path: Path) -> None:
    ours = {i.split(".")[1] for i in imports(ast.parse(path.read_text())) if i.startswith("agent.")}

    assert ours <= MAY_IMPORT[layer(path)] | {layer(path)}


@pytest.mark.parametrize(
    "path", [p for p in MODULES if layer(p) in PURE], ids=lambda p: str(p.relative_to(ROOT))
)
def test_deciding_code_is_pure(path: Path) -> None:
    tree = ast.parse(path.read_text())
    allowed = PURE_STDLIB | {"agent"} | PURE_BESIDES[layer(path)]

    assert {i.split(".")[0] for i in imports(tree)} <= allowed
    assert not any(isinstance(n, ast.AsyncFunctionDef | ast.Await) for n in ast.walk(tree))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_each_framework_has_one_importer(path: Path) -> None:
    used = {i.split(".")[0] for i in imports(ast.parse(path.read_text()))}

    for package, importer in ONLY_IMPORTER.items():
        assert package not in used or layer(path) == importer


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if layer(p) == "adapters" and p.stem not in {"__init__", *SHARED_ADAPTERS}],
    ids=lambda p: p.stem,
)
def test_adapters_do_not_import_each_other(path: Path) -> None:
    own = path.relative_to(ROOT / "adapters").parts[0].removesuffix(".py")
    theirs = {i for i in imports(ast.parse(path.read_text())) if i.startswith("agent.adapters.")}

    assert {i.split(".")[2] for i in theirs} <= SHARED_ADAPTERS | {own}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_nothing_imports_the_twin() -> None:
    for path in MODULES:
        assert "anvil" not in {i.split(".")[0] for i in imports(ast.parse(path.read_text()))}


def test_the_standard_library_names_are_real() -> None:
    assert PURE_STDLIB <= set(sys.stdlib_module_names)

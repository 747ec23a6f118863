"""What imports what is what docs/architecture.md says, and modules are short."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(?P<folder>(?:grader|dlcore)/[^`]+)`[^|]*\| [^|]+ \| (?P<allowed>[^|]+) \|$", re.MULTILINE)
TOP = {"grader": "grader/*.py", "dlcore": "dlcore/*.py"}
WIRING = {"wiring.py"}  # an alias for courses that exist
COMMANDS = {"cli.py", "__main__.py"}
MOST_LINES = 300  # of a module: what is longer has more than one purpose
OF_ALL = {"grader/cli.py", "grader/commands"}  # which may import everything


def place(parts: tuple[str, ...]) -> str:
    """The row of the table that a module belongs to."""
    package, *rest = parts
    folder = ROOT / package / rest[0] if rest else None
    return f"{package}/{rest[0]}" if folder is not None and folder.is_dir() else TOP[package]


def named(word: str) -> str:
    """The row that a word in the last column stands for."""
    package, _, name = word.rpartition(".")
    return TOP.get(word, f"{package or 'grader'}/{name}")


def modules(path: Path):
    """The modules of the project that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.fixture(scope="module")
def arrows() -> dict[str, dict[str, set[str]]]:
    """By row and imported row: the files that make the arrow."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for package in TOP:
        for path in (ROOT / package).rglob("*.py"):
            if path.name in WIRING | COMMANDS and path.parent.name in TOP:
                continue
            own = place(path.relative_to(ROOT).with_suffix("").parts)
            if own in OF_ALL:
                continue
            for module in modules(path):
                parts = tuple(module.split("."))
                if parts[0] in TOP and place(parts) != own:
                    found[own][place(parts)].add(path.relative_to(ROOT).as_posix())
    return {own: dict(others) for own, others in found.items()}  # which no look-up adds to


@pytest.fixture(scope="module")
def table() -> dict[str, set[str]]:
    """By row: the rows that it may import."""
    rows = {match["folder"]: set(re.findall(r"`([^`]+)`", match["allowed"])) for match in ROW.finditer(PAGE)}
    return {folder: {named(word) for word in words if word != "grader"} for folder, words in rows.items()}


def test_the_table_has_a_row_for_each_folder(table):
    folders = {
        f"{package}/{path.name}"
        for package in TOP
        for path in (ROOT / package).iterdir()
        if (path / "__init__.py").is_file()
    }
    assert folders | set(TOP.values()) <= set(table)


def test_no_folder_imports_what_it_may_not(arrows, table):
    every = {TOP["grader"]}  # errors, syntax and templating are for all of the grader
    forbidden = {
        f"{own} imports {other}": sorted(files)
        for own, others in arrows.items()
        for other, files in others.items()
        if other not in table[own] | (every if own.startswith("grader/") else set())
    }
    assert forbidden == {}


def test_no_arrow_of_the_table_is_gone(arrows, table):
    gone = {own: allowed - set(arrows.get(own, {})) for own, allowed in table.items() if own not in OF_ALL}
    assert gone == {own: set() for own in table if own not in OF_ALL}


def test_no_folders_import_each_other(arrows):
    mutual = {(own, other) for own in arrows for other in arrows[own] if own in arrows.get(other, {})}
    assert mutual == {(TOP["dlcore"], "dlcore/checks"), ("dlcore/checks", TOP["dlcore"])}  # its errors; re-exports


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:\w+/)+\w+\.(?:py|js|html\.j2))`", PAGE))))
def test_each_file_that_the_page_names_is_there(name):
    assert any((ROOT / root / name).is_file() for root in ("", "grader"))


def test_no_module_is_too_long():
    paths = [path for package in TOP for path in (ROOT / package).rglob("*.py")]
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in paths}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}
    assert {f"{package}/__init__.py" for package in TOP} <= lengths.keys()

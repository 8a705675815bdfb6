"""What is put into Lambda: bytecode that stays valid in CDK's zip (B4), and how large the layer is (B6)."""

from collections.abc import Iterator
from pathlib import Path

from bench.budget import Figure

_HASH_BASED, _CHECK_SOURCE = 0b01, 0b10
_MEGABYTE = 1_000_000


def figures(folders: list[Path], layer: Path) -> list[Figure]:
    """B4 over all staged `folders`, B6 of `layer`."""
    sources = [path for folder in folders for path in folder.rglob("*.py")]
    stale = [path for path in sources if not any(_valid(code) for code in _bytecode(path))]
    size = sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())
    share = len(stale) / len(sources) if sources else None
    return [
        Figure(
            "B4",
            "staged modules without bytecode that is valid whatever the zip's dates",
            share,
            goal=0,
            fail=0,
            note=f"{len(sources)} modules" + (f"; first: {stale[0].name}" if stale else ""),
        ),
        Figure("B6", "layer, unzipped, with bytecode", size / _MEGABYTE, goal=30, fail=45, unit="MB"),
    ]


def _bytecode(source: Path) -> Iterator[Path]:
    yield from source.parent.glob(f"__pycache__/{source.stem}.cpython-*.pyc")


def _valid(code: Path) -> bool:
    """PEP 552: flags 0b01 say that the header holds a hash of the source, and that nobody checks it."""
    with code.open("rb") as file:
        flags = int.from_bytes(file.read(8)[4:], "little")
    return flags & (_HASH_BASED | _CHECK_SOURCE) == _HASH_BASED

"""Rows as CSV: for people with a spreadsheet, so nothing in it may be taken for a formula."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from functions.dsar.archive.content import Section, Shown

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001  # full-width ones count as well
_MARK = "\ufeff"
"""Without it, spreadsheets take UTF-8 for something else."""


def head(section: Section) -> bytes:
    """The first line."""
    return (_MARK + _line(section.names)).encode()


def line(row: Shown) -> bytes:
    """One row; what has parts of its own is JSON in its cell."""
    return _line([_cell(value) for value in row.values()]).encode()


def _line(cells: Sequence[str]) -> str:
    told = io.StringIO()
    csv.writer(told).writerow(cells)
    return told.getvalue()


def _cell(value: Any) -> str:  # noqa: ANN401  # a value of JSON
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

"""Rows as CSV: for people with a spreadsheet, so nothing in it may be taken for a formula."""

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any

from functions.dsar.archive.content import Section, Shown

_FORMULA = re.compile(r"[\t\r\n]|[\s\x00\u200b\u2060\ufeff]*[-=+@＝＋－＠]")  # noqa: RUF001  # full-width ones count as well
"""Whatever a spreadsheet may leave out before it looks for one."""
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
        return f"'{value}" if _FORMULA.match(value) else value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

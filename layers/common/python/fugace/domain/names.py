"""Names that tenants give (references, campaigns, Idempotency-Keys): none may be what a person is known by."""

import re

NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""What a reference or a campaign may look like."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^@]@[^@]*\w|%40", re.ASCII)
_DIGITS_ALONE = re.compile(r"[+(]*\d(?:[ .:_()/-]*\d){8,14}\)?")
_WITH_PREFIX = re.compile(r"(?:\+|(?<![0-9A-Za-z])00)[1-9](?:[ .:_()/-]*\d){6,13}(?![0-9A-Za-z])")
_GROUPED = re.compile(r"(?<![0-9A-Za-z])\d(?:[ ._()/-]?\d){9,14}(?![0-9A-Za-z])")
_DIALLED = re.compile(r"0[1-9]\d{8,9}|[34]\d{9,12}")
"""A national number with its zero, or one of zones 3 and 4; a date or a clock reading starts with 1 or 2."""


def resembles(name: str) -> str:
    """Which personal datum `name` looks like; '' where it looks like none.

    Nine to fifteen digits and nothing else are taken for a number, because
    nobody can tell them from one: an order number takes a letter in front.
    Inside a longer name only what has a prefix counts (+, 00, a national zero,
    or a European country code), so that dates and clock readings pass. A UUID
    passes always.
    """
    if _UUID.fullmatch(name):
        return ""
    if _EMAIL.search(name):
        return "an e-mail address"
    if _DIGITS_ALONE.fullmatch(name) or _WITH_PREFIX.search(name):
        return "a telephone number"
    inside = (re.sub(r"\D", "", match.group()) for match in _GROUPED.finditer(name))
    return "a telephone number" if any(map(_DIALLED.fullmatch, inside)) else ""

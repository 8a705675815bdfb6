"""What any adapter reads out of a carrier's answer, safely: a code, a word, a time, a wait."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TypeVar

_Word = TypeVar("_Word", bound=StrEnum)

_CODE = re.compile(r"[A-Za-z0-9._-]{1,40}")
_LIKE_A_NUMBER = re.compile(r"\d(?:[._-]?\d){6}")  # E.164 has 7 digits at least
_LONGEST_WAIT = 86_400  # seconds
_OLDEST = timedelta(days=30)
_AHEAD = timedelta(minutes=5)


def code(value: object) -> str:
    """A carrier's code, or '' where it is free text, or could be a telephone number.

    Codes are stored, logged and shown to the tenant; a carrier that puts the
    recipient where a code belongs must not get it there.
    """
    text = str(value) if isinstance(value, str | int) else ""
    return text if _CODE.fullmatch(text) and not _LIKE_A_NUMBER.search(text) else ""


def word(value: object, words: type[_Word], otherwise: _Word) -> _Word:
    """One of `words`, as the carrier writes it in lower case; `otherwise` for anything else."""
    return words(value) if isinstance(value, str) and value in list(words) else otherwise


def moment(value: object, now: datetime) -> datetime | None:
    """An ISO 8601 time in UTC, or None.

    None too where it has no offset, because which zone was meant would be a
    guess, and where it is of another age: a receipt is not from the future.
    """
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        if read is None or read.tzinfo is None:
            return None
        read = read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return read if now - _OLDEST < read < now + _AHEAD else None


def retry_after(value: str, now: datetime) -> int | None:
    """How long to wait, in seconds, a day at most; None where the header says nothing readable.

    Source:
        RFC 9110 section 10.2.3: seconds, or an HTTP date.
    """
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(int(value), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        return None
    return max(0, min(int((until - now).total_seconds()), _LONGEST_WAIT))

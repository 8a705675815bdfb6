"""Lines of the rows in which is counted what has gone: a message is 22 characters where it is one of many alike."""

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from uuid import UUID

from fugace.domain.message import Status
from fugace.domain.retention import Kind
from fugace.keeping import Gone

HOUR = "%Y-%m-%dT%H"
_MONTH = "%Y-%m"
_ID = 22
"""16 bytes in base64url, without the two signs that say nothing."""
_IDS = 4_000
"""Ids of one line, at most."""
Statistics = Mapping[tuple[str, str, str], tuple[int, int]]
"""As `fugace.keeping.Tally` has them."""


def write_gone(gone: Iterable[Gone]) -> list[str]:
    """`record,content delivered 2026-11 1 <ids> spring`: kinds, state, month, segments, messages, campaign.

    The same messages make the same lines, in whatever order they come.
    """
    kinds = defaultdict[tuple[str, ...], set[str]](set)
    for each in gone:
        kinds[
            _id(each.message), each.status.value, each.anchor.strftime(_MONTH), str(each.segments), each.campaign
        ].add(each.kind.value)
    ids = defaultdict[tuple[str, ...], list[str]](list)
    for (message, *alike), found in sorted(kinds.items()):
        ids[",".join(sorted(found)), *alike].append(message)
    return [
        " ".join((*head[:4], "".join(found[start : start + _IDS]), head[4]))
        for head, found in sorted(ids.items())
        for start in range(0, len(found), _IDS)
    ]


def read_gone(line: str) -> Iterator[Gone]:
    """The inverse, but for the anchor, of which the month is left."""
    kinds, status, month, segments, ids, campaign = line.split(" ")
    anchor = datetime.strptime(month, _MONTH).replace(tzinfo=UTC)
    for kind in kinds.split(","):
        for start in range(0, len(ids), _ID):
            message = _message(ids[start : start + _ID])
            yield Gone(Kind(kind), message, anchor, Status(status), int(segments), campaign)


def write_counts(counts: Mapping[str, int]) -> list[str]:
    """`record 12`."""
    return [f"{word} {count}" for word, count in sorted(counts.items())]


def read_counts(lines: Iterable[str]) -> dict[str, int]:
    """The inverse."""
    return {word: int(count) for word, count in (line.split(" ") for line in lines)}


def write_statistics(statistics: Statistics) -> list[str]:
    """`2026-11 delivered 12 14 spring`: month, state, messages, segments, campaign."""
    return [
        f"{month} {status} {messages} {segments} {campaign}"
        for (campaign, month, status), (messages, segments) in sorted(statistics.items())
    ]


def read_statistics(lines: Iterable[str]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """The inverse."""
    fields = (line.split(" ") for line in lines)
    return {
        (campaign, month, status): (int(messages), int(segments))
        for month, status, messages, segments, campaign in fields
    }


def write_hour(at: datetime) -> str:
    """`2026-11-22T20`."""
    return f"{at.astimezone(UTC):{HOUR}}"


def read_hour(text: str) -> datetime:
    """The inverse."""
    return datetime.strptime(text, HOUR).replace(tzinfo=UTC)


def _id(message: str) -> str:
    return base64.urlsafe_b64encode(UUID(message).bytes).decode().rstrip("=")


def _message(text: str) -> str:
    return str(UUID(bytes=base64.urlsafe_b64decode(text + "==")))

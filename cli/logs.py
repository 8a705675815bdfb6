"""What functions wrote down about themselves, read from their logs: the same on a laptop and on AWS."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fugace.adapters.session import shared

HOUR = timedelta(hours=1)
_MOST = 1_000
"""Lines that are read: enough to tell a share, and not an hour's flood."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs of one environment, as they are `now`."""

    environment: str
    now: datetime

    def last(self, function: str, event: str) -> datetime | None:
        """When a function last wrote this word, in the last hour."""
        times = [each["timestamp"] for each in self._events(function, event, HOUR)]
        return _time(max(times)) if times else None

    def lines(self, function: str, word: str, back: timedelta) -> Iterator[dict[str, Any]]:
        """A function's own lines with this word in them."""
        for each in self._events(function, word, back):
            try:
                yield json.loads(each["message"])
            except ValueError:
                continue  # Lambda's own

    def began(self, function: str) -> datetime | None:
        """When its log was made, and so the function."""
        asked = {"logGroupNamePrefix": self._group(function)}
        groups = shared().client("logs").describe_log_groups(**asked)["logGroups"]
        return _time(groups[0]["creationTime"]) if groups else None

    def _events(self, function: str, word: str, back: timedelta) -> Iterator[Mapping[str, Any]]:
        """A log that is not there has none."""
        logs = shared().client("logs")
        asked = {"logGroupName": self._group(function), "filterPattern": f'"{word}"'}
        since = int((self.now - back).timestamp() * 1000)
        pages = logs.get_paginator("filter_log_events")
        try:
            for page in pages.paginate(**asked, startTime=since, PaginationConfig={"MaxItems": _MOST}):
                yield from page["events"]
        except logs.exceptions.ResourceNotFoundException:
            return

    def _group(self, function: str) -> str:
        return f"/fugace/{self.environment}/{function}"


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)

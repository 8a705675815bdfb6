"""What /v1/retention, /v1/holds, /v1/ledger and /v1/statistics show."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fugace.domain.bounds import Bound
from fugace.domain.hold import Hold
from fugace.domain.ledger import Entry, written
from fugace.domain.retention import Cap, Kind, Period, Retention
from functions.purge.account import Page, Sum
from functions.purge.foresight import Foreseen
from functions.purge.policy import Chosen

MEANS = {
    Kind.CONTENT: "The text of a message.",
    Kind.RECORD: "That there was a message: to whom (sealed), when, what became of it. Its text goes with it.",
    Kind.REPLIES: "What people answer. Nothing of it is stored yet.",
    Kind.CONTACTS: "Contacts and consents. Nothing of it is stored yet.",
    Kind.OBJECTIONS: "That somebody objected to advertising, as a keyed fingerprint.",
    Kind.STATISTICS: "Counts of messages that have gone, per campaign, month and state, without persons.",
    Kind.ACCESS: "Revoked and expired API keys.",
    Kind.EXPORTS: "Archives made for a person's request.",
    Kind.CASES: "Persons' requests, once finished; and legal holds that are over.",
}
EFFECT = (
    "A shorter period acts on everything at once, from in_force_from on; a longer one acts only on what is collected "
    "from then on. What is over cannot be read any more from that second on, and is deleted within an hour."
)
Before = tuple[Period, datetime]
"""A promise of the past: the period, and before when it was collected what it speaks of."""


def policy(chosen: Chosen, bounds: Mapping[Kind, Bound], simulated: Mapping[Kind, Foreseen]) -> dict[str, Any]:
    """A tenant's choices, with the bounds they were made in."""
    kinds = {kind.value: _kind(chosen.retention, kind, bounds[kind], chosen.at) for kind in Kind}
    shown = {"kinds": kinds, "effect": EFFECT}
    if not simulated:
        return shown
    return {**shown, "simulated": {kind.value: _foreseen(each) for kind, each in simulated.items()}}


def _kind(retention: Retention, kind: Kind, bound: Bound, now: datetime) -> dict[str, Any]:
    caps = retention.caps.get(kind, ())
    present = next((cap for cap in reversed(caps) if cap.since <= now), None)
    announced = [cap for cap in caps if cap.since > now]
    earlier = [(cap.period, cap.until) for cap in caps if cap.until and cap.until <= now and _decides(cap, caps, now)]
    return {
        "means": MEANS[kind],
        "period": str(present.period) if present else None,
        "effective": " ".join(_sentences(present, announced, earlier)),
        "announced": [{"period": str(cap.period), "in_force_from": written(cap.since)} for cap in announced],
        "earlier": [{"period": str(period), "collected_before": written(until)} for period, until in earlier],
        "bounds": {"min": str(bound.min), "default": str(bound.default), "max": str(bound.max), "ground": bound.ground},
    }


def _decides(cap: Cap, caps: Iterable[Cap], now: datetime) -> bool:
    return not any(other is not cap and other.covers(cap, now) for other in caps)


def _sentences(present: Cap | None, announced: Iterable[Cap], earlier: Iterable[Before]) -> Iterable[str]:
    if present is None:
        yield "Never chosen."
        return
    yield f"{present.period} at most."
    for period, until in earlier:
        yield f"What was collected before {written(until)}: {period} at most."
    before = present
    for cap in announced:
        whom = "for everything" if cap.period.within(before.period) else "for what is collected from then on"
        yield f"From {written(cap.since)}: {cap.period} at most, {whom}."
        before = cap


def _foreseen(each: Foreseen) -> dict[str, Any]:
    return {"period": str(each.period), "count": each.count, "complete": each.complete, "exact": each.exact}


def hold(found: Hold) -> dict[str, Any]:
    """A hold. Of a person it tells that it is one: neither the number nor what stands for it."""
    return {
        "id": found.id,
        "scope": found.scope,
        "message": found.message,
        "ground": found.ground.value,
        "state": found.state.value,
        "covers": found.covers,
        "until": written(found.until),
        "set_at": written(found.set_at),
        "set_by": found.set_by,
        "lifted_at": written(found.lifted_at) if found.lifted_at else None,
        "lifted_by": found.lifted_by or None,
    }


def ledger(page: Page) -> dict[str, Any]:
    """Entries as the very texts that were hashed, so that they can be verified without us."""
    return {
        "entries": [_entry(each) for each in page.entries],
        "after": page.after,
        "head": {"seq": page.head.seq, "hash": page.head.hash} if page.head else None,
        "checkpoint": json.loads(page.inclusion.text) if page.inclusion else None,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {"seq": entry.seq, "entry": entry.text, "hash": entry.hash}


def statistics(sums: Iterable[Sum]) -> list[dict[str, Any]]:
    """Counts. Messages without a campaign are those of `null`."""
    return [
        {
            "month": each.month,
            "campaign": each.campaign or None,
            "status": each.status.value,
            "messages": each.messages,
            "segments": each.segments,
        }
        for each in sums
    ]

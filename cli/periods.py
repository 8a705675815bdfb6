"""How long each kind of data is kept, where it is meanwhile, and what remains of it how long."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from cli.deployment import Deployment
from cli.words import kept, outlives, span, table
from fugace.datamap import place
from fugace.datamap.entry import Category, Fixed, Leaving, Row
from fugace.datamap.fields import FIELDS
from fugace.datamap.place import Place, State
from fugace.datamap.places import PLACES
from fugace.datamap.resources import places_of
from fugace.domain.bounds import Bound
from fugace.domain.retention import Kind

_WHAT = {
    Kind.CONTENT: "the text of a message",
    Kind.RECORD: "that there was a message: to whom, when, what became of it",
    Kind.REPLIES: "what people answer",
    Kind.CONTACTS: "contacts and consents",
    Kind.OBJECTIONS: "that somebody objected",
    Kind.STATISTICS: "counts per campaign, month and state, without persons",
    Kind.ACCESS: "who had access: API keys that were revoked or have expired",
    Kind.EXPORTS: "archives made for a person's request",
    Kind.CASES: "persons' requests, once finished; legal holds, once over",
}
_TTL = "by DynamoDB's TTL, which is usually late by up to two days"


def page(deployment: Deployment, bounds: Mapping[Kind, Bound]) -> list[str]:
    """Its lines."""
    return [
        "# How long data are kept",
        "",
        "The operator sets the bounds, in `retention.toml`; a tenant chooses inside them. Durations are ISO 8601.",
        "",
        *table(
            ("kind", "what", "at least", "unless chosen", "at most", "ground"),
            (_bound(kind, bound) for kind, bound in bounds.items()),
        ),
        *_kinds(),
        *_others(deployment),
    ]


def _kinds() -> list[str]:
    return [
        "## Where it is, and how it leaves",
        "",
        "What is over is shown to nobody from that second on, and is deleted a little later: that is the *lag*. The",
        "last column says how long a copy outlives the deletion. Sealed fields cannot be opened in it once the key of",
        "the person is gone, one to two hours after the person's last message.",
        "",
        *table(("kind", "stored", "how it leaves", "lag", "longest life after erasure"), map(_stored, Kind)),
        "Ids of messages, which lead to nobody once the message is gone, are in queues, schedules and logs for",
        f"{span(_ids())} more, at most.",
        "",
    ]


def _others(deployment: Deployment) -> list[str]:
    there = [each for each in PLACES.values() if each.state is not State.BANNED]
    return [
        "## What no tenant chooses",
        "",
        *table(("stored", "what", "kept", "how it leaves"), _fixed()),
        "## Copies, traces and others",
        "",
        f"Bounds are the software's. `{deployment.name}` keeps logs of functions for {deployment.log_days} days.",
        "",
        *table(
            ("", "place", "kept", "longest life after erasure"),
            ((str(each.number), each.name, kept(each.kept), outlives(each)) for each in there),
        ),
    ]


def _bound(kind: Kind, bound: Bound) -> tuple[str, ...]:
    return f"`{kind}`", _WHAT[kind], f"`{bound.min}`", f"`{bound.default}`", f"`{bound.max}`", bound.ground


def _stored(kind: Kind) -> tuple[str, ...]:
    fields = [each for each in FIELDS if each.kept is kind]
    if not fields:
        return f"`{kind}`", "nothing of this kind is stored", "", "", ""
    alone = {each.row.kept for each in fields} != {kind}
    names = dict.fromkeys(f"`{each.label if alone else each.row.name}` in `{each.row.table}`" for each in fields)
    leaves = dict.fromkeys(each.leaving.value for each in fields if each.leaving is not Leaving.STAYS)
    copies = {number for each in fields for number in places_of(each.row.table)}
    longest = max(_length(PLACES[number]) for number in copies)
    return f"`{kind}`", "; ".join(names), "; ".join(leaves), span(place.LAG), span(longest)


def _ids() -> timedelta:
    bounded = (each for each in PLACES.values() if each.state is State.BOUNDED)
    return max(_length(each) for each in bounded if Category.TRAFFIC in each.categories)


def _length(each: Place) -> timedelta:
    return each.outlives if isinstance(each.outlives, timedelta) else timedelta(0)


def _fixed() -> Iterator[tuple[str, ...]]:
    for row in dict.fromkeys(each.row for each in FIELDS):
        if isinstance(row.kept, Fixed):
            yield f"`{row.name}` in `{row.table}`", row.what, kept(row.kept), _end(row)


def _end(row: Row) -> str:
    expires = any(each.row is row and each.name == "expires_at" for each in FIELDS)
    return _TTL if expires else "deleted"

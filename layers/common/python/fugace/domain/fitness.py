"""What may enter the ledger: nothing but what each action knows, in the one form that it has.

Whatever is written there cannot be erased for years, so nothing is let in that could be about a person.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fugace.domain.case import CaseState, Denial, Extension, Identity, RestrictionGround, Right
from fugace.domain.hold import Ground
from fugace.domain.ledger import Action, Draft, UnfitError, written
from fugace.domain.retention import Kind, Period

MOST = 10**9
"""No count reaches it."""

Form = Callable[[object], bool]


def _form(pattern: str) -> Form:
    known = re.compile(pattern)
    return lambda value: isinstance(value, str) and known.fullmatch(value) is not None


def _time(value: object) -> bool:
    try:
        return isinstance(value, str) and written(datetime.fromisoformat(value)) == value
    except (ValueError, OverflowError):
        return False


def _hour(value: object) -> bool:
    return isinstance(value, str) and _time(f"{value}:00:00.000Z")


def _period(value: object) -> bool:
    try:
        return isinstance(value, str) and str(Period.parse(value)) == value
    except ValueError:
        return False


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value < MOST  # True is no count


def _word(*words: str) -> Form:
    return lambda value: isinstance(value, str) and value in words


_TENANT = _form("ten_[a-z2-7]{16}")
_HOLD = _form("hold_[a-z2-7]{16}")
_ACTOR = _form("key_[a-z2-7]{8}|operator|purge|request")
_REQUEST = _form("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACES = ("messages", "schedules", "carriers", "archives", "cases", "key")
"""Branches of the machine that erases; `fugace.datamap.entry.Branch` has the same, and a test compares them."""
_SCOPE = _word("message", "subject", "tenant")
_TO = {f"{kind}.to": _period for kind in Kind}
_FROM = {f"{kind}.from": _period for kind in Kind}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What an entry of one action is made of."""

    object: Form
    must: Mapping[str, Form] = field(default_factory=dict)
    may: Mapping[str, Form] = field(default_factory=dict)
    some: bool = False
    """At least one of those in `may` has to be there."""


_BARE = _Shape(_REQUEST)

_KNOWN = {
    Action.TENANT_CREATED: _Shape(_TENANT, may=_TO),
    Action.POLICY_CHANGED: _Shape(_TENANT, must={"in_force_from": _time}, may=_FROM | _TO, some=True),
    Action.HOLD_SET: _Shape(_HOLD, must={"scope": _SCOPE, "ground": _word(*Ground), "until": _time}),
    Action.HOLD_LIFTED: _Shape(_HOLD, must={"set_by": _ACTOR}, may={"scope": _SCOPE, "ground": _word(*Ground)}),
    Action.HOLD_ENDED: _Shape(_HOLD, must={"covers": _count}, may={"deleted": _count, "redacted": _count}),
    Action.PURGED: _Shape(
        _hour,
        may=dict.fromkeys(
            ("record", "content", "keys", "access", "statistics", "exports", "cases", "objections"), _count
        ),
        some=True,
    ),
    Action.REQUEST_FILED: _Shape(
        _REQUEST, must={"kind": _word(*Right), "identity": _word(*Identity), "submitted": _time, "due": _time}
    ),
    Action.REQUEST_EXTENDED: _Shape(_REQUEST, must={"reason": _word(*Extension), "due": _time}),
    Action.REQUEST_DENIED: _Shape(_REQUEST, must={"reason": _word(*Denial)}),
    Action.REQUEST_CANCELLED: _BARE,
    Action.REQUEST_CLOSED: _Shape(_REQUEST, must={"state": _word(CaseState.UNVERIFIED)}),
    Action.REQUEST_DONE: _Shape(_REQUEST, must={"kind": _word(*Right), "state": _word(*CaseState)}),
    Action.ERASURE_BEGUN: _BARE,
    Action.KEY_DESTROYED: _BARE,
    Action.ERASED: _Shape(
        _REQUEST,
        must={"state": _word(*CaseState)},
        may=dict.fromkeys((*_PLACES, *(f"{place}.left" for place in _PLACES)), _count),
    ),
    Action.CERTIFIED: _Shape(_REQUEST, must={"stage": _word("erased", "final"), "certificate": _REQUEST}),
    Action.ARCHIVE_MADE: _Shape(_REQUEST, must={"records": _count}),
    Action.ARCHIVE_FETCHED: _BARE,
    Action.RECTIFIED: _Shape(
        _REQUEST, must={"field": _word("to", "reference"), "records": _count}, may={"carriers.left": _count}
    ),
    Action.RESTRICTED: _Shape(_REQUEST, must={"ground": _word(*RestrictionGround)}),
    Action.UNRESTRICTED: _BARE,
    Action.OBJECTED: _BARE,
    Action.UNOBJECTED: _BARE,
    Action.RESTORED: _Shape(
        _REQUEST, must={"table": _word("messages", "tenants", "cases"), "kept": _count, "refused": _count}
    ),
}


def check(draft: Draft) -> None:
    """Let in nothing but what the action knows.

    Raises:
        UnfitError: there is something else. What resembles personal data is refused whatever its form.
    """
    known = _KNOWN[draft.action]
    _demand("at", "has no time zone", kept=draft.at.tzinfo is not None)
    forms = {**known.must, **known.may}
    _demand("facts", "has one that the action does not know", kept=forms.keys() >= draft.facts.keys())
    for name in known.must:
        _demand(name, "is missing", kept=name in draft.facts)
    _demand("facts", "says nothing", kept=not known.some or any(name in draft.facts for name in known.may))
    for name in (name for name in draft.facts if name.endswith(".from")):
        _demand(name, "leads nowhere", kept=name.removesuffix("from") + "to" in draft.facts)
    _fit("tenant", draft.tenant, _TENANT)
    _fit("actor", draft.actor, _ACTOR)
    _fit("object", draft.object, known.object)
    for name, value in draft.facts.items():
        _fit(name, value, forms[name])
    if draft.action in {Action.TENANT_CREATED, Action.POLICY_CHANGED}:
        _demand("object", "is another tenant", kept=draft.object == draft.tenant)


def _fit(name: str, value: object, form: Form) -> None:
    _demand(name, "resembles personal data", kept=not (isinstance(value, str) and personal(value)))
    _demand(name, "has not the form that it should have", kept=form(value))


def _demand(name: str, why: str, *, kept: bool) -> None:
    if not kept:
        sentence = f"{name} {why}"
        raise UnfitError(sentence)


_OPAQUE = re.compile(
    r"(?:ten|hold|key)_[a-z2-7]+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}(?::[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)?"
)
_PERSONAL = re.compile(r"(?:\d[().\-/]*){6}|@|[^!-~]")
"""Six digits, with or without marks between them; an address; words with spaces, and what is not ASCII."""
_LONGEST_VALUE = 64


def personal(text: str) -> bool:
    """Whether a text resembles a telephone number, an e-mail address or a sentence: the last line of defence."""
    if _OPAQUE.fullmatch(text):
        return False
    return len(text) > _LONGEST_VALUE or _PERSONAL.search(text) is not None

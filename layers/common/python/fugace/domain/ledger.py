"""The ledger: what was decided about data and what was destroyed, as a chain of hashes that anybody can check.

No personal datum can enter: an entry is made of closed words, opaque ids, times and counts, and each is checked for it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from fugace.domain.hold import Ground
from fugace.domain.ids import TenantId
from fugace.domain.retention import Kind, Period


class Action(StrEnum):
    """What happened. Public words."""

    TENANT_CREATED = "tenant-created"  # with its first periods
    POLICY_CHANGED = "policy-changed"
    HOLD_SET = "hold-set"
    HOLD_LIFTED = "hold-lifted"
    HOLD_ENDED = "hold-ended"  # taken off what it covered; what was over is deleted
    PURGED = "purged"  # counts of what has gone, by kind; TTL's deletions included


Fact = str | int

MOST = 10**9
"""No count reaches it."""
LONGEST = 4096
"""Characters of an entry's text, at most; the longest that can be made has a quarter of it."""


class UnfitError(ValueError):
    """What does not belong into the ledger. The message names the fact, never its value."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that has no place in the chain yet."""

    tenant: TenantId
    at: datetime
    action: Action
    actor: str
    """`key_…`, `operator`, or `purge`."""
    object: str
    """An opaque id, or the hour that was counted."""
    facts: Mapping[str, Fact]
    """By names that the action knows (see `_KNOWN`)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in its place."""

    seq: int
    """From 1."""
    draft: Draft
    prev: str
    """Hash of the entry before it; of nothing, `GENESIS`, for the first."""

    @classmethod
    def read(cls, text: str) -> "Entry":
        """The inverse of `text`. Raises ValueError for any other text, also one that says the same differently."""
        try:
            raw = json.loads(text) if len(text) <= LONGEST else {}
            at = datetime.fromisoformat(raw["at"])
            draft = Draft(raw["tenant"], at, Action(raw["action"]), raw["actor"], raw["object"], dict(raw["facts"]))
            entry = cls(raw["seq"], draft, raw["prev"])
            same = entry.text == text and _number(entry.seq) and _HASH(entry.prev)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            same = False
        if not same:
            raise ValueError("not the text of an entry")
        return entry

    @property
    def text(self) -> str:
        """What is hashed, signed for and exported: JSON with sorted keys and no spaces, in ASCII."""
        draft = self.draft
        shown = {
            "seq": self.seq,
            "tenant": draft.tenant,
            "at": written(draft.at),
            "action": draft.action.value,
            "actor": draft.actor,
            "object": draft.object,
            "facts": dict(draft.facts),
            "prev": self.prev,
        }
        return canonical(shown)

    @property
    def hash(self) -> str:
        """SHA-256 of 0x00 and the text, in hex: a leaf as RFC 6962 section 2.1 hashes it."""
        return hashed(self.text)


def canonical(shown: object) -> str:
    """JSON in the one form that is hashed: keys sorted, no spaces, ASCII."""
    return json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def hashed(text: str) -> str:
    """The hash of an entry's text."""
    return hashlib.sha256(b"\x00" + text.encode()).hexdigest()


def written(at: datetime) -> str:
    """A time as entries write it: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


GENESIS = hashlib.sha256(b"").hexdigest()


# --- what may enter -----------------------------------------------------------------------------

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


def _number(value: object) -> bool:
    return type(value) is int and value > 0


def _word(*words: str) -> Form:
    return lambda value: isinstance(value, str) and value in words


_HASH = _form("[0-9a-f]{64}")
_TENANT = _form("ten_[a-z2-7]{16}")
_HOLD = _form("hold_[a-z2-7]{16}")
_ACTOR = _form("key_[a-z2-7]{8}|operator|purge")
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


_KNOWN = {
    Action.TENANT_CREATED: _Shape(_TENANT, may=_TO),
    Action.POLICY_CHANGED: _Shape(_TENANT, must={"in_force_from": _time}, may=_FROM | _TO, some=True),
    Action.HOLD_SET: _Shape(_HOLD, must={"scope": _SCOPE, "ground": _word(*Ground), "until": _time}),
    Action.HOLD_LIFTED: _Shape(_HOLD, must={"set_by": _ACTOR}, may={"scope": _SCOPE, "ground": _word(*Ground)}),
    Action.HOLD_ENDED: _Shape(_HOLD, must={"covers": _count}, may={"deleted": _count, "redacted": _count}),
    Action.PURGED: _Shape(
        _hour, may=dict.fromkeys(("record", "content", "keys", "access", "statistics"), _count), some=True
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

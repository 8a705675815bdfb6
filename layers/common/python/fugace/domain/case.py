"""A person's request to a tenant: what is asked, where it stands, when it is due, and what became of each place.

Words of states and kinds are a profile of OpenDSR 2.0 (specification.md, "Request", "Response"): what it lacks is ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from fugace.domain.ids import MessageKey, SubjectId, TenantId


class Right(StrEnum):
    """What is asked for. Public words; articles are those of the GDPR."""

    ACCESS = "access"  # Art. 15
    PORTABILITY = "portability"  # Art. 20
    ERASURE = "erasure"  # Art. 17
    RECTIFICATION = "rectification"  # Art. 16
    RESTRICTION = "restriction"  # Art. 18
    OBJECTION = "objection"  # Art. 21(2): to advertising
    LIFT_RESTRICTION = "lift-restriction"  # Art. 18(3)
    LIFT_OBJECTION = "lift-objection"
    OFFBOARDING = "offboarding"  # Art. 28(3)(g): all that a tenant has; never filed as a person's request


ARCHIVED = frozenset({Right.ACCESS, Right.PORTABILITY})
"""Answered with an archive."""
ERASING = frozenset({Right.ERASURE, Right.OFFBOARDING})
"""Waited for before it begins, and certified at the end."""
LIFTS = {Right.LIFT_RESTRICTION: Right.RESTRICTION, Right.LIFT_OBJECTION: Right.OBJECTION}


class CaseState(StrEnum):
    """Where a request is. Public words, in our extension; `dsr_status` has OpenDSR's."""

    VERIFYING = "verifying"  # a code was sent to the number
    WAITING = "waiting"  # verified; it begins when its waiting time is over, and can be cancelled until then
    RUNNING = "running"
    PARTIAL = "partial"  # a place failed: the rest is done, and it is tried again
    HELD = "held"  # all is done but what a legal hold keeps; the rest follows when the hold is lifted
    COMPLETED = "completed"
    DENIED = "denied"  # by the controller, with a reason
    CANCELLED = "cancelled"
    UNVERIFIED = "unverified"  # nobody proved to have the number

    @property
    def final(self) -> bool:
        """Nothing is expected to follow."""
        return self in _FINAL

    @property
    def dsr_status(self) -> str:
        """OpenDSR's word: pending, in_progress, completed or cancelled."""
        return _DSR[self]


BEFORE = frozenset({CaseState.VERIFYING, CaseState.WAITING})
"""It has not begun: it can still be called off."""
REMAINING = frozenset({CaseState.PARTIAL, CaseState.HELD})
"""Done but for what failed, or is held."""
_FINAL = frozenset({CaseState.COMPLETED, CaseState.DENIED, CaseState.CANCELLED, CaseState.UNVERIFIED})
_DSR = {
    CaseState.VERIFYING: "pending",
    CaseState.WAITING: "pending",
    CaseState.RUNNING: "in_progress",
    CaseState.PARTIAL: "in_progress",
    CaseState.HELD: "in_progress",
    CaseState.COMPLETED: "completed",
    CaseState.DENIED: "completed",
    CaseState.CANCELLED: "cancelled",
    CaseState.UNVERIFIED: "cancelled",
}


class Identity(StrEnum):
    """How it is known that the person asks. Public words."""

    ATTESTED = "attested"  # the controller vouches for it, and that is written down
    OTP = "otp"  # a code was sent to the number


class Outcome(StrEnum):
    """What became of what is in one place. Public words."""

    ERASED = "erased"
    HELD = "held"
    RETAINED = "retained"  # on a ground, until a time
    NOT_SUPPORTED = "not_supported"  # somebody else's place, that takes no request
    FAILED = "failed"


class Stage(StrEnum):
    """What of an erasure must not be done twice, and was done: each comes after the one before it."""

    NOTHING = ""
    BEGUN = "begun"  # it is in the ledger
    DESTROYED = "destroyed"  # so is that the key is gone
    ENDED = "ended"  # nothing is left: whoever comes back now is not the one who was erased

    def reached(self, other: "Stage") -> bool:
        """Whether it is `other`, or comes after it."""
        return _STAGES.index(self) >= _STAGES.index(other)


_STAGES = list(Stage)


class Denial(StrEnum):
    """Why not: those of the Data Rights Protocol 1.0 that a controller can give. Public words."""

    FRAUD = "suspected_fraud"
    UNVERIFIED = "insuf_verification"
    NOT_COVERED = "claim_not_covered"
    JURISDICTION = "outside_jurisdiction"
    EXCESSIVE = "too_many_requests"  # Art. 12(5)
    OTHER = "other"


class Extension(StrEnum):
    """Why the answer takes longer (Art. 12(3)): the two reasons that the law knows. Public words."""

    COMPLEXITY = "complexity"
    NUMBER = "number_of_requests"


class RestrictionGround(StrEnum):
    """Which case of Art. 18(1). Public words."""

    ACCURACY = "accuracy"  # (a)
    UNLAWFUL = "unlawful"  # (b)
    CLAIM = "legal-claim"  # (c)
    OBJECTION = "objection"  # (d)


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one place."""

    outcome: Outcome
    count: int = 0
    """How much of it is gone."""
    left: int = 0
    """How much is still there."""
    until: datetime | None = None
    """How long that stays, where it is known."""
    ground: str = ""
    """Why it stays: a word of ours."""
    kept: int = 0
    """How much of what is left is with somebody who takes no request."""

    def seen(self, now: int) -> "Found":
        """The same when so much is there now: what is gone and what is left are together what there ever was."""
        return replace(self, count=self.count + max(self.left, now) - now, left=now)


@dataclass(frozen=True, slots=True)
class CaseKey:
    """Where a case is: its tenant, and the `subject_request_id` that the tenant made. All that ever travels."""

    tenant: TenantId
    id: str
    """A UUID."""

    def __str__(self) -> str:
        return f"{self.tenant}/{self.id}"

    @classmethod
    def read(cls, text: str) -> "CaseKey":
        """The inverse of `str`. Raises ValueError for anything else, without quoting it."""
        key = MessageKey.read(text)
        return cls(key.tenant, key.id)


@dataclass(frozen=True, slots=True)
class Case:
    """A request as it is kept. What names the person is sealed with the case's own key, which no back-up has."""

    key: CaseKey
    right: Right
    state: CaseState
    submitted: datetime
    """When the controller got it: the clock of Art. 12(3) starts here."""
    received: datetime
    """When we got it."""
    due: datetime
    identity: Identity
    filed_by: str
    """Id of the API key."""
    subject: SubjectId | None = None
    """Whose it is; None once that is not to be known any more, and for a tenant's own."""
    sealed: bytes = b""
    """The number, while it is needed."""
    correction: bytes = b""
    """What is to be put in its place, sealed: JSON of `{"field": "to" | "reference", "value": …}`."""
    digest: bytes = b""
    """Keyed digest of the request, which tells a repetition from another one with the same id."""
    commitment: str = ""
    """HMAC-SHA-256 of the number under a key that was given to the controller once and is not kept: base64url."""
    callbacks: tuple[str, ...] = ()
    regulation: str = "gdpr"
    language: str = "en"
    reason: str = ""
    """Of a denial or of a restriction: a word of ours."""
    extended: str = ""
    """Why the deadline was extended: a word of `Extension`."""
    until: datetime | None = None
    """When its waiting time is over."""
    epoch: int = 0
    """Of the person's key that an erasure destroyed."""
    stage: Stage = Stage.NOTHING
    """How far an erasure is with what is done once."""
    places: Mapping[str, Found] = field(default_factory=dict)
    """By the name of a branch of the machine."""
    run: int = 0
    """How many executions there were."""
    look_at: datetime | None = None
    """When somebody has to look at it next; None: nothing to wait for."""
    reminded: str = ""
    """Of which date a reminder was given: `P7D`, `P2D`, `overdue`, or ''."""
    told: str = ""
    """The last state that the callbacks were told."""
    token: str = ""
    """What the machine waits for: an opaque text of AWS."""
    code: bytes = b""
    """Keyed digest of the code that was sent."""
    tries: int = 0
    """How often a wrong code was given."""
    records: int | None = None
    """How many records its archive has; None while there is none."""
    links: int = 0
    """Links to its archive that were made."""
    link_until: datetime | None = None
    """How long the last of them can be used; None once it was."""
    certificate: str = ""
    """The newest one: a JWS in compact form."""
    final_at: datetime | None = None
    """When the last back-up and log is over: then the final certificate is made."""
    begun: datetime | None = None
    closed: datetime | None = None
    """When a run last found nothing left in any place but what is held."""
    amended: datetime | None = None
    """When what it asks for was entered into the ledger as done: a correction, a restriction, an objection, a lift."""
    finished: datetime | None = None
    version: int = 0

    @property
    def tenant(self) -> TenantId:
        """Whose case it is."""
        return self.key.tenant

    @property
    def claims(self) -> bool:
        """Whether it keeps others of its person and kind waiting: not before it is known that the person asks.

        Source:
            GHSA-qx5f-ghc2-7g5c (Fides): an unverified request must not keep a genuine one out.
        """
        return self.subject is not None and self.state is not CaseState.VERIFYING and not self.state.final

    @property
    def untold(self) -> bool:
        """Whether callbacks wait to be told where it is. What it was filed as the answer to the filing has told."""
        as_filed = not self.told and self.state in {CaseState.VERIFYING, CaseState.WAITING}
        return bool(self.callbacks) and self.told != self.state and not as_filed

    def ended(self, state: CaseState, at: datetime, reason: str = "") -> "Case":
        """As it is once it is over: no code opens anything, and nobody waits for one."""
        return replace(self, state=state, finished=at, reason=reason or self.reason, token="", code=b"", tries=0)

    @property
    def proven(self) -> bool:
        """Whether the code was given back: a code is used once, so it is gone, and what waits for it is not."""
        return self.state is CaseState.VERIFYING and bool(self.token) and not self.code


TARGET = timedelta(hours=72)
"""In how long the processor itself means to be done: the controller's month must not be spent here."""

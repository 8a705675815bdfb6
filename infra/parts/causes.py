"""What somebody is woken for. Alarms are many, causes few: each alarm belongs to one cause, and a cause speaks once.

A cause is in alarm while one of its alarms is. It keeps silent while another that lies deeper is in alarm: whoever
was woken for that one needs no second call for what follows from it. docs/runbooks.md has a section for each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from infra.config import Environment
from infra.parts.metrics import TABLES, dead_queues

Journey = Literal["send", "report", "purge", "request"]

FOUNDATIONS = "foundations"
NOT_WOKEN = "not-woken"
DEAD_LETTERS = "dead-letters"
ACUTE = "acute"
"""Any cause at all but dead letters, which are what it leaves behind. It wakes nobody."""

TO_PUT_BACK = 3600
"""Seconds after the cause has ended, before dead letters are spoken of: whoever mended it puts them back."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that one person is woken for, once."""

    name: str
    """Of the alarm that wakes, behind the environment's name."""
    says: str
    journeys: tuple[Journey, ...]
    """On whose pages it is drawn."""
    alarms: tuple[str, ...]
    """Any of these."""
    together: tuple[tuple[str, ...], ...] = ()
    """Alarms that say something only together: each by itself is no fault."""
    unless: tuple[str, ...] = ()
    """Of the same cause's kind: while one of these is in alarm, it is another cause."""
    after: tuple[str, ...] = ()
    """Causes that lie deeper, besides the foundations."""
    runbook: str = ""
    """Its section in docs/runbooks.md; that of its own name unless said."""
    silenced_by: str = FOUNDATIONS
    """The one alarm that CloudWatch asks before it acts. '' for none."""

    @property
    def section(self) -> str:
        """The anchor of its section."""
        return self.runbook or self.name

    @property
    def leaves(self) -> tuple[str, ...]:
        """The alarms that belong to it."""
        return (*self.alarms, *(name for names in self.together for name in names))


def causes(environment: Environment) -> tuple[Cause, ...]:
    """All of them, of one environment. None looks at one that comes later, but for what silences it."""
    carriers = tuple(_carrier(each.name) for each in environment.carriers)
    return (*_common(), *_send(), *carriers, *_report(carriers), *_purge(), *_request(), _dead_letters(environment))


def acute(environment: Environment) -> tuple[str, ...]:
    """Causes that may leave dead letters behind: each ends as soon as it is mended."""
    lasting = {DEAD_LETTERS, "requests-slow", "request-near-date", "data-tampered", "restore-failed"}
    return tuple(each.name for each in causes(environment) if each.name not in lasting)


def works(*functions: str) -> tuple[str, ...]:
    """The two alarms of each function: what it sees itself, and what it does not."""
    return tuple(f"{name}-{word}" for name in functions for word in ("errors", "bugs"))


def _common() -> Iterator[Cause]:
    yield Cause(
        FOUNDATIONS,
        "What everything stands on is throttled or does not answer: DynamoDB, KMS, Lambda or Step Functions.",
        ("send", "report", "purge", "request"),
        (
            *(f"{name}-{word}" for name in ("dynamodb", "kms") for word in ("throttled", "unreached")),
            *(f"{table}-{word}-throttled" for table in TABLES for word in ("reads", "writes")),
            *("throttled", "executions-throttled"),
        ),
        silenced_by="",
    )
    yield Cause(
        NOT_WOKEN,
        "Schedules wake nobody: nothing lost is found, nothing over is purged, no request is looked at.",
        ("report", "purge", "request"),
        ("reconcile-silent",),
        unless=works("reconcile"),
    )


def _send() -> Iterator[Cause]:
    yield Cause(
        "api-failing",
        "Calls of the API fail for our reasons: messages are not accepted, or tenants cannot do something else.",
        ("send", "request"),
        ("api-5xx", "accept-unavailable", *works("auth", "send", "keys", "webhooks", "retention", "requests")),
    )
    yield Cause(
        "api-slow",
        "Messages are accepted late: clients run into their own time-outs.",
        ("send",),
        ("send-slow", "auth-slow"),
        after=("api-failing",),
    )
    yield Cause(
        "not-leaving",
        "Messages were accepted and do not reach a carrier, for our reasons.",
        ("send",),
        (
            *("relay-late", "relay-failing", *works("relay", "dispatch")),
            *("dispatch-failing", "hand-over-in-doubt", "never-sent"),
        ),
    )


def _carrier(name: str) -> Cause:
    return Cause(
        f"carrier-{name}-failing",
        f"The carrier {name} does not take messages: they wait, and end unsent when their validity does.",
        ("send",),
        (f"carrier-{name}-errors", f"carrier-{name}-late"),
        after=("not-leaving",),
        runbook="carrier-failing",
    )


def _report(carriers: tuple[Cause, ...]) -> Iterator[Cause]:
    yield Cause(
        "receipts-missing",
        "What became of messages is not told, or not taken down: they end as `unknown`.",
        ("report",),
        (
            *("no-receipts", "receipts-refused", "receipts-late", "reconcile-behind"),
            *works("receive", "receipts", "reconcile"),
        ),
        together=(("receive-quiet", "dispatch-busy"),),
        after=("not-leaving", *(each.name for each in carriers)),
    )
    yield Cause(
        "tenants-untold",
        "Webhooks and callbacks are late or stay away: tenants do not hear what became of messages and requests.",
        ("report", "request"),
        ("notify-late", "callbacks-late", "callback-failed", *works("notify", "callback")),
    )


def _purge() -> Iterator[Cause]:
    yield Cause(
        "purge-silent",
        "Nobody looks for what is over: it is shown to nobody, and stays stored.",
        ("purge",),
        ("plan-silent", *works("plan")),
        after=(NOT_WOKEN,),
    )
    yield Cause(
        "purge-late",
        "Something is over for more than an hour and still stored: the promise is broken.",
        ("purge",),
        (
            *(f"purge-lag-{kind}" for kind in OVERDUE),
            *("sweep-late", *works("sweep")),
        ),
        after=("purge-silent",),
    )
    yield Cause(
        "ledger-unsigned",
        "Deletions are not counted, or the ledger is not signed: what was destroyed cannot be proved.",
        ("purge",),
        ("tally-late", "checkpoint-silent", *works("tally", "checkpoint")),
        after=(NOT_WOKEN,),
    )
    yield Cause(
        "data-tampered",
        "Stored data are not as the functions left them: somebody has changed the ledger, keys or messages.",
        ("purge", "send"),
        ("ledger-rewritten", "key-missing", "uncounted"),
        silenced_by="",
    )


def _request() -> Iterator[Cause]:
    steps = ("settle", "verify", "export", "erase", "recall", "amend", "certify", "depart", "leave", "watch")
    yield Cause(
        "requests-stuck",
        "A person's request, or a tenant's leave, does not go on, while the law's month does.",
        ("request",),
        (
            *("request-partial", "requests-not-looked-at", "executions-failed", "executions-lost", "watch-silent"),
            *works(*steps),
        ),
        after=(NOT_WOKEN,),
    )
    yield Cause(
        "requests-slow",
        "A person's request has been worked on for more than 72 hours, our own target.",
        ("request",),
        ("request-slow",),
        after=("requests-stuck",),
    )
    yield Cause(
        "request-near-date",
        "A person's request is near its date, or past it (Art. 12(3)).",
        ("request",),
        ("request-due-in-7-days", "request-due-in-2-days", "request-overdue"),
        silenced_by="",
    )
    yield Cause(
        "restore-failed",
        "A restore from a back-up has stopped.",
        ("request",),
        ("restore-stopped", *works("restore")),
    )


def _dead_letters(environment: Environment) -> Cause:
    return Cause(
        DEAD_LETTERS,
        "Work was given up, and waits for somebody to put it back.",
        ("send", "report", "purge", "request"),
        tuple(f"{key}-not-empty" for key in dead_queues(environment)),
        silenced_by=ACUTE,
    )


OVERDUE = ("record", "content", "access", "statistics", "exports", "cases", "objections", "hold")
"""Kinds of jobs whose lag is watched."""

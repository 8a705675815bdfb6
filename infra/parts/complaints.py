"""What of all that the functions count about themselves wakes somebody, and what that person should do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Complaint:
    """A metric of one function that should stay at zero."""

    alarm: str
    metric: str
    function: str
    says: str
    lasting: bool = False
    """Once is no reason to wake anybody: repeats cure it. Twice in a quarter of an hour is."""


COMPLAINTS = (
    Complaint(
        "hand-over-in-doubt",
        "HandOverInDoubt",
        "dispatch",
        "A carrier may have messages of which we could not write down that it has them. They come back by themselves, "
        "and what each asked for (`on_unknown`) decides. Look for `not-dispatched` in the log of dispatch: a table "
        "that cannot be written has to be, an answer that cannot be read is a fault in the carrier's adapter. Until "
        "it is mended, compare with the carrier's own list before anybody sends again.",
    ),
    Complaint(
        "key-missing",
        "MissingKey",
        "dispatch",
        "A key that should be there is not, and no tombstone says why: nothing was sent. Find who wrote to the tables "
        "`tenants` and `subject-keys`, and stop it. A tenant's row comes back from the table's history; a person's key "
        "is in no back-up, and what it sealed stays closed.",
    ),
    Complaint(
        "dispatch-failing",
        "DispatchFailed",
        "dispatch",
        "Messages go back to the carrier's queue before the carrier was asked. Look for `not-dispatched` in the log of "
        "dispatch: usually a table, KMS or the carrier's secret cannot be reached. The fifth time they are dead "
        "letters, and their tenants are told that it failed.",
        lasting=True,
    ),
    Complaint(
        "relay-failing",
        "RelayFailed",
        "relay",
        "Changes of messages cannot be put on a queue or a schedule, and those behind them wait. Look for "
        "`relay-failed` in the log of relay, and mend what its reason names. After 24 hours the stream forgets them.",
        lasting=True,
    ),
    Complaint(
        "never-sent",
        "NeverSent",
        "reconcile",
        "Messages ended as `expired` although no carrier was ever asked: they were lost on the way, or their queue "
        "stood still until they were too old. Look at the alarms of relay and dispatch and at the dead letters of the "
        "same hours, and tell the tenants: to them it looks as if a handset had been off.",
    ),
    Complaint(
        "uncounted",
        "Unreadable",
        "tally",
        "Something left the messages table that could not be read any more, and is not, or not wholly, in the ledger. "
        "Look for `unreadable` in the log of tally: either somebody writes to the table beside the functions, or what "
        "was written by an older release cannot be read by this one.",
    ),
    Complaint(
        "ledger-rewritten",
        "Rewritten",
        "checkpoint",
        "A tenant's chain no longer continues what was signed before: somebody has changed or removed entries of the "
        "ledger. The log of checkpoint names the tenant (`rewritten`), and the old end was signed again, so the proof "
        "stands. Export the chain, have `fugace ledger verify` name the first broken entry, and find who may write to "
        "the table `ledger`: no function's role can.",
    ),
    Complaint(
        "receipts-refused",
        "ReceiptRefused",
        "receive",
        "Somebody reports as a carrier and cannot prove to be one, or says what we cannot read. A forger needs no "
        "help; but a carrier that has changed its secret or its format looks the same, and its receipts are being "
        "lost. Look for `receipt-refused` in the log of receive: `signature` means that the carrier's secret is not "
        "the one that we hold, `unreadable` that its adapter does not know the format.",
        lasting=True,
    ),
    Complaint(
        "request-partial",
        "RequestPartial",
        "settle",
        "A step of a person's request failed although it was repeated. What was done is done; the request is "
        "`partial`, its clock runs, and it is taken up again from where it stopped. Look for the request in the log of "
        "settle, which names the step, then for `bug` in the log of export, erase, recall, amend or certify. What is "
        "mended needs no further help: the next run begins within the hour.",
    ),
    Complaint(
        "requests-not-looked-at",
        "NotLooked",
        "watch",
        "Persons' requests that have to be looked at cannot be: what failed there is not taken up again, and nobody is "
        "warned of their dates. Look for `not-looked` in the log of watch, and mend what its reason names.",
        lasting=True,
    ),
    Complaint(
        "request-due-in-7-days",
        "RequestDueIn7Days",
        "watch",
        "A person's request has to be answered within seven days and is not. The log of watch names it; "
        "`GET /v1/requests` lists the most urgent first. Where it waits for its controller (a code, a denial, an "
        "extension), tell the tenant; where it is `partial` or `held`, see why.",
    ),
    Complaint(
        "request-due-in-2-days",
        "RequestDueIn2Days",
        "watch",
        "A person's request has to be answered within two days and is not. Call the tenant today. An extension is "
        "possible only within the first month, only once, and the person has to be told why (Art. 12(3)).",
    ),
    Complaint(
        "request-overdue",
        "RequestOverdue",
        "watch",
        "A person's request was not answered in time: Art. 12(3) is broken. Tell the tenant, who answers for it, and "
        "write down why. The request goes on.",
    ),
    Complaint(
        "callback-failed",
        "CallbackFailed",
        "callback",
        "A controller could not be told how a request stands, and is not tried again: its address refuses or is "
        "silent. Nothing of the request is lost, `GET /v1/requests/{id}` has its state. Look for `given-up` in the log "
        "of callback, and tell the tenant.",
    ),
)

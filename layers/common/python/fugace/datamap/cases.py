"""The rows of the cases table."""

from typing import Any, ClassVar

from fugace.datamap.entry import Branch, Category, Leaving, Protection, Row
from fugace.domain.retention import Kind

_COMPANY = "a company's opaque id"
_TIME = "says when the work on a request was done, is due, or is forgotten"
_WORD = "one of a few words of ours"
_UNLINKED = (
    "once the keyed hash is gone from the row, nobody can tell whose request it was; that it was answered is kept"
)


class Case:
    """A person's request. Names in an export are those of the API."""

    row = Row(
        "case",
        "cases",
        "a person's request: what was asked, when it was due, what was done",
        "answering persons in time, and showing that they were",
        "Art. 5(2), 12(3), 24(1)",
        Kind.CASES,
        Branch.CASES,
    )

    _STAYS: ClassVar[dict[str, Any]] = {"leaving": Leaving.STAYS, "because": _UNLINKED}

    tenant = row.other("tenant", "whose it is", _COMPANY, category=Category.ACCOUNT)
    item = row.personal("item", "id of the case", category=Category.TRAFFIC, exported="subject_request_id", **_STAYS)
    right = row.personal(
        "kind", "what is asked for", category=Category.TRAFFIC, exported="subject_request_type", **_STAYS
    )
    state = row.personal("state", "where it is", category=Category.TRAFFIC, exported="state", **_STAYS)
    submitted = row.personal(
        "submitted", "when the tenant got it", category=Category.TRAFFIC, exported="submitted_time", **_STAYS
    )
    received = row.personal("received", "when we got it", category=Category.TRAFFIC, exported="received_time", **_STAYS)
    due = row.personal(
        "due_at", "by when it has to be answered", category=Category.TRAFFIC, exported="due_at", **_STAYS
    )
    identity = row.personal(
        "identity", "how the person was identified", category=Category.TRAFFIC, exported="identity", **_STAYS
    )
    filed_by = row.staff("filed_by", "id of the API key that filed it", "a key may be one person's")
    subject = row.personal(
        "subject",
        "keyed hash of the number, until nobody needs to find the case by it",
        category=Category.PSEUDONYM,
        protection=Protection.PSEUDONYM,
        exported="subject",
        leaving=Leaving.FIELD,
    )
    sealed = row.personal(
        "number",
        "the number, while it is needed",
        category=Category.NUMBER,
        protection=Protection.CASE,
        leaving=Leaving.FIELD,
        because="it is the number that the whole export is about",
    )
    correction = row.personal(
        "correction",
        "what is to be put in its place",
        category=Category.NUMBER,
        protection=Protection.CASE,
        leaving=Leaving.FIELD,
        because="once it is done it is exported where it was put",
    )
    digest = row.personal(
        "print",
        "digest of the whole request, under the tenant's key",
        category=Category.TRAFFIC,
        protection=Protection.DIGEST,
        leaving=Leaving.FIELD,
        because="it tells a repeated request from another one; what it was made of is exported itself",
    )
    commitment = row.personal(
        "commitment",
        "HMAC of the number under a key that the controller alone has",
        category=Category.PSEUDONYM,
        protection=Protection.PSEUDONYM,
        leaving=Leaving.STAYS,
        because="it is how a certificate names the person, to whoever has the key; we cannot tell who it was",
    )
    callbacks = row.other(
        "callbacks",
        "addresses of the tenant's that are told",
        "names a company's machine",
        category=Category.ACCOUNT,
        protection=Protection.READABLE,
    )
    regulation = row.other("regulation", "under which law", _WORD)
    language = row.other("language", "of the archive", _WORD)
    reason = row.personal(
        "reason", "of a denial or a restriction", category=Category.TRAFFIC, exported="reason", **_STAYS
    )
    extended = row.personal("extended", "why it takes longer", category=Category.TRAFFIC, exported="extended", **_STAYS)
    until = row.other("until", "when its waiting time is over", _TIME)
    epoch = row.other("epoch", "number of the key that was destroyed", "counts keys, or hours")
    stage = row.other("stage", "how far an erasure is with what is done once", _WORD)
    places = row.other("places", "what became of each place: words and counts", "counts and words of ours")
    run = row.other("run", "how many executions there were", "a count")
    lot = row.other("lot", "part of the index of what has to be looked at", "a hash of the tenant's id, of three bits")
    look_at = row.other("look_at", "when somebody has to look at it next", _TIME)
    open_until = row.other("open_until", "its date, while it is open: what the index of open ones is sorted by", _TIME)
    reminded = row.other("reminded", "of which date somebody was told", _WORD)
    told = row.other("told", "the last state that callbacks were told", _WORD)
    token = row.other(
        "token",
        "what the state machine waits for",
        "an opaque text of AWS, of no use to anybody without a right to answer it",
        category=Category.SECURITY,
    )
    code = row.other(
        "code",
        "keyed digest of a one-time code",
        "of random digits, for ten minutes",
        category=Category.SECURITY,
        protection=Protection.DIGEST,
    )
    tries = row.other("tries", "wrong codes given", "a count")
    records = row.other("records", "how many records its archive has", "a count")
    links = row.other("links", "links to the archive that were made", "a count")
    link_until = row.other("link_until", "how long the last one can be used", _TIME)
    certificate = row.other(
        "certificate",
        "the signed certificate",
        "counts, words and times; the person is named by the commitment alone",
        category=Category.COUNT,
        protection=Protection.READABLE,
    )
    final_at = row.other("final_at", "when the last back-up is over", _TIME)
    begun = row.other("begun", "when the work on it began", _TIME)
    closed = row.other("closed", "when a run last found nothing left but what is held", _TIME)
    amended = row.other("amended", "when what it asks for was done", _TIME)
    finished = row.other("finished", "when it was finished", _TIME)
    version = row.other("version", "how often it was changed", "a count")
    expires_at = row.other("expires_at", "when it is over", _TIME)


class Claim:
    """That a person has a request of a kind that is not finished: a second one waits for it."""

    row = Row(
        "claim",
        "cases",
        "which request of a kind a person has open",
        "not doing the same thing to the same person twice at a time",
        "Art. 12(3)",
        Kind.CASES,
        Branch.CASES,
    )

    tenant = row.other("tenant", "whose it is", _COMPANY)
    item = row.personal(
        "item",
        "keyed hash of the number, and a kind of request",
        category=Category.PSEUDONYM,
        protection=Protection.PSEUDONYM,
        because="the same hash as in the case, which is exported; here while the case is open",
    )
    case = row.other("case", "id of the case", "an opaque id")


class Recall:
    """What has to be asked of a carrier once our own rows are gone."""

    row = Row(
        "recall",
        "cases",
        "what others still have to be asked to forget: a carrier its record of a message, the scheduler a plan",
        "having recipients erase too",
        "Art. 17(2), 19",
        Kind.CASES,
        Branch.CASES,
    )

    tenant = row.other("tenant", "whose it is", _COMPANY)
    item = row.other("item", "which case, which page", "opaque ids")
    lines = row.personal(
        "lines",
        "carrier, and the carrier's own id of a message; or the name of a schedule",
        category=Category.PSEUDONYM,
        protection=Protection.PSEUDONYM,
        because="until the carrier was asked; the messages themselves are exported with these ids",
    )

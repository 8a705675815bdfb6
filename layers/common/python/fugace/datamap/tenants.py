"""The rows of the tenants table."""

from fugace.datamap.entry import Category, Fixed, Leaving, Protection, Row
from fugace.datamap.messages import INSTRUCTED
from fugace.domain.retention import Kind, Period

CONTRACT = "Art. 6(1)(b): the contract with the tenant"
_CONTRACT_ENDS = Fixed(None, "the contract with the tenant")
_COMPANY = "a company's opaque id"
_OPAQUE = "an opaque id, or a word of ours"
_SETTING = "a company's own setting"
_TIME = "tells when something of the account happened, not who did it"


class Tenant:
    """A company that sends."""

    row = Row("tenant", "tenants", "a company that sends", "serving the tenant", CONTRACT, _CONTRACT_ENDS)

    tenant = row.other("tenant", "whose it is", _COMPANY, category=Category.ACCOUNT)
    item = row.other("item", "which row", _OPAQUE, category=Category.ACCOUNT)
    name = row.staff(
        "name",
        "what people call it",
        "a company's name, which may be that of the person who owns it",
        Protection.READABLE,
    )
    carrier = row.other("carrier", "who delivers for it", _SETTING, category=Category.ACCOUNT)
    created = row.other("created", "since when", _TIME, category=Category.ACCOUNT)
    caps = row.other("caps", "its choices of retention, past and present", _SETTING, category=Category.ACCOUNT)
    shards = row.other("shards", "parts of its time index", _SETTING, category=Category.ACCOUNT)
    plan = row.other("plan", "how many requests it may make at a time", _SETTING, category=Category.ACCOUNT)
    wrapped = row.other(
        "wrapped",
        "its key, wrapped by the root key",
        "random bits; without them nothing of its people can be read",
        category=Category.SECURITY,
        protection=Protection.WRAPPED,
    )


class ApiKey:
    """An API key."""

    row = Row("api-key", "tenants", "an API key, never the key itself", "knowing who asks", CONTRACT, Kind.ACCESS)

    tenant = row.other("tenant", "whose it is", _COMPANY, category=Category.ACCOUNT)
    item = row.staff("item", "id of the key", "a key may be one person's: its id then stands for what the person did")
    role = row.other("role", "what it may do", _SETTING, category=Category.ACCOUNT)
    live = row.other("live", "whether it sends, or rehearses", _SETTING, category=Category.ACCOUNT)
    digest = row.other(
        "digest",
        "SHA-256 of the key",
        "of 190 random bits",
        category=Category.SECURITY,
        protection=Protection.DIGEST,
    )
    created = row.other("created", "since when", _TIME, category=Category.ACCOUNT)
    expires = row.other("expires", "until when", _TIME, category=Category.ACCOUNT)
    revoked = row.other("revoked", "when it was revoked", _TIME, category=Category.ACCOUNT)
    last_used = row.staff(
        "last_used", "the day it was last used on", "a key may be one person's: who has access is shown by use"
    )
    note = row.staff(
        "note", "what the tenant wrote beside it", "free text: people write names there", Protection.READABLE
    )


class Webhook:
    """A webhook."""

    row = Row(
        "webhook",
        "tenants",
        "where a tenant is told",
        "telling the tenant what became of messages",
        CONTRACT,
        _CONTRACT_ENDS,
    )

    tenant = row.other("tenant", "whose it is", _COMPANY, category=Category.ACCOUNT)
    item = row.other("item", "id of the webhook", _OPAQUE, category=Category.ACCOUNT)
    url = row.other(
        "url",
        "an address of the tenant's",
        "names a company's machine",
        category=Category.ACCOUNT,
        protection=Protection.READABLE,
    )
    events = row.other("events", "what it wants to hear", _SETTING, category=Category.ACCOUNT)
    secrets = row.other(
        "secrets", "what calls are signed with", "random bits", category=Category.SECURITY, protection=Protection.SECRET
    )
    created = row.other("created", "since when", _TIME, category=Category.ACCOUNT)
    failing_since = row.other("failing_since", "since when nobody answers", _TIME, category=Category.ACCOUNT)
    disabled = row.other("disabled", "why it is not called any more", _OPAQUE, category=Category.ACCOUNT)


class Attempts:
    """A batch of a webhook's delivery log."""

    row = Row(
        "attempts",
        "tenants",
        "what came of calling a webhook",
        "showing a tenant what its webhooks answered",
        INSTRUCTED,
        Fixed(Period.parse("P30D"), "a webhook that fails has to be understood by somebody who was on holiday"),
    )

    tenant = row.other("tenant", "whose it is", _COMPANY)
    item = row.other("item", "which webhook, which batch", _OPAQUE)
    attempts = row.personal(
        "attempts",
        "lines of message id, time and outcome",
        category=Category.TRAFFIC,
        leaving=Leaving.STAYS,
        because="ids of messages: once a message is gone they lead to nobody here (Art. 11), and the log ends soon",
    )
    expires_at = row.other("expires_at", "when it is over", _TIME)


class Mark:
    """Registers of what was active, and how far the work came."""

    row = Row(
        "mark",
        "tenants",
        "which tenants were active on a day; how far a pass came",
        "looking only where there is something to do",
        CONTRACT,
        Fixed(Period.parse("P15D"), "a message sent seven days ahead is looked at for the last time some days later"),
    )

    tenant = row.other("tenant", "a day, or `watermark`", _OPAQUE)
    item = row.other("item", "a tenant's id, or a name of a pass", _COMPANY)
    reached = row.other("reached", "how far a pass came", _TIME)
    until = row.other("until", "where the step ends that a pass is at", _TIME)
    done = row.other("done", "id of the last tenant that a pass is done with, in that step", _COMPANY)
    expires_at = row.other("expires_at", "when it is over", _TIME)


class Hold:
    """A legal hold."""

    row = Row(
        "hold",
        "tenants",
        "a legal hold: who set it, on what, why, until when",
        "keeping what may not be destroyed yet, out of use",
        "Art. 17(3)(b) and (e), 18(2)",
        Kind.CASES,
    )
    _STANDS = (
        "it is what keeps the rest, and afterwards the memory of why: it goes when its time as a finished case is over"
    )

    tenant = row.other("tenant", "whose it is", _COMPANY)
    item = row.other("item", "id of the hold", _OPAQUE)
    ground = row.other("ground", "why, of a closed list", "the same four words for everybody")
    state = row.other("state", "where it is", _OPAQUE)
    set_at = row.other("set_at", "since when", _TIME)
    set_by = row.staff(
        "set_by", "id of the API key that set it", "a key may be one person's; setting and lifting need two"
    )
    until = row.other("until", "until when", _TIME)
    message = row.personal(
        "message",
        "id of the message it is on",
        category=Category.TRAFFIC,
        exported="message",
        leaving=Leaving.STAYS,
        because=_STANDS,
    )
    subject = row.personal(
        "subject",
        "keyed hash of the number it is on",
        category=Category.PSEUDONYM,
        protection=Protection.PSEUDONYM,
        exported="subject",
        leaving=Leaving.STAYS,
        because=_STANDS,
    )
    lifted_by = row.staff("lifted_by", "id of the API key that lifted it", "a key may be one person's")
    lifted_at = row.other("lifted_at", "when it was lifted", _TIME)
    covers = row.other("covers", "how many messages it was put on", "a count")


class Statistics:
    """What remains of messages that are gone."""

    row = Row(
        "statistics",
        "tenants",
        "counts of messages that are gone, by campaign, month and state",
        "showing a tenant what was sent, and what an invoice is made of",
        CONTRACT,
        Kind.STATISTICS,
    )

    tenant = row.other("tenant", "whose it is", _COMPANY, category=Category.COUNT)
    item = row.other("item", "the hour that was counted", _TIME, category=Category.COUNT)
    lines = row.other(
        "lines",
        "campaign, month, state, messages and segments",
        "counts; a campaign's name is refused where it looks like a number or an address",
        category=Category.COUNT,
    )

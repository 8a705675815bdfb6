"""Where data are beyond our tables, or about them: others, accounts of what was done, keys. Places 29 to 37."""

from datetime import timedelta

from fugace.datamap.entry import Branch, Category, Fixed
from fugace.datamap.passing import METRICS
from fugace.datamap.place import AT_REST, BACKUP, NOBODY, bounded, present
from fugace.datamap.purge import ACCOUNTABLE
from fugace.datamap.tenants import CONTRACT
from fugace.domain.retention import Kind

BEYOND = (
    present(
        29,
        "the carrier",
        "number and text, in clear: it delivers them",
        categories=(Category.NUMBER, Category.CONTENT, Category.TRAFFIC),
        purpose="delivering",
        kept=Fixed(None, "what the carrier's contract says"),
        protection="TLS on the way; the carrier's own afterwards",
        exported="the carrier's name, with each message",
        erased="by the carrier's own end, or on request where it takes one",
        outlives="what its terms say: see the recipients",
        probe="terms of the adapter; contract",
        branches=(Branch.CARRIERS,),
    ),
    present(
        30,
        "webhooks of tenants",
        "id, state, the tenant's own reference and campaign: neither number nor text",
        categories=(Category.TRAFFIC,),
        purpose="telling the tenant what became of it",
        kept=Fixed(None, "what the tenant, as controller, decides"),
        protection="TLS, and a signature",
        exported="not exported: the tenant is the controller, and has it",
        erased="the tenant's own duty; nothing is told of a message that is gone",
        outlives="what the tenant decides",
        probe="test of the payload: its fields are a list",
    ),
    present(
        31,
        "what keeps an erased person away",
        "the tombstone of an erased person: a keyed hash, an epoch, a time; of one who objected, the time of that",
        categories=(Category.PSEUDONYM,),
        purpose="refusing what a late receipt or a restored back-up would bring back, and respecting an objection",
        ground="Art. 17(1), 21(3), 5(2)",
        kept=Fixed(None, "the contract with the tenant: without the tenant's key it is random bits"),
        protection=f"keyed hash; {AT_REST}",
        exported="`subject`, `erased_at`, `objected_at`",
        erased="it is what is left of an erasure; it goes with the tenant",
        outlives="until the tenant's key is destroyed",
        probe="a late receipt for an erased person creates nothing",
        branches=(Branch.KEY,),
        stays="tombstone",
    ),
    bounded(
        32,
        "billing",
        "counts per campaign, month and state",
        categories=(Category.COUNT,),
        purpose="accounts of what was sent",
        ground=CONTRACT,
        kept=Kind.STATISTICS,
        protection=f"no field for a person; {AT_REST}",
        **NOBODY,
        probe="names of campaigns are refused where they look like a number or an address",
    ),
    bounded(
        33,
        "analytics, results of queries, dashboards",
        "graphs of metrics",
        categories=(Category.COUNT,),
        purpose="seeing that it works",
        ground="Art. 32(1)",
        kept=METRICS,
        protection="dimensions are of a list",
        **NOBODY,
        probe="template: no tenant in a dashboard or a saved question, no other analytics",
    ),
    present(
        34,
        "files of persons' requests",
        "what was asked, when, and what was done; number and correction while they are needed; neither evidence of "
        "identity nor letters have a field",
        categories=(Category.NUMBER, Category.PSEUDONYM, Category.TRAFFIC, Category.WORK),
        purpose="showing that requests were answered in time",
        ground=ACCOUNTABLE,
        kept=Kind.CASES,
        protection=f"number and correction are sealed with a key of the request, which no back-up has; {AT_REST}",
        exported="each field under the name that its entry gives",
        erased=(
            "on erasure nobody can tell any more whose it was: keyed hash, number, correction and key go; the row goes "
            "by the purge, once its time as a finished case is over"
        ),
        outlives=BACKUP,
        probe="the table's attributes are entries of the map; no row is over for more than an hour",
        branches=(Branch.CASES,),
    ),
    bounded(
        35,
        "error trackers, tickets, e-mails, test runs, laptops",
        "what somebody copies there by hand",
        categories=(),
        kept=Fixed(None, "the day somebody notices: it is against the rule"),
        protection="errors name classes and codes, not values; tests use numbers that are kept for fiction",
        exported="not exported: nothing of a person may be there",
        erased="by hand",
        outlives="not ours to say",
        probe="test of the fixtures: no number outside the ranges for fiction; no function packs an error tracker",
    ),
    present(
        36,
        "keys, and their back-ups",
        "keys of persons and of requests, wrapped by their tenant's; tenants' keys, wrapped by the root key; that one, "
        "sealed by KMS",
        categories=(Category.SECURITY, Category.PSEUDONYM),
        purpose="making what is sealed readable for as long as it may be",
        ground="Art. 32(1)(a), 17(1)",
        kept=Fixed(None, "the last message of a person; the contract with a tenant"),
        protection=f"keys of persons and requests are in no back-up; each is wrapped by the one above it; {AT_REST}",
        exported="not exported: a key tells nothing of anybody",
        erased=(
            "a person's key goes in the first write of an erasure, or one to two hours after the last message; "
            "a request's when its archive is over; a tenant's is in the back-up of tenants for seven days"
        ),
        outlives=timedelta(hours=2),
        probe="template: no recovery for subject-keys; a restored messages table cannot be read",
        branches=(Branch.KEY,),
    ),
    bounded(
        37,
        "the ledger itself",
        "closed words, opaque ids, times and counts",
        categories=(Category.COUNT, Category.ACCOUNT),
        purpose="showing that data left in time",
        ground=ACCOUNTABLE,
        kept=Fixed(None, "the contract with the tenant, and the time in which it can be disputed"),
        protection=f"its writer refuses whatever resembles a number, an address or a text; {AT_REST}",
        exported="not exported: nobody written to is in it",
        erased="nobody written to is in it",
        outlives=timedelta(0),
        probe="property test of the writer; `fugace ledger verify`",
    ),
)
"""A template is the synthesized one, of what is deployed."""

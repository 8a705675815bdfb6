"""How each kind of row leaves with its tenant, or why it stays. A row that is not here fails a test."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from fugace.datamap.cases import Case, Claim, Recall
from fugace.datamap.keys import CaseKey, RootKey, SubjectKey
from fugace.datamap.ledger import Ledger
from fugace.datamap.messages import Message
from fugace.datamap.purge import Book, Departure, Due, News, Tally
from fugace.datamap.tenants import ApiKey, Attempts, Hold, Mark, Statistics, Tenant, Webhook


class By(StrEnum):
    """Which part of the sweep of a tenant that leaves deletes it."""

    MESSAGES = "the walk over its messages, shard by shard"
    PERSONS = "the walk over its messages, with those of each person; objectors by their index"
    REQUESTS = "the walk over its requests"
    ACCOUNT = "its partition of the tenants table"
    JOBS = "its partition of the purge table"
    END = "the last step: its key goes in the first one"


@dataclass(frozen=True, slots=True)
class Stays:
    """It is not deleted."""

    because: str


_TTL = "ids, words and counts of a partition of its own hour or day, which ends by itself"

LEAVING: Mapping[type, By | Stays] = MappingProxyType(
    {
        Message: By.MESSAGES,
        SubjectKey: By.PERSONS,
        CaseKey: By.REQUESTS,
        RootKey: Stays("it is the environment's"),
        Tenant: By.END,
        ApiKey: By.ACCOUNT,
        Webhook: By.ACCOUNT,
        Attempts: By.ACCOUNT,
        Hold: By.ACCOUNT,
        Statistics: By.ACCOUNT,
        Mark: Stays(_TTL),
        Due: By.JOBS,
        Tally: Stays(_TTL),
        Book: Stays(_TTL),
        News: Stays("an hour, of all tenants"),
        Departure: Stays("keyed hashes whose key is destroyed: random bits, until somebody has looked, or two weeks"),
        Case: By.REQUESTS,
        Claim: By.REQUESTS,
        Recall: By.REQUESTS,
        Ledger: Stays("closed words, opaque ids and counts: the proof, for as long as the contract can be disputed"),
    }
)
"""Of `Case`, the request to leave stays, with the certificate: it is about nobody. Of `SubjectKey`, a row of which no
message is left and that is no objection cannot be found by its tenant: a tombstone, a restriction. Without the tenant's
key its keyed hash is random bits; whose it was, nobody can tell any more."""

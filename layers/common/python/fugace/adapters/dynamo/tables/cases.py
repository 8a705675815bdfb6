"""Rows of the cases table."""

from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from fugace.adapters.dynamo.attributes import (
    Bytes,
    Lines,
    Millis,
    Number,
    Pseudonym,
    SealedCase,
    Seconds,
    Text,
    Word,
    Words,
)
from fugace.adapters.dynamo.tables.row import Stored
from fugace.datamap.cases import Case, Claim, Recall
from fugace.domain.case import CaseState, Identity, Right, Stage


class ByDeadline(GlobalSecondaryIndex["CaseItem"]):
    """A tenant's open requests, by when they are due; sparse."""

    class Meta:
        """Keys only."""

        index_name = "by-deadline"
        projection = KeysOnlyProjection()

    tenant = Text(Case.tenant, hash_key=True)
    open_until = Millis(Case.open_until, range_key=True)


class ByPerson(GlobalSecondaryIndex["CaseItem"]):
    """A person's requests, by when they were filed; sparse: an erasure takes them out."""

    class Meta:
        """Keys only."""

        index_name = "by-person"
        projection = KeysOnlyProjection()

    subject = Pseudonym(Case.subject, hash_key=True)
    submitted = Millis(Case.submitted, range_key=True)


class ByLook(GlobalSecondaryIndex["CaseItem"]):
    """Requests that somebody has to look at, by when; sparse."""

    class Meta:
        """Keys only."""

        index_name = "by-look"
        projection = KeysOnlyProjection()

    lot = Text(Case.lot, hash_key=True)
    look_at = Millis(Case.look_at, range_key=True)


class CaseItem(Stored):
    """A person's request: item `case/<id>`. Open without `finished`.

    `expires_at` is a net behind the sweep, and lies some days behind the end: what TTL deletes here, nobody counts.
    """

    tenant = Text(Case.tenant, hash_key=True)
    item = Text(Case.item, range_key=True)
    right = Word(Case.right, Right, null=True)
    state = Word(Case.state, CaseState, null=True)
    submitted = Millis(Case.submitted, null=True)
    received = Millis(Case.received, null=True)
    due = Millis(Case.due, null=True)
    identity = Word(Case.identity, Identity, null=True)
    filed_by = Text(Case.filed_by, null=True)
    subject = Pseudonym(Case.subject, null=True)
    sealed = SealedCase(Case.sealed, null=True)
    correction = SealedCase(Case.correction, null=True)
    digest = Bytes(Case.digest, null=True)
    commitment = Pseudonym(Case.commitment, null=True)
    callbacks = Lines(Case.callbacks, null=True)
    regulation = Text(Case.regulation, null=True)
    language = Text(Case.language, null=True)
    reason = Text(Case.reason, null=True)
    extended = Text(Case.extended, null=True)
    until = Millis(Case.until, null=True)
    epoch = Number(Case.epoch, null=True)
    stage = Word(Case.stage, Stage, null=True)
    places = Words(Case.places, null=True)
    run = Number(Case.run, null=True)
    lot = Text(Case.lot, null=True)
    look_at = Millis(Case.look_at, null=True)
    open_until = Millis(Case.open_until, null=True)
    reminded = Text(Case.reminded, null=True)
    told = Text(Case.told, null=True)
    token = Text(Case.token, null=True)
    code = Bytes(Case.code, null=True)
    tries = Number(Case.tries, null=True)
    records = Number(Case.records, null=True)
    links = Number(Case.links, null=True)
    link_until = Millis(Case.link_until, null=True)
    certificate = Text(Case.certificate, null=True)
    final_at = Millis(Case.final_at, null=True)
    begun = Millis(Case.begun, null=True)
    closed = Millis(Case.closed, null=True)
    amended = Millis(Case.amended, null=True)
    finished = Millis(Case.finished, null=True)
    version = Number(Case.version, null=True)
    expires_at = Seconds(Case.expires_at, null=True)

    by_deadline = ByDeadline()
    by_person = ByPerson()
    by_look = ByLook()


class ClaimItem(Stored):
    """An open request of a person: item `claim/<subject>/<kind>`."""

    tenant = Text(Claim.tenant, hash_key=True)
    item = Pseudonym(Claim.item, range_key=True)
    case = Text(Claim.case)


class RecallItem(Stored):
    """A page of messages of which a carrier has to erase its own record: item `recall/<case>/<page>`."""

    tenant = Text(Recall.tenant, hash_key=True)
    item = Text(Recall.item, range_key=True)
    lines = Lines(Recall.lines)

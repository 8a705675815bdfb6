"""Rows of the subject-keys table, and the environment's root key."""

from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from fugace.adapters.dynamo.attributes import Bytes, Millis, Number, Pseudonym, Text
from fugace.adapters.dynamo.tables.row import Stored
from fugace.datamap.keys import CaseKey, RootKey, SubjectKey


class ByObjection(GlobalSecondaryIndex["SubjectKeyItem"]):
    """Persons of a tenant who object to advertising, by when; sparse."""

    class Meta:
        """Keys only."""

        index_name = "by-objection"
        projection = KeysOnlyProjection()

    tenant = Text(SubjectKey.tenant, hash_key=True)
    objected = Millis(SubjectKey.objected, range_key=True)


class SubjectKeyItem(Stored):
    """The key of one person at one tenant. This table has no back-up, so that what is destroyed here stays so.

    Live: `wrapped`. An erasure is under way: `erasing`, no `wrapped`. Destroyed: `erased`, no `wrapped`; such a
    tombstone stays, and the key of someone who comes back is the next epoch in the same row. `leaving`: nothing of the
    person seems to be left; whoever uses the key takes the mark off. `restricted` and `objected` outlive the key: a row
    of nothing else is somebody of whom nothing is left but that.
    """

    subject = Pseudonym(SubjectKey.subject, hash_key=True)
    tenant = Text(SubjectKey.tenant)
    epoch = Number(SubjectKey.epoch)
    wrapped = Bytes(SubjectKey.wrapped, null=True)
    erasing = Millis(SubjectKey.erasing, null=True)
    erased = Millis(SubjectKey.erased, null=True)
    leaving = Millis(SubjectKey.leaving, null=True)
    restricted = Millis(SubjectKey.restricted, null=True)
    objected = Millis(SubjectKey.objected, null=True)

    by_objection = ByObjection()


class CaseKeyItem(Stored):
    """The key of one request: partition `case/<tenant>/<request>`. Without a row, what it sealed is noise."""

    subject = Text(CaseKey.subject, hash_key=True)
    tenant = Text(CaseKey.tenant)
    wrapped = Bytes(CaseKey.wrapped)


class RootKeyItem(Stored):
    """The environment's root key, as KMS sealed it: partition `root`, item `key/1`."""

    tenant = Text(RootKey.tenant, hash_key=True)
    item = Text(RootKey.item, range_key=True)
    sealed = Bytes(RootKey.sealed)

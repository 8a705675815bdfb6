"""Archives made for persons, in S3: the purge removes versions, marks of deletion and uploads, each by its own name.

What is removed is what was seen, whatever is written meanwhile: a version's name is never given twice.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, groupby
from operator import itemgetter

from fugace.adapters.dynamo.transactions import TransactionCancelledError, transact
from fugace.adapters.dynamo.writes import items_of
from fugace.adapters.session import Aws
from fugace.adapters.versions import KEY, MOST, Version, Versions
from fugace.domain.case import CaseKey
from fugace.domain.ids import TenantId
from fugace.domain.retention import Kind
from fugace.keeping import Over, Tallies
from fugace.rights import CaseShredder

_WRITTEN = itemgetter("LastModified")


@dataclass(slots=True)
class _Doomed:
    """What goes together, in this order."""

    versions: list[Version] = field(default_factory=list)
    marks: list[Version] = field(default_factory=list)
    objects: list[Version] = field(default_factory=list)
    """The last version of each that has nothing left."""

    def __len__(self) -> int:
        return len(self.versions) + len(self.marks)


class S3Exports:
    """A `fugace.keeping.Exports`. Names of objects are `<tenant>/<request>/…`."""

    def __init__(self, aws: Aws, bucket: str, tallies: Tallies, shredder: CaseShredder) -> None:
        self._aws = aws
        self._kept = Versions(aws, bucket)
        self._tallies = tallies
        self._shredder = shredder

    def first(self, tenant: TenantId) -> datetime | None:
        """A request for each thousand versions, and for each thousand uploads."""
        begun = (upload["Initiated"] for upload in self._kept.uploads(f"{tenant}/"))
        return min(chain(map(_WRITTEN, self._kept.all(f"{tenant}/")), begun), default=None)

    def purge(self, tenant: TenantId, over: Over, hour: datetime) -> int:
        """The same; a DeleteObjects for each thousand, an AbortMultipartUpload and a transaction for each that goes.

        The key that an archive is sealed with goes before it: what S3 is slow to forget, or another version in a
        back-up, is noise by then.
        """
        done, doomed = 0, _Doomed()
        for _, found in groupby(self._kept.all(f"{tenant}/"), key=KEY):
            _doom(list(found), over, doomed)
            if len(doomed) >= MOST:
                done += self._remove(tenant, doomed, hour)
                doomed = _Doomed()
        done += self._remove(tenant, doomed, hour)
        for upload in self._kept.uploads(f"{tenant}/"):
            if over(upload["Initiated"]):
                self._kept.abort(upload)
        return done

    def _remove(self, tenant: TenantId, doomed: _Doomed, hour: datetime) -> int:
        for version in doomed.objects:
            self._shredder.destroy(CaseKey(tenant, version["Key"].split("/")[1]))
        self._kept.delete(doomed.versions)
        self._kept.delete(doomed.marks)  # not before: what a mark hides would be readable again
        for version in doomed.objects:
            self._count(tenant, version, hour)
        return len(doomed.objects)

    def _count(self, tenant: TenantId, version: Version, hour: datetime) -> None:
        name = hashlib.sha256(f"{version['Key']} {version['VersionId']}".encode()).hexdigest()[:32]
        word = Kind.EXPORTS.value
        try:
            transact(self._aws, items_of([self._tallies.counted(hour, tenant, word, 1, f"{word}/{name}")]))
        except TransactionCancelledError as cancelled:
            if not cancelled.failed:
                raise
            # Another run has removed and counted the same one.


def _doom(found: Sequence[Version], over: Over, doomed: _Doomed) -> None:
    """What of one object is over: its marks only where no version is left for them to hide."""
    versions = [each for each in found if not each["mark"]]
    gone = [each for each in versions if over(each["LastModified"])]
    doomed.versions += gone
    if len(gone) < len(versions):
        return
    doomed.marks += [each for each in found if each["mark"] and over(each["LastModified"])]
    if versions:
        doomed.objects.append(max(versions, key=_WRITTEN))

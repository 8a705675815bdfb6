"""Archives made for persons, in S3: the purge removes versions, marks of deletion and uploads, each by its own name.

What is removed is what was seen, whatever is written meanwhile: a version's name is never given twice.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from fugace.adapters.dynamo.transactions import TransactionCancelledError, transact
from fugace.adapters.dynamo.writes import items_of
from fugace.adapters.faults import Asking, code_of
from fugace.adapters.session import Aws
from fugace.domain.case import CaseKey
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import TenantId
from fugace.domain.retention import Kind
from fugace.keeping import Over, Tallies
from fugace.rights import CaseShredder

_MOST = 1_000
"""Versions of one DeleteObjects."""
_KEY, _WRITTEN = itemgetter("Key"), itemgetter("LastModified")
_GONE = {"NoSuchUpload", "404"}

Version = Mapping[str, Any]
"""As S3 lists it."""


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
        self._bucket = bucket
        self._tallies = tallies
        self._shredder = shredder

    def first(self, tenant: TenantId) -> datetime | None:
        """A request for each thousand versions, and for each thousand uploads."""
        begun = (upload["Initiated"] for upload in self._uploads(tenant))
        return min(chain(map(_WRITTEN, self._versions(tenant)), begun), default=None)

    def purge(self, tenant: TenantId, over: Over, hour: datetime) -> int:
        """The same; a DeleteObjects for each thousand, an AbortMultipartUpload and a transaction for each that goes.

        The key that an archive is sealed with goes before it: what S3 is slow to forget, or another version in a
        back-up, is noise by then.
        """
        done, doomed = 0, _Doomed()
        for _, found in groupby(self._versions(tenant), key=_KEY):
            _doom(list(found), over, doomed)
            if len(doomed) >= _MOST:
                done += self._remove(tenant, doomed, hour)
                doomed = _Doomed()
        done += self._remove(tenant, doomed, hour)
        for upload in self._uploads(tenant):
            if over(upload["Initiated"]):
                self._abort(upload)
        return done

    def _remove(self, tenant: TenantId, doomed: _Doomed, hour: datetime) -> int:
        for version in doomed.objects:
            self._shredder.destroy(CaseKey(tenant, version["Key"].split("/")[1]))
        self._delete(doomed.versions)
        self._delete(doomed.marks)  # not before: what a mark hides would be readable again
        for version in doomed.objects:
            self._count(tenant, version, hour)
        return len(doomed.objects)

    def _delete(self, versions: Sequence[Version]) -> None:
        for start in range(0, len(versions), _MOST):
            named = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions[start : start + _MOST]]
            with Asking():
                answer = self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": named, "Quiet": True})
            if answer.get("Errors"):
                # Its words name objects. Whatever it is, the next run sees what is left.
                raise UnavailableError

    def _count(self, tenant: TenantId, version: Version, hour: datetime) -> None:
        name = hashlib.sha256(f"{version['Key']} {version['VersionId']}".encode()).hexdigest()[:32]
        word = Kind.EXPORTS.value
        try:
            transact(self._aws, items_of([self._tallies.counted(hour, tenant, word, 1, f"{word}/{name}")]))
        except TransactionCancelledError as cancelled:
            if not cancelled.failed:
                raise
            # Another run has removed and counted the same one.

    def _abort(self, upload: Mapping[str, Any]) -> None:
        try:
            with Asking():
                self._s3.abort_multipart_upload(Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        except Exception as error:
            if code_of(error) not in _GONE:
                raise

    def _versions(self, tenant: TenantId) -> Iterator[Version]:
        """Versions and marks of deletion, object by object: of each page S3 lists the ones, then the others."""
        more: dict[str, str] = {}
        while True:
            with Asking():
                page = self._s3.list_object_versions(Bucket=self._bucket, Prefix=f"{tenant}/", **more)
            versions = [{**each, "mark": False} for each in page.get("Versions", ())]
            marks = [{**each, "mark": True} for each in page.get("DeleteMarkers", ())]
            yield from sorted([*versions, *marks], key=_KEY)
            if not page.get("IsTruncated"):
                return
            more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def _uploads(self, tenant: TenantId) -> Iterator[Mapping[str, Any]]:
        more: dict[str, str] = {}
        while True:
            with Asking():
                page = self._s3.list_multipart_uploads(Bucket=self._bucket, Prefix=f"{tenant}/", **more)
            yield from page.get("Uploads", ())
            if not page.get("IsTruncated"):
                return
            more = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    @property
    def _s3(self) -> Any:  # noqa: ANN401  # the SDK makes a client's methods while it runs
        return self._aws.client("s3")


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

"""Everything that is in S3 under a prefix: versions, marks of deletion and unfinished uploads, listed and removed.

What is removed is what was seen, whatever is written meanwhile: a version's name is never given twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from fugace.adapters.faults import Asking, code_of
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError

MOST = 1_000
"""Versions of one DeleteObjects."""
KEY = itemgetter("Key")
_GONE = {"NoSuchUpload", "404"}

Version = Mapping[str, Any]
"""As S3 lists it, with `mark`: whether it is a mark of deletion."""


class Versions:
    """Of one bucket."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def all(self, prefix: str) -> Iterator[Version]:
        """Versions and marks of deletion, object by object: of each page S3 lists the ones, then the others."""
        more: dict[str, str] = {}
        while True:
            with Asking():
                page = self._s3.list_object_versions(Bucket=self._bucket, Prefix=prefix, **more)
            versions = [{**each, "mark": False} for each in page.get("Versions", ())]
            marks = [{**each, "mark": True} for each in page.get("DeleteMarkers", ())]
            yield from sorted([*versions, *marks], key=KEY)
            if not page.get("IsTruncated"):
                return
            more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def uploads(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        """Those that were begun and neither finished nor given up."""
        more: dict[str, str] = {}
        while True:
            with Asking():
                page = self._s3.list_multipart_uploads(Bucket=self._bucket, Prefix=prefix, **more)
            yield from page.get("Uploads", ())
            if not page.get("IsTruncated"):
                return
            more = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    def delete(self, versions: Sequence[Version]) -> None:
        """One DeleteObjects for each thousand. Raises UnavailableError where one of them is still there."""
        for start in range(0, len(versions), MOST):
            named = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions[start : start + MOST]]
            with Asking():
                answer = self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": named, "Quiet": True})
            if answer.get("Errors"):
                # Its words name objects. Whatever it is, the next run sees what is left.
                raise UnavailableError

    def abort(self, upload: Mapping[str, Any]) -> None:
        """One AbortMultipartUpload. That it is gone already is no error."""
        try:
            with Asking():
                self._s3.abort_multipart_upload(Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        except Exception as error:
            if code_of(error) not in _GONE:
                raise

    @property
    def _s3(self) -> Any:  # noqa: ANN401  # the SDK makes a client's methods while it runs
        return self._aws.client("s3")

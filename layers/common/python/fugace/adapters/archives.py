"""Archives made for persons' requests, in S3, for whoever writes them and has them fetched."""

from datetime import timedelta
from typing import Any

from fugace.adapters.faults import Asking, code_of
from fugace.adapters.session import Aws
from fugace.domain.case import CaseKey
from fugace.rights import Upload

PART = 8 * 1024 * 1024
"""Bytes of a part. S3 takes none below 5 MiB but the last, and 10,000 of them: 80 GB."""
_ABSENT = {"NoSuchKey", "404", "NotFound"}
_GONE = {"NoSuchUpload", "404"}


class S3Archives:
    """A `fugace.rights.Archives`."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def upload(self, key: CaseKey) -> Upload:
        """No request yet."""
        return S3Upload(self._s3, self._bucket, name(key))

    def link(self, key: CaseKey, valid: timedelta) -> str:
        """A presigned URL; nothing is asked of S3."""
        where = {"Bucket": self._bucket, "Key": name(key)}
        seconds = int(valid.total_seconds())
        return str(self._s3.generate_presigned_url("get_object", Params=where, ExpiresIn=seconds))

    def size(self, key: CaseKey) -> int | None:
        """One HeadObject."""
        try:
            with Asking():
                return int(self._s3.head_object(Bucket=self._bucket, Key=name(key))["ContentLength"])
        except Exception as error:
            if code_of(error) in _ABSENT:
                return None
            raise

    @property
    def _s3(self) -> Any:  # noqa: ANN401  # the SDK makes a client's methods while it runs
        return self._aws.client("s3")


class S3Upload:
    """A `fugace.rights.Upload`. What fits into one part is one PutObject; what does not, a multipart upload.

    A process that dies leaves parts that no list of objects shows; the purge and the bucket's lifecycle remove them.
    """

    def __init__(self, s3: Any, bucket: str, name: str) -> None:  # noqa: ANN401  # a client, as above
        self._s3 = s3
        self._where = {"Bucket": bucket, "Key": name}
        self._waiting = bytearray()
        self._id = ""
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        """One UploadPart for each 8 MiB; before the first, one CreateMultipartUpload."""
        self._waiting += data
        while len(self._waiting) > PART:
            self._send(bytes(self._waiting[:PART]))
            del self._waiting[:PART]

    def close(self) -> None:
        """The last part and one CompleteMultipartUpload; or one PutObject."""
        if self._id:
            self._send(bytes(self._waiting))
            with Asking():
                self._s3.complete_multipart_upload(
                    **self._where, UploadId=self._id, MultipartUpload={"Parts": self._parts}
                )
        else:
            with Asking():
                self._s3.put_object(**self._where, Body=bytes(self._waiting), ContentType=_TYPE)
        self._waiting.clear()

    def abort(self) -> None:
        """One AbortMultipartUpload, where one was begun; one that somebody else has aborted is as good."""
        self._waiting.clear()
        if not self._id:
            return
        try:
            with Asking():
                self._s3.abort_multipart_upload(**self._where, UploadId=self._id)
        except Exception as error:
            if code_of(error) not in _GONE:
                raise

    def _send(self, part: bytes) -> None:
        if not self._id:
            with Asking():
                begun = self._s3.create_multipart_upload(**self._where, ContentType=_TYPE)
            self._id = str(begun["UploadId"])
        number = len(self._parts) + 1
        with Asking():
            sent = self._s3.upload_part(**self._where, UploadId=self._id, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})


_TYPE = "application/octet-stream"


def name(key: CaseKey) -> str:
    """`<tenant>/<request>/archive`."""
    return f"{key}/archive"

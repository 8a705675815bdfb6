"""Signed checkpoints in S3, one a day, where Object Lock keeps each as it was written."""

import re
from datetime import UTC, datetime
from typing import Any

from fugace.adapters.faults import Asking, code_of
from fugace.adapters.session import Aws

_FOLDER = "checkpoints/"
_KEY = re.compile(_FOLDER + r"\d{4}-\d{2}-\d{2}\.json")
_ABSENT = {"NoSuchKey", "404"}
_THERE = {"PreconditionFailed", "412"}


class S3Checkpoints:
    """A `fugace.keeping.Checkpoints`."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def last(self, before: datetime) -> bytes | None:
        """One ListObjectsV2 for each thousand days, and one GetObject."""
        earlier = [key for key in self._keys() if key < _key(before)]
        return self._get(max(earlier)) if earlier else None

    def put(self, day: datetime, document: bytes) -> bool:
        """One conditional PutObject: the first one of a day stays, whoever writes."""
        try:
            with Asking():
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=_key(day),
                    Body=document,
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
        except Exception as error:
            if code_of(error) not in _THERE:
                raise
            # The SDK asked twice, because the first answer was lost: then what is there is ours.
            return self.get(day) == document
        return True

    def get(self, day: datetime) -> bytes | None:
        """One GetObject."""
        return self._get(_key(day))

    def _get(self, key: str) -> bytes | None:
        try:
            with Asking():
                return bytes(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        except Exception as error:
            if code_of(error) in _ABSENT:
                return None
            raise

    def _keys(self) -> list[str]:
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            with Asking():
                page = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=_FOLDER, **more)
            found += [each["Key"] for each in page.get("Contents", []) if _KEY.fullmatch(each["Key"])]
            if not page.get("IsTruncated"):
                return found
            more = {"ContinuationToken": page["NextContinuationToken"]}

    @property
    def _s3(self) -> Any:  # noqa: ANN401  # the SDK makes a client's methods while it runs
        return self._aws.client("s3")


def _key(day: datetime) -> str:
    return f"{_FOLDER}{day.astimezone(UTC):%Y-%m-%d}.json"

"""Archives made for persons' requests, in S3, for whoever writes them and has them fetched."""

from datetime import timedelta

from fugace.adapters.session import Aws
from fugace.domain.case import CaseKey
from fugace.rights import Upload


class S3Archives:
    """A `fugace.rights.Archives`."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def upload(self, key: CaseKey) -> Upload:
        """A multipart upload."""
        raise NotImplementedError

    def link(self, key: CaseKey, valid: timedelta) -> str:
        """A presigned URL."""
        raise NotImplementedError

    def size(self, key: CaseKey) -> int | None:
        """One HeadObject."""
        raise NotImplementedError

"""Removes archives made for persons' requests from S3, with all versions and unfinished uploads, and can read none."""

from fugace.adapters.session import Aws
from fugace.domain.case import CaseKey


class S3ArchiveShredder:
    """A `fugace.rights.ArchiveShredder`."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def remove(self, key: CaseKey) -> int:
        """A request for each thousand versions, and for each thousand uploads."""
        raise NotImplementedError

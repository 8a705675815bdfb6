"""Removes archives made for persons' requests from S3, with all versions and unfinished uploads, and can read none."""

from fugace.adapters.session import Aws
from fugace.adapters.versions import Versions
from fugace.domain.case import CaseKey


class S3ArchiveShredder:
    """A `fugace.rights.ArchiveShredder`. Names of objects are `<tenant>/<request>/…`."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._versions = Versions(aws, bucket)

    def remove(self, key: CaseKey) -> int:
        """A request for each thousand versions, and for each thousand uploads; one for each upload that is given up.

        Uploads first: one that is finished meanwhile is an object by the time objects are listed.
        """
        prefix = f"{key}/"
        for upload in self._versions.uploads(prefix):
            self._versions.abort(upload)
        there = list(self._versions.all(prefix))
        marks = [each for each in there if each["mark"]]
        self._versions.delete([each for each in there if not each["mark"]])
        self._versions.delete(marks)  # not before: what a mark hides would be readable again
        return len(there)

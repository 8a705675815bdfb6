"""Rights for what no end-to-end test brings about: why each is needed, and the test that shows it without AWS.

Anything else is seen at work or follows from what is deployed (`rights.py`). Some of what stands here is a matter of
moments: whether a run of the tests has seen it makes no difference.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a right is granted that is hardly ever used."""

    when: str
    shown_by: str
    """File and name of a test, as pytest has them."""


_UPLOAD = Reason(
    "an upload to S3 failed half-way",
    "tests/contract/aws/test_archives.py::test_one_that_is_aborted_never_was",
)
_AGED = "the embedded S3 dates what it stores itself, and nothing there is a day old"
_HOLD = Reason(
    "a hold was to be put on a message that was changed at the same moment",
    "tests/contract/aws/test_disposal.py::test_a_hold_that_races_with_another_one_is_never_put_on_without_its_stamp",
)

SELDOM: Mapping[tuple[str, str, str], Reason] = {
    ("export", "s3:AbortMultipartUpload", "exports/ten_*"): _UPLOAD,
    ("depart", "s3:AbortMultipartUpload", "exports/ten_*"): _UPLOAD,
    ("sweep", "s3:AbortMultipartUpload", "exports/ten_*"): Reason(
        f"an upload that died is a day old; {_AGED}",
        "tests/contract/aws/test_finished.py::test_uploads_that_were_never_finished_go_uncounted",
    ),
    ("sweep", "s3:DeleteObjectVersion", "exports/ten_*"): Reason(
        f"an archive is a day old; {_AGED}",
        "tests/contract/aws/test_finished.py::test_what_is_over_goes_and_the_rest_stays",
    ),
    ("sweep", "dynamodb:GetItem", "messages"): _HOLD,
    ("retention", "dynamodb:GetItem", "messages"): _HOLD,
    ("requests", "s3:ListBucket", "exports"): Reason(
        "an archive is gone: without this right S3 says that it is forbidden, not that it is not there",
        "tests/contract/aws/test_archives.py::test_of_none_there_is_no_size",
    ),
    ("receipts", "dynamodb:GetItem", "messages"): Reason(
        "a receipt that the table could not take at once was repeated by the carrier meanwhile, or is of a part",
        "tests/unit/test_record.py::test_a_repeated_final_receipt_changes_nothing",
    ),
    ("notify", "dynamodb:GetItem", "messages"): Reason(
        "an eventually consistent read is behind the change that is to be told",
        "tests/unit/test_notify.py::test_a_cheap_read_that_is_behind_is_followed_by_a_true_one",
    ),
    ("verify", "dynamodb:GetItem", "messages"): Reason(
        "the machine repeats the step that sends a code",
        "tests/unit/test_verify.py::test_a_step_that_is_repeated_sends_no_second_code",
    ),
    ("watch", "sqs:SendMessage", "callbacks"): Reason(
        "a request is near its date, or the queue of callbacks did not take what was to be told",
        "tests/unit/test_watch.py::test_what_nobody_was_told_is_told",
    ),
}
"""By role, action and thing, as docs/permissions.md names them."""

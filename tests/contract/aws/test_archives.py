"""What `fugace.rights.Archives` promises; S3's and the fake alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from fugace.adapters.archives import PART, S3Archives
from fugace.adapters.session import Aws
from fugace.domain.case import CaseKey
from fugace.domain.errors import UnavailableError
from fugace.rights import Archives
from tests.contract.aws.conftest import World, answer
from tests.fakes import BAKERY, SHOP
from tests.fakes_rights import FakeArchives

BUCKET = "fugace-test-archives"
ONE = CaseKey(SHOP, "0190d0d0-0000-4000-8000-000000000001")
TWO = CaseKey(BAKERY, "0190d0d0-0000-4000-8000-000000000001")


@dataclass
class Kit:
    """Archives, and what is really there."""

    archives: Archives
    there: Callable[[], dict[str, bytes]]
    uploads: Callable[[], int]
    """Unfinished ones."""


@pytest.fixture(scope="module")
def bucket(account: World) -> World:
    s3 = account.aws.client("s3")
    account.watch(s3)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return account


@pytest.fixture
def s3(bucket: World, world: World) -> Iterator[Kit]:
    client = bucket.aws.client("s3")

    def there() -> dict[str, bytes]:
        names = [each["Key"] for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
        return {name: client.get_object(Bucket=BUCKET, Key=name)["Body"].read() for name in names}

    def uploads() -> int:
        return len(client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))

    world.asked.clear()
    yield Kit(S3Archives(world.aws, BUCKET), there, uploads)
    world.fault = None
    for each in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        client.abort_multipart_upload(Bucket=BUCKET, Key=each["Key"], UploadId=each["UploadId"])
    for each in client.list_object_versions(Bucket=BUCKET).get("Versions", []):
        client.delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])


@pytest.fixture(params=["fake", "s3"])
def kit(request: pytest.FixtureRequest) -> Kit:
    if request.param == "s3":
        found: Kit = request.getfixturevalue("s3")
        return found
    fake = FakeArchives()
    return Kit(fake, lambda: {f"{key}/archive": data for key, data in fake.objects.items()}, lambda: 0)


def write(kit: Kit, key: CaseKey, *pieces: bytes) -> None:
    upload = kit.archives.upload(key)
    for piece in pieces:
        upload.write(piece)
    upload.close()


def test_what_was_written_is_there_under_opaque_ids(kit: Kit) -> None:
    """I2: tenant and request, and nothing else."""
    write(kit, ONE, b"one ", b"archive")
    write(kit, TWO, b"theirs")

    assert kit.there() == {
        f"{SHOP}/{ONE.id}/archive": b"one archive",
        f"{BAKERY}/{ONE.id}/archive": b"theirs",
    }
    assert (kit.archives.size(ONE), kit.archives.size(TWO)) == (11, 6)


def test_of_none_there_is_no_size(kit: Kit) -> None:
    """None is not 0."""
    assert kit.archives.size(ONE) is None


def test_nobody_sees_one_that_is_being_written(kit: Kit) -> None:
    """Whatever its size: half an archive would be taken for all there is."""
    upload = kit.archives.upload(ONE)
    upload.write(bytes(PART + 1))

    assert kit.archives.size(ONE) is None
    upload.close()
    assert kit.archives.size(ONE) == PART + 1


@pytest.mark.parametrize("size", [5, PART + 5])
def test_one_that_is_aborted_never_was(kit: Kit, size: int) -> None:
    """Nor is anything left of it."""
    upload = kit.archives.upload(ONE)
    upload.write(bytes(size))
    upload.abort()

    assert (kit.there(), kit.uploads()) == ({}, 0)


def test_a_second_one_takes_the_place_of_the_first(kit: Kit) -> None:
    """When it is whole, and not before."""
    write(kit, ONE, b"first")
    upload = kit.archives.upload(ONE)
    upload.write(b"second")
    assert kit.archives.size(ONE) == 5

    upload.close()

    assert kit.there() == {f"{ONE}/archive": b"second"}


def test_an_upload_that_was_aborted_and_one_that_ran_leave_one(kit: Kit) -> None:
    """Two runs at a time."""
    dead, other = kit.archives.upload(ONE), kit.archives.upload(ONE)
    dead.write(bytes(PART + 1))
    other.write(b"other")
    other.close()
    dead.abort()

    assert kit.there() == {f"{ONE}/archive": b"other"}


def test_a_link_is_for_a_while(kit: Kit) -> None:
    """It names the object and how long it is good for."""
    link = kit.archives.link(ONE, timedelta(minutes=5))

    assert str(ONE) in link
    assert "300" in link


# S3 alone.


def test_a_small_one_is_one_request(s3: Kit, world: World) -> None:
    """Most are."""
    write(s3, ONE, b"x" * PART)

    assert world.asked == ["PutObject"]


def test_a_large_one_goes_in_parts(s3: Kit, world: World) -> None:
    """In bounded memory, of whole parts; S3 takes none below 5 MiB but the last."""
    data = bytes(range(256)) * (2 * PART // 256) + b"end"
    write(s3, ONE, *(data[start : start + 65_552] for start in range(0, len(data), 65_552)))

    assert world.asked == ["CreateMultipartUpload", *["UploadPart"] * 3, "CompleteMultipartUpload"]
    assert s3.there() == {f"{ONE}/archive": data}


def test_one_that_dies_leaves_an_unfinished_upload_and_no_object(s3: Kit) -> None:
    """Which the purge and the bucket's lifecycle end."""
    upload = s3.archives.upload(ONE)
    upload.write(bytes(PART + 1))

    assert (s3.there(), s3.uploads()) == ({}, 1)


def test_an_upload_that_somebody_else_ended_is_as_good_as_aborted(s3: Kit, world: World) -> None:
    """An erasure may have been there."""
    upload = s3.archives.upload(ONE)
    upload.write(bytes(PART + 1))
    gone = "<Error><Code>NoSuchUpload</Code><Message>no</Message></Error>"
    world.fault = lambda operation: answer(gone, 404) if operation == "AbortMultipartUpload" else None

    upload.abort()


def test_what_was_aborted_by_somebody_else_cannot_be_finished(s3: Kit, world: World) -> None:
    """Nothing comes back after an erasure."""
    upload = s3.archives.upload(ONE)
    upload.write(bytes(PART + 1))
    client = world.aws.client("s3")
    for each in client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]:
        client.abort_multipart_upload(Bucket=BUCKET, Key=each["Key"], UploadId=each["UploadId"])

    with pytest.raises(Exception, match=r"NoSuchUpload|^'"):  # moto stumbles over it
        upload.close()
    assert s3.there() == {}


@pytest.mark.parametrize("operation", ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
def test_a_busy_bucket_is_a_reason_to_try_again(s3: Kit, world: World, operation: str) -> None:
    """The machine asks the step again, and the archive is made anew."""
    slow = "<Error><Code>SlowDown</Code><Message>no</Message></Error>"
    world.fault = lambda asked: answer(slow, 503) if asked == operation else None

    with pytest.raises(UnavailableError):
        write(s3, ONE, bytes(10 if operation == "PutObject" else PART + 1))


def test_a_busy_bucket_says_nothing_of_sizes(s3: Kit, world: World) -> None:
    """It is not `there is none`."""
    world.fault = lambda _: answer("", 503)

    with pytest.raises(UnavailableError):
        s3.archives.size(ONE)


def test_a_link_is_signed_for_a_bucket_that_a_key_of_ours_encrypts(s3: Kit, world: World) -> None:
    """S3 refuses older signatures there. Nothing is asked of it."""
    world.asked.clear()
    query = parse_qs(urlsplit(s3.archives.link(ONE, timedelta(minutes=5))).query)

    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["300"]
    assert query["X-Amz-SignedHeaders"] == ["host"]
    assert world.asked == []


@pytest.mark.parametrize(
    ("endpoint", "begins"),
    [
        (None, f"https://{BUCKET}.s3.eu-west-3.amazonaws.com/{ONE}/archive?"),
        ("https://127.0.0.1:4566", f"https://127.0.0.1:4566/{BUCKET}/{ONE}/archive?"),
    ],
)
def test_a_link_leads_where_the_endpoint_is(monkeypatch: pytest.MonkeyPatch, endpoint: str | None, begins: str) -> None:
    """A laptop's has no name for each bucket: path style. On AWS the bucket is part of the host, in its Region."""
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    assert S3Archives(Aws("eu-west-3"), BUCKET).link(ONE, timedelta(minutes=5)).startswith(begins)

"""What `fugace.keeping.Checkpoints` and `Signer` promise; S3's, KMS's and the fakes alike."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from fugace.adapters.checkpoints import S3Checkpoints
from fugace.adapters.signer import KmsSigner
from fugace.domain.errors import UnavailableError
from fugace.keeping import Checkpoints, Signer
from tests.contract.aws.conftest import World, answer, refusal
from tests.fakes import NOON
from tests.fakes_keeping import FakeCheckpoints, FakeSigner

DAY = timedelta(days=1)
BUCKET, ALIAS = "fugace-test-ledger", "alias/fugace-test-ledger"


@pytest.fixture(scope="module")
def watched(account: World) -> World:
    s3, kms = account.aws.client("s3"), account.aws.client("kms")
    account.watch(s3)
    s3.create_bucket(
        Bucket=BUCKET,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-3"},
        ObjectLockEnabledForBucket=True,
    )
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=ALIAS, TargetKeyId=key)
    return account


@pytest.fixture
def s3(watched: World, world: World) -> Iterator[S3Checkpoints]:
    assert watched is world  # with nothing amiss at first
    yield S3Checkpoints(world.aws, BUCKET)
    world.fault = None
    world.lost.clear()
    client = world.aws.client("s3")
    for each in client.list_object_versions(Bucket=BUCKET).get("Versions", []):
        client.delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])


@pytest.fixture(params=["fake", "s3"])
def checkpoints(request: pytest.FixtureRequest) -> Checkpoints:
    return FakeCheckpoints() if request.param == "fake" else request.getfixturevalue("s3")


@pytest.fixture(params=["fake", "kms"])
def signer(request: pytest.FixtureRequest) -> Signer:
    if request.param == "fake":
        return FakeSigner()
    return KmsSigner(request.getfixturevalue("watched").aws, ALIAS)


def test_the_first_checkpoint_of_a_day_stays(checkpoints: Checkpoints) -> None:
    """Whoever signs another one cannot put it in its place."""
    assert checkpoints.get(NOON) is None
    assert checkpoints.put(NOON, b'{"first": 1}')
    assert not checkpoints.put(NOON + timedelta(hours=1), b'{"second": 2}')

    assert checkpoints.get(NOON) == b'{"first": 1}'
    assert checkpoints.get(NOON - DAY) is None


def test_the_last_one_is_of_an_earlier_day(checkpoints: Checkpoints) -> None:
    """Days without one are passed over, across months and years; the same day's own does not count."""
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    assert checkpoints.last(NOON) is None
    for day in (new_year - DAY, new_year, NOON):
        checkpoints.put(day, day.isoformat().encode())

    assert checkpoints.last(new_year - DAY) is None
    assert checkpoints.last(new_year) == (new_year - DAY).isoformat().encode()
    assert checkpoints.last(NOON) == new_year.isoformat().encode()
    assert checkpoints.last(NOON + DAY) == NOON.isoformat().encode()


def test_checkpoints_are_found_under_their_day(s3: S3Checkpoints, world: World) -> None:
    """An auditor looks for them by hand; what else lies there is none."""
    s3.put(NOON, b"{}")
    for key in ("checkpoints/readme.txt", "checkpoints/2026-01-14.json.sig", "other/2026-01-14.json"):
        world.aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x")

    listed = world.aws.client("s3").get_object(Bucket=BUCKET, Key="checkpoints/2026-01-15.json")
    assert (listed["Body"].read(), listed["ContentType"]) == (b"{}", "application/json")
    assert s3.last(NOON + DAY) == b"{}"
    assert s3.last(NOON) is None


def test_years_of_checkpoints_are_all_looked_at(s3: S3Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing has a thousand at most, the oldest first."""
    whole = s3._s3.list_objects_v2
    monkeypatch.setattr(s3._s3, "list_objects_v2", lambda **more: whole(MaxKeys=2, **more))
    for number in range(5):
        s3.put(NOON + number * DAY, str(number).encode())

    assert s3.last(NOON + 9 * DAY) == b"4"


@pytest.mark.parametrize("ours", [True, False])
def test_a_lost_answer_is_told_from_somebody_elses_checkpoint(s3: S3Checkpoints, world: World, ours: bool) -> None:
    """The SDK asks again by itself, and finds what it has put itself."""
    if not ours:
        s3.put(NOON, b"theirs")
    world.lost.append("PutObject")

    assert s3.put(NOON, b"mine") is ours
    assert s3.get(NOON) == (b"mine" if ours else b"theirs")


def xml(code: str, status: int) -> AWSResponse:
    return answer(f"<Error><Code>{code}</Code><Message>no</Message></Error>", status)


@pytest.mark.parametrize(
    ("code", "status"), [("SlowDown", 503), ("InternalError", 500), ("ConditionalRequestConflict", 409)]
)
def test_a_busy_bucket_is_a_reason_to_try_again(s3: S3Checkpoints, world: World, code: str, status: int) -> None:
    """Two at once are told so by S3; neither has written."""
    world.fault = lambda _: xml(code, status)

    with pytest.raises(UnavailableError):
        s3.put(NOON, b"{}")


def test_a_bucket_that_refuses_is_no_empty_one(s3: S3Checkpoints, world: World) -> None:
    """Else each day would begin from nothing, and nobody would notice."""
    world.fault = lambda _: xml("AccessDenied", 403)

    for ask in (lambda: s3.get(NOON), lambda: s3.last(NOON), lambda: s3.put(NOON, b"{}")):
        with pytest.raises(Exception, match="AccessDenied"):
            ask()


# Signatures.


def test_a_signature_is_checked_with_the_public_key_alone(signer: Signer) -> None:
    """With any library, without AWS: the key is given as X.509 has it, the signature as X9.62."""
    key = load_der_public_key(signer.public_key())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    digest = hashlib.sha256(b"a checkpoint").digest()

    signature = signer.sign(digest)

    # moto takes the digest for the message, and hashes it again.
    message = digest if isinstance(signer, KmsSigner) else b"a checkpoint"
    key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(signature, b"another", ec.ECDSA(hashes.SHA256()))


@pytest.mark.usefixtures("watched")
def test_kms_sees_the_digest_alone(world: World) -> None:
    """It would take up to 4 KB, and hash them itself; a checkpoint of many tenants is longer."""
    seen: list[Any] = []

    def look(params: Any, **_: Any) -> None:
        seen.append(params)

    events = world.aws.client("kms").meta.events
    events.register("provide-client-params.kms.Sign", look)
    KmsSigner(world.aws, ALIAS).sign(b"d" * 32)
    events.unregister("provide-client-params.kms.Sign", look)

    assert seen == [
        {"KeyId": ALIAS, "Message": b"d" * 32, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
    ]


@pytest.mark.usefixtures("watched")
def test_a_busy_kms_is_a_reason_to_try_again(world: World) -> None:
    """`unavailable`, and the next run signs."""
    world.fault = lambda _: refusal("ThrottlingException")

    for ask in (lambda: KmsSigner(world.aws, ALIAS).sign(b"d" * 32), KmsSigner(world.aws, ALIAS).public_key):
        with pytest.raises(UnavailableError):
            ask()

"""The ledger, the keys that leave, checkpoints and signatures on the embedded AWS: real requests, many at once."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from fugace.adapters.checkpoints import S3Checkpoints
from fugace.adapters.dynamo.holds import DynamoHolds
from fugace.adapters.dynamo.key_chain import DynamoKeyChain
from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tables.keys import SubjectKeyItem
from fugace.adapters.dynamo.tables.ledger import LedgerItem
from fugace.adapters.dynamo.tables.purge import DueItem
from fugace.adapters.dynamo.tables.tenants import TenantItem
from fugace.adapters.dynamo.tallies import DynamoTallies
from fugace.adapters.exports import S3Exports
from fugace.adapters.session import Aws as Session
from fugace.adapters.signer import KmsSigner
from fugace.domain import chain
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import SubjectId
from fugace.domain.ledger import Action, Draft
from fugace.ports import ConflictError
from tests.contract.aws.conftest import create
from tests.emulator.cloud import Aws
from tests.fakes import NOON, SHOP, FakeClock
from tests.fakes_rights import FakeCaseSeals

HOUR = timedelta(hours=1)
HOLD = Hold(SHOP, "hold_abcdefghabcdefgh", Ground.CLAIM, NOON, "key_abcd2345", NOON + HOUR, HoldState.SETTING)


@dataclass(frozen=True)
class Books:
    """What is kept to show what became of everything else."""

    session: Session
    ledger: DynamoLedger
    holds: DynamoHolds
    tallies: DynamoTallies
    keys: DynamoSubjectKeys
    keychain: DynamoKeyChain


@pytest.fixture(scope="module")
def books(aws: Aws) -> Books:
    session, clock = Session(), FakeClock()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws.place.aws().items():
            patch.setenv(name, value)
        for service in ("dynamodb", "s3", "kms"):
            session.client(service)
    models = {"books-ledger": LedgerItem, "books-tenants": TenantItem, "books-purge": DueItem}
    for name, model in {**models, "books-keys": SubjectKeyItem}.items():
        create(session, name, model)
    tallies = DynamoTallies(session, "books-purge", "books-tenants", clock)
    return Books(
        session,
        DynamoLedger(session, "books-ledger"),
        DynamoHolds(session, "books-tenants"),
        tallies,
        DynamoSubjectKeys(session, "books-keys", clock),
        DynamoKeyChain(session, "books-keys", tallies),
    )


def purged(number: int) -> Draft:
    return Draft(SHOP, NOON, Action.PURGED, "purge", "2026-01-15T12", {"record": number})


def test_writers_at_once_do_not_fork_the_chain(books: Books) -> None:
    """Some with other writes, some without, some whose other write is not possible: none is lost, none comes twice."""

    def write(writer: int) -> None:
        for number in range(6):
            hold = replace(HOLD, id=f"hold_{'abcdef'[writer] * 15}{'abcdef'[number]}")
            also = [books.holds.put(hold, None)] if writer % 2 else []
            books.ledger.append(purged(writer * 10 + number), *also)
            if also:
                with pytest.raises(ConflictError):
                    books.ledger.append(purged(100), *also)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(write, range(6)))

    entries = books.ledger.page(SHOP, after=0, limit=1000)
    assert chain.verify([entry.text for entry in entries], [entry.hash for entry in entries]) is None
    told = sorted(entry.draft.facts["record"] for entry in entries)
    assert told == sorted(writer * 10 + number for writer in range(6) for number in range(6))
    assert [head.seq for head in books.ledger.heads(NOON)] == [36]


def test_keys_that_leave_are_destroyed_with_their_count(books: Books) -> None:
    """The one that was used is left out of the transaction, and the others go without it."""
    subjects = [SubjectId(f"{number:043}") for number in range(5)]
    for subject in subjects:
        assert books.keys.add(SHOP, subject, b"wrapped")
    assert books.keychain.leave([*subjects, SubjectId("nobody")], NOON) == set(subjects)
    assert books.keys.stay(subjects[0], books.keys.rows(subjects)[subjects[0]])

    assert books.keychain.destroy(SHOP, [*subjects, SubjectId("nobody")], NOON + 2 * HOUR, NOON) == 4

    assert set(books.keys.rows(subjects)) == {subjects[0]}
    (book,) = books.tallies.books(NOON)
    assert book.told.counts == {"keys": 4}
    assert list(books.tallies.open_hours()) == [NOON]


def test_a_checkpoint_is_written_once_and_signed_for_everybody(books: Books) -> None:
    """KMS signs the digest as it is, so that any library can check the signature over the document itself."""
    books.session.client("s3").create_bucket(
        Bucket="books-checkpoints", CreateBucketConfiguration={"LocationConstraint": books.session.region}
    )
    checkpoints = S3Checkpoints(books.session, "books-checkpoints")
    kms = books.session.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signer = KmsSigner(books.session, key)
    document = b'{"day":"2026-01-15"}'

    signature = signer.sign(hashlib.sha256(document).digest())
    public = load_der_public_key(signer.public_key())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, document, ec.ECDSA(hashes.SHA256()))

    assert checkpoints.get(NOON) is None
    assert checkpoints.put(NOON, document)
    assert not checkpoints.put(NOON, b"{}")
    assert checkpoints.get(NOON) == document
    assert checkpoints.last(NOON + timedelta(days=1)) == document
    assert checkpoints.last(NOON) is None


def test_a_hold_that_is_as_it_was_seen_moves_on(books: Books) -> None:
    """What it has no value for must be absent: a comparison with a stored NULL is never true, and moto lets it pass."""
    hold = replace(HOLD, id="hold_moveonmoveonmoveon"[:21])
    setting = Draft(SHOP, NOON, Action.HOLD_SET, hold.set_by, hold.id, _facts(hold))
    books.ledger.append(setting, books.holds.put(hold, None))
    held = replace(hold, state=HoldState.HELD, covers=3)

    assert books.holds.move(held, hold)
    assert not books.holds.move(replace(held, covers=4), hold)
    assert books.holds.get(SHOP, hold.id) == held


def _facts(hold: Hold) -> dict[str, str | int]:
    until = hold.until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"scope": hold.scope, "ground": hold.ground.value, "until": until}


def test_an_archive_leaves_nothing_behind(books: Books) -> None:
    """Neither what it replaced, nor the mark of a deletion, nor an upload that was never finished; counted once."""
    s3, bucket, hour = books.session.client("s3"), "books-exports", NOON + 24 * HOUR
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": books.session.region})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    one, two = (f"{SHOP}/req_{name}/all.zip" for name in "ab")
    for name in (one, one, two):
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    s3.delete_object(Bucket=bucket, Key=one)
    s3.create_multipart_upload(Bucket=bucket, Key=two)
    exports = S3Exports(books.session, bucket, books.tallies, FakeCaseSeals())
    assert exports.first(SHOP)
    assert exports.purge(SHOP, lambda _: False, hour) == 0

    assert [exports.purge(SHOP, lambda _: True, hour) for _ in range(2)] == [2, 0]

    left = s3.list_object_versions(Bucket=bucket)
    assert "Versions" not in left
    assert "DeleteMarkers" not in left
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert exports.first(SHOP) is None
    assert [book.told.counts for book in books.tallies.books(hour)] == [{"exports": 2}]

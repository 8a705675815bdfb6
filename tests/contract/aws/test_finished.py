"""What `fugace.keeping.Exports` and `Cases` promise; S3's, DynamoDB's and the fakes alike."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.s3.models import s3_backends

from fugace.adapters.dynamo.cases import DynamoCases
from fugace.adapters.dynamo.table import Table
from fugace.adapters.dynamo.tables.cases import CaseItem
from fugace.adapters.dynamo.tallies import DynamoTallies
from fugace.adapters.exports import S3Exports
from fugace.domain.case import CaseKey
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import TenantId
from fugace.keeping import Cases, Exports, Over, Tallies
from tests.contract.aws.conftest import World, answer
from tests.fakes import BAKERY, NOON, SHOP, FakeClock
from tests.fakes_keeping import FakeCases, FakeExports, FakeStatistics, FakeTallies, FakeVersion
from tests.fakes_rights import FakeCaseSeals

HOUR = timedelta(hours=1)
BUCKET = "fugace-test-exports"
ONE, TWO, THEIRS = f"{SHOP}/req_a/all.zip", f"{SHOP}/req_b/all.zip", f"{BAKERY}/req_a/all.zip"
BEGUN = datetime(2010, 11, 10, 20, 48, 33, tzinfo=UTC)
"""When moto says of every upload that it was begun."""


def before(moment: datetime) -> Over:
    return lambda at: at < moment


def counts(tallies: Tallies, tenant: TenantId = SHOP, hour: datetime = NOON) -> Mapping[str, int]:
    return next((book.told.counts for book in tallies.books(hour) if book.tenant == tenant), {})


@dataclass
class Shelf:
    """Archives, and what a test puts there and finds."""

    exports: Exports
    tallies: Tallies
    seals: FakeCaseSeals
    put: Callable[[str, datetime], None]
    mark: Callable[[str, datetime], None]
    begin: Callable[[str], None]
    lose: Callable[[str], None]
    """What the bucket's own end does with versions that a mark hides."""
    there: Callable[[], dict[str, int]]
    """Names, and how many versions, marks and uploads are left of each."""


def fake_shelf() -> Shelf:
    seals = FakeCaseSeals()
    exports = FakeExports(FakeTallies(FakeStatistics()), seals.destroy)

    def there() -> dict[str, int]:
        names = [*exports.objects, *(name for name, _ in exports.uploads)]
        begun = [name for name, _ in exports.uploads]
        return {name: len(exports.objects.get(name, ())) + begun.count(name) for name in names}

    return Shelf(
        exports,
        exports.tallies,
        seals,
        put=lambda name, at: exports.objects[name].append(FakeVersion(at)),
        mark=lambda name, at: exports.objects[name].append(FakeVersion(at, mark=True)),
        begin=lambda name: exports.uploads.append((name, BEGUN)),
        lose=lambda name: exports.objects.update({name: [each for each in exports.objects[name] if each.mark]}),
        there=there,
    )


def s3_shelf(world: World) -> Shelf:
    client, tallies = world.aws.client("s3"), DynamoTallies(world.aws, "purge", "tenants", FakeClock())

    def date(name: str, at: datetime) -> None:
        """S3 dates what it is given itself."""
        held = s3_backends[ACCOUNT_ID]["aws"].buckets[BUCKET].keys.getlist(name)
        held[-1].last_modified = at.replace(tzinfo=None)

    def put(name: str, at: datetime) -> None:
        client.put_object(Bucket=BUCKET, Key=name, Body=b"x")
        date(name, at)

    def mark(name: str, at: datetime) -> None:
        client.delete_object(Bucket=BUCKET, Key=name)
        date(name, at)

    def there() -> dict[str, int]:
        listed = client.list_object_versions(Bucket=BUCKET)
        begun = client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        names = [each["Key"] for each in (*listed.get("Versions", []), *listed.get("DeleteMarkers", []), *begun)]
        return {name: names.count(name) for name in names}

    def begin(name: str) -> None:
        client.create_multipart_upload(Bucket=BUCKET, Key=name)

    def lose(name: str) -> None:
        for each in client.list_object_versions(Bucket=BUCKET, Prefix=name)["Versions"]:
            client.delete_object(Bucket=BUCKET, Key=name, VersionId=each["VersionId"])

    seals = FakeCaseSeals()
    return Shelf(S3Exports(world.aws, BUCKET, tallies, seals), tallies, seals, put, mark, begin, lose, there)


@pytest.fixture(scope="module")
def bucket(account: World) -> World:
    s3 = account.aws.client("s3")
    account.watch(s3)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return account


@pytest.fixture
def s3(bucket: World, world: World) -> Iterator[Shelf]:
    assert bucket is world
    shelf = s3_shelf(world)
    yield shelf
    world.fault = None
    for tenant in (SHOP, BAKERY):
        shelf.exports.purge(tenant, lambda _: True, NOON + 99 * HOUR)


@pytest.fixture(params=["fake", "s3"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    return fake_shelf() if request.param == "fake" else request.getfixturevalue("s3")


def test_what_is_over_goes_and_the_rest_stays(shelf: Shelf) -> None:
    """Of one tenant, object by object; counted as objects, whatever their versions."""
    for name, at in ((ONE, NOON), (ONE, NOON + HOUR), (TWO, NOON + 3 * HOUR), (THEIRS, NOON)):
        shelf.put(name, at)
    assert shelf.exports.first(SHOP) == NOON

    assert shelf.exports.purge(SHOP, before(NOON + 2 * HOUR), NOON) == 1

    assert shelf.there() == {TWO: 1, THEIRS: 1}
    assert shelf.exports.first(SHOP) == NOON + 3 * HOUR
    assert counts(shelf.tallies) == {"exports": 1}
    assert counts(shelf.tallies, BAKERY) == {}


def test_a_second_look_counts_nothing_again(shelf: Shelf) -> None:
    """A body may come twice."""
    shelf.put(ONE, NOON)
    assert [shelf.exports.purge(SHOP, before(NOON + HOUR), NOON) for _ in range(2)] == [1, 0]
    assert counts(shelf.tallies) == {"exports": 1}


def test_an_older_version_goes_in_its_own_time(shelf: Shelf) -> None:
    """It is an archive of somebody, too; the object is there as long as something of it is, and counted once."""
    shelf.put(ONE, NOON)
    shelf.put(ONE, NOON + 5 * HOUR)

    assert shelf.exports.purge(SHOP, before(NOON + HOUR), NOON) == 0
    assert shelf.there() == {ONE: 1}
    assert shelf.exports.purge(SHOP, before(NOON + 6 * HOUR), NOON) == 1
    assert counts(shelf.tallies) == {"exports": 1}


def test_a_mark_goes_with_what_it_hides_and_not_before(shelf: Shelf) -> None:
    """Or what somebody deleted would be readable again: at the end of a short month a later one may be over sooner."""
    shelf.put(ONE, NOON)
    shelf.mark(ONE, NOON + HOUR)

    assert shelf.exports.purge(SHOP, lambda at: at > NOON, NOON) == 0
    assert shelf.there() == {ONE: 2}
    assert shelf.exports.purge(SHOP, before(NOON + 2 * HOUR), NOON) == 1
    assert shelf.there() == {}


def test_a_mark_that_hides_nothing_goes_uncounted(shelf: Shelf) -> None:
    """The bucket's own end may have taken what it hid."""
    shelf.put(ONE, NOON - HOUR)
    shelf.mark(ONE, NOON)
    shelf.lose(ONE)

    assert shelf.exports.first(SHOP) == NOON
    assert shelf.exports.purge(SHOP, before(NOON + HOUR), NOON) == 0
    assert shelf.there() == {}
    assert counts(shelf.tallies) == {}


def test_uploads_that_were_never_finished_go_uncounted(shelf: Shelf) -> None:
    """No list of objects shows them, and S3 keeps their parts."""
    for name in (ONE, THEIRS):
        shelf.begin(name)
    assert shelf.exports.first(SHOP) == BEGUN

    assert shelf.exports.purge(SHOP, before(BEGUN), NOON) == 0
    assert shelf.there() == {ONE: 1, THEIRS: 1}
    assert shelf.exports.purge(SHOP, before(NOON), NOON) == 0
    assert shelf.there() == {THEIRS: 1}
    assert shelf.exports.first(SHOP) is None


def test_the_key_that_an_archive_is_sealed_with_goes_with_it(shelf: Shelf) -> None:
    """What a back-up or a slow deletion still has is noise then; the key of what is not over stays."""
    one, two = CaseKey(SHOP, "req_a"), CaseKey(SHOP, "req_b")
    for key in (one, two):
        shelf.seals.make(key)
    for name, at in ((ONE, NOON), (TWO, NOON), (TWO, NOON + 3 * HOUR)):
        shelf.put(name, at)

    shelf.exports.purge(SHOP, before(NOON + HOUR), NOON)

    assert set(shelf.seals.keys) == {two}


# S3 alone.


def test_many_pages_and_many_batches_are_gone_through(s3: Shelf, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The versions of one object may lie on two pages; a DeleteObjects has room for a thousand."""
    for room in ("exports", "versions"):
        monkeypatch.setattr(f"fugace.adapters.{room}.MOST", 3)
    client, sizes = world.aws.client("s3"), list[int]()
    whole, delete = client.list_object_versions, client.delete_objects

    def note(**asked: Any) -> Any:
        sizes.append(len(asked["Delete"]["Objects"]))
        return delete(**asked)

    monkeypatch.setattr(client, "list_object_versions", lambda **more: whole(MaxKeys=2, **more))
    monkeypatch.setattr(client, "delete_objects", note)
    for number in range(4):
        for minutes in range(4):
            s3.put(f"{SHOP}/req_{number}/all.zip", NOON + timedelta(minutes=minutes))
        s3.mark(f"{SHOP}/req_{number}/all.zip", NOON + HOUR)

    assert s3.exports.purge(SHOP, before(NOON + 2 * HOUR), NOON) == 4

    monkeypatch.undo()
    assert s3.there() == {}
    assert (max(sizes), sum(sizes)) == (3, 20)
    assert counts(s3.tallies) == {"exports": 4}


def test_two_runs_that_saw_the_same_count_it_once(s3: Shelf) -> None:
    """S3 says of what is gone already that it is deleted: what is counted has a name made of its own."""
    s3.put(ONE, NOON)
    exports, seen = s3.exports, list(s3.exports._kept.all(f"{SHOP}/"))  # type: ignore[attr-defined]  # S3's alone
    for _ in range(2):
        exports._count(SHOP, seen[0], NOON)  # type: ignore[attr-defined]  # S3's alone

    assert counts(s3.tallies) == {"exports": 1}


def test_what_s3_would_not_delete_is_not_counted(s3: Shelf, world: World) -> None:
    """It answers 200, and says within what it did not do; the next run finds it again, and its mark still there."""
    s3.put(ONE, NOON)
    s3.mark(ONE, NOON)
    body = f"<DeleteResult><Error><Key>{ONE}</Key><Code>InternalError</Code></Error></DeleteResult>"
    world.fault = lambda operation: answer(body) if operation == "DeleteObjects" else None
    with pytest.raises(UnavailableError):
        s3.exports.purge(SHOP, before(NOON + HOUR), NOON)

    world.fault = None
    assert s3.there() == {ONE: 2}
    assert counts(s3.tallies) == {}


def test_an_upload_that_is_finished_meanwhile_is_left_alone(s3: Shelf, world: World) -> None:
    """It is an object now, and goes in its own time."""
    s3.begin(ONE)
    gone = "<Error><Code>NoSuchUpload</Code><Message>no</Message></Error>"
    world.fault = lambda operation: answer(gone, 404) if operation == "AbortMultipartUpload" else None

    assert s3.exports.purge(SHOP, before(NOON), NOON) == 0


def test_a_busy_bucket_is_a_reason_to_try_again(s3: Shelf, world: World) -> None:
    """`unavailable`: the body comes back."""
    world.fault = lambda _: answer("<Error><Code>SlowDown</Code><Message>no</Message></Error>", 503)

    for ask in (lambda: s3.exports.first(SHOP), lambda: s3.exports.purge(SHOP, before(NOON), NOON)):
        with pytest.raises(UnavailableError):
            ask()


# Persons' requests.


@dataclass
class File:
    """Requests, and what a test puts there and finds."""

    cases: Cases
    tallies: Tallies
    seals: FakeCaseSeals
    put: Callable[[TenantId, str, datetime | None], None]
    there: Callable[[], int]


def fake_file() -> File:
    seals = FakeCaseSeals()
    cases = FakeCases(FakeTallies(FakeStatistics()), seals.destroy)
    return File(
        cases,
        cases.tallies,
        seals,
        put=lambda tenant, name, finished: cases.rows.__setitem__((tenant, name), finished),
        there=lambda: len(cases.rows),
    )


def dynamo_file(world: World) -> File:
    tallies, table = DynamoTallies(world.aws, "purge", "tenants", FakeClock()), Table(world.aws, "cases", CaseItem)
    seals = FakeCaseSeals()
    return File(
        DynamoCases(world.aws, "cases", tallies, seals),
        tallies,
        seals,
        put=lambda tenant, name, finished: table.put(CaseItem(tenant, f"case/{name}", finished=finished)),
        there=lambda: len(world.rows("cases")),
    )


@pytest.fixture(params=["fake", "dynamodb"])
def file(request: pytest.FixtureRequest) -> File:
    return fake_file() if request.param == "fake" else dynamo_file(request.getfixturevalue("world"))


def test_finished_requests_go_and_open_ones_stay(file: File) -> None:
    """Of one tenant, with their count."""
    for tenant, name, finished in (
        (SHOP, "a", NOON),
        (SHOP, "b", NOON + HOUR),
        (SHOP, "c", NOON + 3 * HOUR),
        (SHOP, "d", None),
        (BAKERY, "a", NOON),
    ):
        file.put(tenant, name, finished)
    over = before(NOON + 2 * HOUR)
    assert (file.cases.first(SHOP), file.cases.overdue(SHOP, over)) == (NOON, 2)

    assert file.cases.purge(SHOP, over, NOON) == 2
    assert file.cases.purge(SHOP, over, NOON) == 0

    assert (file.cases.first(SHOP), file.cases.overdue(SHOP, over), file.there()) == (NOON + 3 * HOUR, 0, 3)
    assert counts(file.tallies) == {"cases": 2}
    assert counts(file.tallies, BAKERY) == {}


def test_a_key_goes_before_the_row_by_which_it_is_found(file: File) -> None:
    """A key without a row is one that nobody would ever look for."""
    file.put(SHOP, "a", NOON)
    file.put(SHOP, "b", None)
    for name in ("a", "b"):
        file.seals.make(CaseKey(SHOP, name))

    file.cases.purge(SHOP, before(NOON + HOUR), NOON)

    assert set(file.seals.keys) == {CaseKey(SHOP, "b")}


def test_who_has_no_finished_request_waits_for_nothing(file: File) -> None:
    """An open one has no end yet."""
    assert file.cases.first(SHOP) is None
    file.put(SHOP, "a", None)
    assert file.cases.first(SHOP) is None


def test_a_request_that_is_opened_again_meanwhile_stays(world: World) -> None:
    """Deleted is what was seen, and the count is of what was deleted."""
    file = dynamo_file(world)
    for name in ("a", "b"):
        file.put(SHOP, name, NOON)

    def opened(at: datetime) -> bool:
        file.put(SHOP, "a", None)
        return at < NOON + HOUR

    assert file.cases.purge(SHOP, opened, NOON) == 1
    assert (file.there(), counts(file.tallies)) == (1, {"cases": 1})

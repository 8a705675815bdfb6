"""What an erasure asks of AWS, and what `fugace.rights` promises of it; AWS's and the fakes alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.adapters.archive_shredder import S3ArchiveShredder
from fugace.adapters.case_seals import KeyCaseSeals
from fugace.adapters.dynamo.case_keys import DynamoCaseKeys
from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.requests import DynamoRecalls, DynamoRequests
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.transactions import transact
from fugace.adapters.dynamo.writes import items_of
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain.case import Case, CaseKey, CaseState, Found, Identity, Outcome, Right, Stage
from fugace.domain.errors import MissingKeyError, UnavailableError
from fugace.domain.ids import SubjectId
from fugace.domain.ledger import Action, Draft
from fugace.domain.standing import Standing
from fugace.keeping import Ledger
from fugace.ports import Vault, Write
from fugace.rights import Abroad, ArchiveShredder, CaseSeals, CaseShredder, Persons, Recalls, Requests
from tests.contract.aws.conftest import World, refusal
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP, FakeClock, FakeVault, sealed_record
from tests.fakes_keeping import FakeLedger, commit
from tests.fakes_rights import FakeArchives, FakeCaseSeals, FakePersons, FakeRecalls, FakeRequests

BUCKET = "fugace-test-erasing"
LATER = NOON + timedelta(hours=1)
MINE, OTHER = (CaseKey(SHOP, f"00000000-0000-4000-8000-{n:012x}") for n in (1, 2))
THEIRS = CaseKey(BAKERY, MINE.id)


# --- persons --------------------------------------------------------------------------------------


@dataclass
class Town:
    """Persons, and a vault over the same rows."""

    persons: Persons
    vault: Vault

    @property
    def alice(self) -> SubjectId:
        return self.vault.subject(SHOP, ALICE)

    def meet(self) -> int:
        """Alice is written to: the epoch of her key."""
        key = self.vault.keys_for(SHOP, [ALICE])[self.alice]
        assert key is not None
        return key.epoch

    def blocked(self) -> bool:
        return self.vault.keys_for(SHOP, [ALICE])[self.alice] is None


@pytest.fixture(params=["fake", "dynamo"])
def town(request: pytest.FixtureRequest, clock: FakeClock) -> Town:
    if request.param == "fake":
        vault = FakeVault(clock)
        return Town(FakePersons(vault), vault)
    keys: DynamoSubjectKeys = request.getfixturevalue("subject_keys")
    return Town(keys, KeyVault(request.getfixturevalue("keyring"), keys))


def test_of_somebody_never_seen_nothing_is_known(town: Town) -> None:
    """Nor does asking make anybody known."""
    assert town.persons.standing(town.alice) == Standing()


def test_a_live_person_has_a_key(town: Town) -> None:
    """And no wishes, until some are told."""
    epoch = town.meet()

    assert town.persons.standing(town.alice) == Standing(epoch, live=True)


def test_one_write_blocks_a_person(town: Town) -> None:
    """Nothing may be kept, read or sent any more; a repeat changes nothing."""
    record = sealed_record(town.vault)  # type: ignore[arg-type]  # any vault
    epoch = town.meet()

    assert town.persons.block(SHOP, town.alice, NOON) == epoch
    assert town.persons.block(SHOP, town.alice, LATER) == epoch
    assert town.persons.standing(town.alice) == Standing(epoch, erasing=NOON)
    assert town.blocked()
    assert town.vault.keys_of([record]) == {}


def test_a_key_that_is_kept_opens_nothing_meanwhile(town: Town) -> None:
    """It is there for what a legal hold keeps, should the hold end the erasure; nobody is given it."""
    record = sealed_record(town.vault)  # type: ignore[arg-type]  # any vault
    epoch = town.meet()
    town.persons.block(SHOP, town.alice, NOON, keep_key=True)

    assert town.vault.keys_of([record]) == {}
    assert town.blocked()
    for _ in range(2):
        town.persons.shred(town.alice, epoch)
    assert town.persons.standing(town.alice) == Standing(epoch, erasing=NOON)


def test_somebody_never_seen_is_blocked_and_buried_too(town: Town) -> None:
    """What arrives meanwhile is refused all the same, and nobody can tell from the answer."""
    assert town.persons.block(SHOP, town.alice, NOON) == 0
    assert town.blocked()
    town.persons.bury(town.alice, 0, LATER)

    assert town.persons.standing(town.alice) == Standing(0, erased=LATER)


def test_a_burial_leaves_a_tombstone_and_an_objection(town: Town) -> None:
    """A restriction goes with what it restricted; a suppression has to be remembered to be respected."""
    town.meet()
    town.persons.restrict(SHOP, town.alice, NOON)
    town.persons.object(SHOP, town.alice, NOON)
    epoch = town.persons.block(SHOP, town.alice, NOON)
    for at in (LATER, LATER + timedelta(days=1)):
        town.persons.bury(town.alice, epoch, at)

    assert town.persons.standing(town.alice) == Standing(epoch, erased=LATER, objected=NOON)


def test_whoever_comes_back_has_another_epoch(town: Town) -> None:
    """What was bound to the erased one stays dead; a late end of the old erasure does not touch the new key."""
    record = sealed_record(town.vault)  # type: ignore[arg-type]  # any vault
    old = town.meet()
    town.persons.block(SHOP, town.alice, NOON)
    town.persons.bury(town.alice, old, NOON)

    assert town.meet() > old
    town.persons.bury(town.alice, old, LATER)
    town.persons.shred(town.alice, old)
    assert town.persons.standing(town.alice).live
    assert town.vault.keys_of([record]) == {}


def test_nothing_is_shredded_but_under_an_erasure(town: Town) -> None:
    """A live person's key goes by `block` alone."""
    epoch = town.meet()
    town.persons.shred(town.alice, epoch)
    town.persons.bury(town.alice, epoch, NOON)

    assert town.persons.standing(town.alice) == Standing(epoch, live=True)


@pytest.mark.parametrize("wish", ["restrict", "object"])
def test_a_wish_is_told_with_the_key(town: Town, wish: str) -> None:
    """The first time stays; taken back it is gone; of somebody never seen it is remembered as well."""
    tell = getattr(town.persons, wish)
    name = {"restrict": "restricted", "object": "objected"}[wish]
    tell(SHOP, town.alice, None)
    assert town.persons.standing(town.alice) == Standing()
    for at in (NOON, LATER):
        tell(SHOP, town.alice, at)
    assert getattr(town.persons.standing(town.alice), name) == NOON
    town.meet()

    assert getattr(town.vault.keys_for(SHOP, [ALICE])[town.alice], name) == NOON
    tell(SHOP, town.alice, None)
    assert getattr(town.vault.keys_for(SHOP, [ALICE])[town.alice], name) is None


def test_one_persons_block_is_nobody_elses(town: Town) -> None:
    """Neither another person's, nor the same person's at another tenant (I8)."""
    town.persons.block(SHOP, town.alice, NOON)

    assert town.vault.keys_for(SHOP, [BOB])[town.vault.subject(SHOP, BOB)]
    assert town.vault.keys_for(BAKERY, [ALICE])[town.vault.subject(BAKERY, ALICE)]


def test_each_change_of_a_person_is_one_request(world: World, subject_keys: DynamoSubjectKeys) -> None:
    """The person is unreadable after one write; what else an erasure does is one write each, too."""
    alice = SubjectId("a" * 43)
    acts: dict[str, Callable[[], object]] = {
        "block": lambda: subject_keys.block(SHOP, alice, NOON),
        "shred": lambda: subject_keys.shred(alice, 0),
        "bury": lambda: subject_keys.bury(alice, 0, NOON),
        "restrict": lambda: subject_keys.restrict(SHOP, alice, NOON),
        "object": lambda: subject_keys.object(SHOP, alice, None),
    }
    for act in acts.values():
        world.asked.clear()
        act()
        assert world.asked == ["UpdateItem"]


# --- keys of requests -----------------------------------------------------------------------------


@dataclass
class Drawer:
    seals: CaseSeals
    shredder: CaseShredder
    carry_out: Callable[[Write], None]

    def make(self, key: CaseKey) -> None:
        """As where its request is filed."""
        self.carry_out(self.seals.new(key).write)


@pytest.fixture(params=["fake", "dynamo"])
def drawer(request: pytest.FixtureRequest) -> Drawer:
    if request.param == "fake":
        fake = FakeCaseSeals()
        return Drawer(fake, fake, commit)
    world: World = request.getfixturevalue("world")
    keyring: Keyring = request.getfixturevalue("keyring")
    rows = DynamoCaseKeys(world.aws, "subject-keys")
    return Drawer(KeyCaseSeals(keyring, rows), rows, lambda write: transact(world.aws, items_of([write])))


def test_what_a_request_sealed_opens_until_its_key_is_destroyed(drawer: Drawer) -> None:
    """In the row, in every back-up of it, and in the bucket: noise from then on. A repeat is harmless."""
    drawer.make(MINE)
    sealed = drawer.seals.seal(MINE, "number", b"something")
    assert drawer.seals.open(MINE, "number", sealed) == b"something"
    for _ in range(2):
        drawer.shredder.destroy(MINE)

    with pytest.raises(MissingKeyError):
        drawer.seals.open(MINE, "number", sealed)
    with pytest.raises(MissingKeyError):
        drawer.seals.secret(MINE, "archive")
    with pytest.raises(MissingKeyError):
        drawer.seals.seal(MINE, "number", b"something")


def test_a_destroyed_key_is_that_of_one_request(drawer: Drawer) -> None:
    """Not another's of the same tenant, nor that of another tenant's request of the same id (I8)."""
    sealed = {}
    for key in (MINE, OTHER, THEIRS):
        drawer.make(key)
        sealed[key] = drawer.seals.seal(key, "number", b"x")
    drawer.shredder.destroy(MINE)

    assert {drawer.seals.open(key, "number", sealed[key]) for key in (OTHER, THEIRS)} == {b"x"}
    with pytest.raises((ValueError, MissingKeyError)):
        drawer.seals.open(OTHER, "number", sealed[THEIRS])


def test_fields_and_purposes_are_told_apart(drawer: Drawer) -> None:
    """What is sealed as one is not opened as another."""
    drawer.make(MINE)
    sealed = drawer.seals.seal(MINE, "number", b"x")

    assert drawer.seals.open(MINE, "number", sealed) == b"x"
    with pytest.raises(ValueError, match="cannot be opened"):
        drawer.seals.open(MINE, "correction", sealed)
    assert drawer.seals.secret(MINE, "archive") != drawer.seals.secret(MINE, "fields")
    assert len(drawer.seals.secret(MINE, "archive")) == 32


# --- how far a request is ------------------------------------------------------------------------


@pytest.fixture(params=["fake", "dynamo"])
def office(request: pytest.FixtureRequest) -> tuple[Requests, Ledger]:
    if request.param == "fake":
        return FakeRequests(), FakeLedger()
    aws = request.getfixturevalue("world").aws
    return DynamoRequests(aws, "cases"), DynamoLedger(aws, "ledger")


def test_how_far_an_erasure_came_is_kept(office: tuple[Requests, Ledger]) -> None:
    """What was done once, and what each place said: all that a later run goes by."""
    requests, ledger = office
    case = Case(
        key=MINE,
        right=Right.ERASURE,
        state=CaseState.RUNNING,
        submitted=NOON,
        received=NOON,
        due=LATER,
        identity=Identity.ATTESTED,
        filed_by="key_setterse",
    )
    begun = Draft(SHOP, NOON, Action.ERASURE_BEGUN, "request", MINE.id, {})
    ledger.append(begun, requests.file(case))
    seen = requests.get(MINE)
    assert seen is not None
    assert seen.stage is Stage.NOTHING
    assert requests.move(replace(seen, stage=Stage.DESTROYED), seen)
    found = Found(Outcome.NOT_SUPPORTED, 3, 2, LATER, "legal-claim", kept=1)
    requests.note(MINE, "carriers", found)

    there = requests.get(MINE)
    assert there is not None
    assert (there.stage, there.places) == (Stage.DESTROYED, {"carriers": found})


# --- what carriers have to be asked -----------------------------------------------------------------


@pytest.fixture(params=["fake", "dynamo"])
def recalls(request: pytest.FixtureRequest) -> Recalls:
    if request.param == "fake":
        return FakeRecalls()
    return DynamoRecalls(request.getfixturevalue("world").aws, "cases")


LINES = [Abroad("simulator", "a b/c"), Abroad("other", "2")]


def test_pages_are_kept_until_they_are_done(recalls: Recalls) -> None:
    """By name, whatever order they came in; a page that comes again replaces itself."""
    for page in ("carriers/b", "carriers/a", "schedules/a"):
        recalls.add(MINE, page, LINES)
    recalls.add(MINE, "carriers/a", LINES[:1])
    recalls.add(OTHER, "carriers/z", LINES)

    assert recalls.pages(MINE, 9) == [("carriers/a", LINES[:1]), ("carriers/b", LINES), ("schedules/a", LINES)]
    assert recalls.pages(MINE, 1, "schedules/") == [("schedules/a", LINES)]
    assert recalls.pages(MINE, 1, "carriers/") == [("carriers/a", LINES[:1])]
    for _ in range(2):
        recalls.done(MINE, "carriers/a")
    assert [name for name, _ in recalls.pages(MINE, 9, "carriers/")] == ["carriers/b"]


def test_the_last_page_says_how_far_somebody_came(recalls: Recalls) -> None:
    """Of those that begin alike; there may be none, and an empty page is none."""
    assert recalls.last(MINE, "carriers/") == ""
    recalls.add(MINE, "carriers/9", [])
    for page in ("carriers/1", "carriers/2", "schedules/3"):
        recalls.add(MINE, page, LINES)
    recalls.add(OTHER, "carriers/7", LINES)

    assert recalls.last(MINE, "carriers/") == "carriers/2"
    assert recalls.last(MINE, "") == "schedules/3"


# --- archives -------------------------------------------------------------------------------------


@dataclass
class Shelf:
    shredder: ArchiveShredder
    put: Callable[[CaseKey], None]
    there: Callable[[], set[str]]


@pytest.fixture(scope="module")
def bucket(account: World) -> World:
    s3 = account.aws.client("s3")
    account.watch(s3)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return account


def _listed(client: Any) -> set[str]:
    listed = client.list_object_versions(Bucket=BUCKET)
    begun = client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    return {each["Key"] for each in (*listed.get("Versions", []), *listed.get("DeleteMarkers", []), *begun)}


@pytest.fixture
def s3(bucket: World, world: World) -> Iterator[Shelf]:
    assert bucket is world
    client, shredder = world.aws.client("s3"), S3ArchiveShredder(world.aws, BUCKET)
    shelf = Shelf(
        shredder,
        put=lambda key: client.put_object(Bucket=BUCKET, Key=f"{key}/archive", Body=b"x"),
        there=lambda: {name.rpartition("/")[0] for name in _listed(client)},
    )
    yield shelf
    world.fault = None
    for key in (MINE, OTHER, THEIRS):
        shredder.remove(key)


@pytest.fixture(params=["fake", "s3"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    if request.param == "s3":
        found: Shelf = request.getfixturevalue("s3")
        return found
    fake = FakeArchives()
    return Shelf(fake, lambda key: fake.objects.update({key: b"x"}), lambda: set(map(str, fake.objects)))


def test_an_archive_goes_and_others_stay(shelf: Shelf) -> None:
    """Another request's, and another tenant's of the same id (I8). A repeat finds nothing."""
    for key in (MINE, OTHER, THEIRS):
        shelf.put(key)

    assert [shelf.shredder.remove(MINE) for _ in range(2)] == [1, 0]
    assert shelf.there() == {str(OTHER), str(THEIRS)}


def test_versions_marks_and_unfinished_uploads_go_too(s3: Shelf, world: World) -> None:
    """What was replaced, what was hidden, and what nobody ever saw: place 9 of the map."""
    client = world.aws.client("s3")
    for _ in range(3):
        s3.put(MINE)
    client.delete_object(Bucket=BUCKET, Key=f"{MINE}/archive")
    client.create_multipart_upload(Bucket=BUCKET, Key=f"{MINE}/archive")
    client.create_multipart_upload(Bucket=BUCKET, Key=f"{OTHER}/archive")

    assert s3.shredder.remove(MINE) == 4
    assert _listed(client) == {f"{OTHER}/archive"}


def test_an_archive_is_never_read_by_what_removes_it(s3: Shelf, world: World) -> None:
    """Whoever deletes cannot decrypt, and does not look either."""
    s3.put(MINE)
    world.asked.clear()
    s3.shredder.remove(MINE)

    assert world.asked == ["ListMultipartUploads", "ListObjectVersions", "DeleteObjects"]


def test_a_store_that_is_busy_is_unavailable(s3: Shelf, world: World) -> None:
    """The machine asks again, and finds what is left."""
    s3.put(MINE)
    world.fault = lambda operation: refusal("SlowDown", 503) if operation == "DeleteObjects" else None
    with pytest.raises(UnavailableError):
        s3.shredder.remove(MINE)
    world.fault = None

    assert s3.shredder.remove(MINE) == 1

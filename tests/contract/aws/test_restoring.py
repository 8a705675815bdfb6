"""A drill: a table is lost, restored beside itself, and put back; over the adapters, in an AWS of this process.

The stand-in restores a table as it is at that moment, whatever time is asked for: so what happens "since" is done after
the quarantine was made.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.dynamodb import dynamodb_backends

from fugace.adapters.dynamo.agenda import DynamoAgenda
from fugace.adapters.dynamo.holds import DynamoHolds
from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.adapters.dynamo.quarantine import DynamoQuarantine, StrayError
from fugace.adapters.dynamo.requests import DynamoRequests
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tables.messages import MessageItem
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.dynamo.webhooks import DynamoWebhooks
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.datamap.place import BACKUP
from fugace.domain.case import CaseKey, CaseState, Right
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft, Entry
from fugace.domain.message import Record, Status
from fugace.domain.tenant import ApiKey, Role, Webhook
from fugace.edge.observe import FailedError
from fugace.ports import ConflictError
from fugace.restoring import PLANTED, Counts, Run, Source, UnfitTableError, Verdict
from functions.dsar.restoring import restore_task
from functions.dsar.restoring.judging import Now
from functions.dsar.restoring.planting import PERSON, Planting, ProbeError
from functions.dsar.restoring.restore import Restore
from tests.contract.aws.conftest import World, create
from tests.crashing import Calls, crashes
from tests.fakes import ALICE, BAKERY, BOB, CAROL, NOON, SHOP, FakeClock, key_number, sealed_record
from tests.unit.test_certify import erasure
from tests.workflow.asl import StateMachine

ROOT = Path(__file__).parents[3]
ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
FOR_EVER = timedelta(hours=1)
CONTEXT: Any = SimpleNamespace(aws_request_id="r1", get_remaining_time_in_millis=lambda: 900_000)
DONE = (Status.ACCEPTED, Status.SUBMITTED, Status.DELIVERED)


@dataclass
class Drill:
    """Everything that a restore wants, over one account."""

    world: World
    source: Source = Source.MESSAGES
    calls: Calls = field(default_factory=Calls)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON + timedelta(hours=2)))
    records: tuple[Record, ...] = ()
    was: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        aws = self.world.aws
        self.run = Run(ID, self.source, NOON)
        self.messages = DynamoMessages(aws, "messages", FakeClock())
        self.persons = DynamoSubjectKeys(aws, "subject-keys", FakeClock())
        self.tenants = DynamoTenants(aws, "tenants", self.clock)
        self.requests = DynamoRequests(aws, "cases")
        self.ledger = DynamoLedger(aws, "ledger")
        self.agenda = DynamoAgenda(aws, "purge")
        self.vault = KeyVault(Keyring(aws, "tenants", "test", FakeClock()), self.persons)
        self.quarantine = DynamoQuarantine(aws, {source: source.value for source in Source})
        watched = self.calls.of(self.quarantine)
        holds = DynamoHolds(aws, "tenants")
        now = Now(self.persons, self.requests, self.tenants, holds, self.calls.of(self.ledger), self.clock)
        self.restore = Restore(watched, now, self.calls.of(self.agenda))
        self.planting = Planting(watched, self.calls.of(self.persons), now)

    @property
    def name(self) -> str:
        return f"{self.source.value}-restore-{ID}"

    def begin(self) -> None:
        self.quarantine.begin(self.run)
        assert self.quarantine.ready(self.run)

    def go(self) -> None:
        """All that comes once the quarantine is there. As the machine has it: each step until there is no more."""
        self.planting.run(self.run)
        while self.restore.merge(self.run, lambda: FOR_EVER):
            pass
        while self.restore.close(self.run, lambda: FOR_EVER):
            pass

    def erase(self, record: Record) -> None:
        epoch = self.persons.block(record.key.tenant, record.subject, NOON)
        self.persons.bury(record.subject, epoch, NOON)

    def there(self) -> dict[str, dict[str, Any]]:
        """Rows of the live table, by their keys."""
        names = ("pk",) if self.source is Source.MESSAGES else ("tenant", "item")
        return {" ".join(row[name]["S"] for name in names): row for row in self.world.rows(self.source.value)}

    def lose(self) -> None:
        """An accident: every row of the live table is gone."""
        table = dynamodb_backends[ACCOUNT_ID]["eu-west-3"].get_table(self.source.value)
        table.items = type(table.items)(dict)

    def restored(self, tenant: TenantId = SHOP) -> list[Entry]:
        found = self.ledger.page(tenant, after=0, limit=100)
        return [entry for entry in found if entry.draft.action is Action.RESTORED]


@pytest.fixture
def make(world: World) -> Iterator[Callable[[Source], Drill]]:
    """A drill on a table; what it makes is cleared away."""
    made: list[Drill] = []

    def drill(source: Source = Source.MESSAGES) -> Drill:
        made.append(Drill(world, source))
        return made[-1]

    yield drill
    for each in made:
        each.quarantine.remove(each.run)
    stream(enabled=False)


def stream(*, enabled: bool) -> None:
    """Behind AWS's back: asked to stop one, the stand-in goes on writing into it."""
    wish = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"} if enabled else {"StreamEnabled": False}
    table = dynamodb_backends[ACCOUNT_ID]["eu-west-3"].get_table("messages")
    table.stream_shard = None
    table.set_stream_specification(wish)


def sent(drill: Drill) -> None:
    """Alice's, delivered and accepted; Bob's and Carol's, delivered."""
    drill.records = (
        sealed_record(drill.vault, key_number(1), status=DONE),
        sealed_record(drill.vault, key_number(2)),
        sealed_record(drill.vault, key_number(3), BOB, status=DONE),
        sealed_record(drill.vault, key_number(4), CAROL, status=DONE),
    )
    for each in drill.records:
        assert drill.messages.add(each) is None
    drill.was = drill.there()


def lost(drill: Drill) -> None:
    """Four messages, a back-up, an erasure of Bob's since, and the accident; Carol's is written anew meanwhile."""
    sent(drill)
    _, _, bobs, carols = drill.records
    drill.begin()
    drill.erase(bobs)
    drill.lose()
    drill.messages.add(replace(carols, campaign="later"))


# The drill.


def check(drill: Drill) -> None:
    """What a restore promises, row by row."""
    delivered, accepted, bobs, carols = drill.records
    there = drill.there()
    assert there[str(delivered.key)] == drill.was[str(delivered.key)], "byte-equal"
    assert there[str(accepted.key)]["status"]["S"] == Status.UNKNOWN
    assert str(bobs.key) not in there, "erased since"
    assert there[str(carols.key)]["campaign"]["S"] == "later", "what is live wins"
    assert len(there) == 3
    (entry,) = drill.restored()
    assert entry.draft.facts == {"table": "messages", "kept": 2, "refused": 1}
    assert drill.restore.totals(drill.run) == {"kept": 2, "refused": 1, "live": 1}
    assert not list(drill.quarantine.rows(drill.run)), "nothing is left in quarantine"


def test_what_may_come_back_does_and_who_was_erased_does_not(make: Callable[..., Drill]) -> None:
    """The drill of Art. 32(1)(c), on a table of which everything was lost."""
    drill = make()
    lost(drill)
    drill.go()

    check(drill)
    assert drill.messages.get(drill.records[0].key) == drill.records[0]


def test_whenever_it_dies_it_ends_the_same(make: Callable[..., Drill]) -> None:
    """Before or after each call: each row is dealt with once, and the ledger told once."""
    first = make()
    lost(first)
    tables = dynamodb_backends[ACCOUNT_ID]["eu-west-3"].tables
    accident = {name: deepcopy(tables[name].items) for name in ("messages", "subject-keys", "ledger", first.name)}
    made: list[Drill] = []

    def ended(drill: Drill) -> None:
        drill.calls.crash_at = None
        check(drill)

    def again() -> Drill:
        for old in made:
            ended(old)
        for name, items in accident.items():
            tables[name].items = deepcopy(items)
        made[:] = [Drill(first.world, records=first.records, was=first.was)]
        return made[0]

    worlds = crashes(again, Drill.go, lambda drill: drill.calls)

    assert len(worlds) > 30
    ended(made[0])


def test_the_machine_goes_through_its_steps(
    make: Callable[..., Drill], monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str]
) -> None:
    """The definition as it is deployed, the function as Lambda calls it. Its history is kept for 90 days (I2)."""
    drill = make()
    stream(enabled=True)
    lost(drill)
    drill.calls.crash_at = None
    monkeypatch.setattr(restore_task, "_quarantine", lambda: drill.quarantine)
    monkeypatch.setattr(restore_task, "_restore", lambda: drill.restore)
    monkeypatch.setattr(restore_task, "_planting", lambda: drill.planting)
    waits = iter([False, False, True])
    monkeypatch.setattr(drill.quarantine, "ready", lambda _: next(waits))
    machine = StateMachine.read(
        ROOT / "infra/workflows/restore.asl.json",
        {"Partition": "aws", "Restore": "restore"},
        functions={"restore": lambda event: restore_task.handle(event, CONTEXT)},
        clock=FakeClock(),
    )

    run = machine.run({"restore": ID, "table": "messages", "at": "2026-01-15T12:00:00Z"}, ID)

    assert run.status == "SUCCEEDED"
    assert run.states.count("Wait") == 2
    assert run.history[-1] == {
        "output": {
            "restore": ID,
            "table": "messages",
            "at": "2026-01-15T12:00:00Z",
            "it": {"more": False, "kept": 2, "refused": 1, "live": 1},
        }
    }
    told = json.dumps(run.history) + printed()
    for record in drill.records:
        assert record.subject not in told
        assert record.key.id not in told
    assert drill.name not in drill.world.aws.client("dynamodb").list_tables()["TableNames"]
    assert len(drill.there()) == 3


def test_a_step_of_nothing_is_an_error_that_says_nothing() -> None:
    """What leaves a function is one word, whatever it was given."""
    for event in ({}, {"restore": "+33639980001", "table": "messages", "at": "2026-01-15T12:00:00Z", "step": "merge"}):
        with pytest.raises(FailedError) as failed:
            restore_task.handle(event, CONTEXT)
        assert str(failed.value) == "failed"


def test_what_is_still_there_is_left_alone(make: Callable[..., Drill]) -> None:
    """A restore of a table that has lost nothing changes nothing."""
    drill = make()
    sent(drill)
    drill.begin()
    drill.go()

    assert drill.there() == drill.was
    assert drill.restore.totals(drill.run) == {"kept": 0, "refused": 0, "live": 4}
    assert not drill.restored()


def test_who_writes_first_wins_at_the_last_moment(make: Callable[..., Drill]) -> None:
    """A row that appears between the look and the write stays, and the others of its transaction are dealt with."""
    drill = make()
    lost(drill)
    delivered, *_ = drill.records
    rows = {row.key: row for page in drill.quarantine.rows(drill.run) for row in page}
    newer = replace(delivered, campaign="later")
    drill.messages.add(newer)
    drill.quarantine.deal(drill.run, [Verdict(row, row) for row in rows.values() if row.key != str(delivered.key)][:1])
    verdict = Verdict(rows[str(delivered.key)], rows[str(delivered.key)])
    drill.quarantine.deal(drill.run, [verdict])
    drill.quarantine.deal(drill.run, [verdict])  # and again: another run was quicker

    assert drill.messages.get(delivered.key) == newer
    assert drill.quarantine.counts(drill.run)[SHOP] == Counts(kept=1, live=1)


def test_the_purge_looks_at_everything_once_more(make: Callable[..., Drill]) -> None:
    """What came back lies before what it had reached, and would never be found."""
    drill = make()
    drill.agenda.begin(SHOP, "record/0", NOON)
    seen = drill.agenda.get(SHOP, "record/0")
    assert seen
    drill.agenda.settle(seen, reached=NOON, due_at=NOON + timedelta(days=30))
    lost(drill)
    drill.go()

    for job in ("record/0", "content/0", "cases"):
        found = drill.agenda.get(SHOP, job)
        assert found
        assert (found.reached, found.due_at) == (None, drill.clock())
    assert drill.agenda.of(BAKERY) == []


def test_it_stops_where_its_time_ends_and_goes_on(make: Callable[..., Drill]) -> None:
    """A Lambda has fifteen minutes; a table may take hours."""
    drill = make()
    lost(drill)

    assert drill.restore.merge(drill.run, lambda: timedelta(seconds=30))
    assert not drill.restore.merge(drill.run, lambda: FOR_EVER)
    assert drill.restore.close(drill.run, lambda: timedelta(seconds=30))
    assert not drill.restore.close(drill.run, lambda: FOR_EVER)


def test_a_row_that_cannot_be_read_stays_away_and_stops_nobody(make: Callable[..., Drill]) -> None:
    """It is counted as nobody's, and no tenant's ledger is told."""
    drill = make()
    drill.world.aws.client("dynamodb").put_item(TableName="messages", Item={"pk": {"S": "?"}, "to": {"S": "x"}})
    lost(drill)
    drill.go()

    assert "?" not in drill.there()
    assert len(drill.there()) == 3


# The probe.


def test_the_probe_fails_where_somebody_erased_would_come_back(
    make: Callable[..., Drill], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A judge that forgot to ask is found out before a single row is put back."""
    drill = make()
    lost(drill)
    monkeypatch.setattr("functions.dsar.restoring.judging._known", lambda *_: True)

    with pytest.raises(ProbeError):
        drill.go()
    assert len(drill.there()) == 1


def test_the_probe_fails_where_nobody_would_come_back(
    make: Callable[..., Drill], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A judge that refuses everybody would pass for a careful one."""
    drill = make()
    lost(drill)
    monkeypatch.setattr("functions.dsar.restoring.judging._known", lambda *_: False)

    with pytest.raises(ProbeError):
        drill.go()


def test_what_was_planted_leaves_nothing_but_a_tombstone_of_nobody(make: Callable[..., Drill]) -> None:
    """No row, no entry; and the same tombstone the next time."""
    drill = make()
    lost(drill)
    drill.planting.run(drill.run)
    drill.planting.run(drill.run)
    drill.go()

    assert not any(key.startswith(PLANTED) for key in drill.there())
    assert not drill.ledger.page(PLANTED, after=0, limit=1)
    assert drill.persons.standing(PERSON).erased


# The table itself.


def test_quarantine_and_live_table_get_what_a_restored_one_lacks(make: Callable[..., Drill]) -> None:
    """An end for rows and tags; back-ups for the live one alone: a copy of a copy would outlive both."""
    drill = make()
    client = drill.world.aws.client("dynamodb")
    live = client.describe_table(TableName="messages")["Table"]["TableArn"]
    client.tag_resource(
        ResourceArn=live, Tags=[{"Key": "team", "Value": "sms"}, {"Key": "aws:made-by", "Value": "AWS"}]
    )
    stream(enabled=True)
    drill.begin()
    drill.quarantine.fit(drill.run)
    drill.quarantine.fit(drill.run)

    for name, backed_up in (("messages", True), (drill.name, False)):
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
        pitr = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        described = pitr["PointInTimeRecoveryDescription"]
        assert (described["PointInTimeRecoveryStatus"] == "ENABLED") is backed_up
        if backed_up:
            assert described["RecoveryPeriodInDays"] == BACKUP.days
    arn = client.describe_table(TableName=drill.name)["Table"]["TableArn"]
    tags = {tag["Key"]: tag["Value"] for tag in client.list_tags_of_resource(ResourceArn=arn)["Tags"]}
    assert tags == {"team": "sms", "fugace": "quarantine"}


def test_a_live_table_without_its_stream_is_not_filled(make: Callable[..., Drill]) -> None:
    """What comes back would be counted by nobody when it goes; only a deployment gives a stream a reader."""
    drill = make()
    drill.begin()

    with pytest.raises(UnfitTableError):
        drill.quarantine.fit(drill.run)


def test_a_table_of_that_name_that_nobody_restored_is_left_alone(make: Callable[..., Drill], world: World) -> None:
    """Emptying and deleting it would be an accident of its own."""
    drill = make()
    create(world.aws, drill.name, MessageItem)

    drill.quarantine.begin(drill.run)
    with pytest.raises(StrayError):
        drill.quarantine.ready(drill.run)


def test_a_repeated_beginning_and_end_are_harmless(make: Callable[..., Drill]) -> None:
    """The machine asks again when an answer was lost."""
    drill = make()
    drill.begin()
    drill.begin()
    drill.quarantine.remove(drill.run)
    drill.quarantine.remove(drill.run)


def test_the_ledger_is_told_once(make: Callable[..., Drill]) -> None:
    """Two runs of one step: the second finds it entered."""
    drill = make()
    lost(drill)
    drill.go()
    draft = Draft(
        SHOP, drill.clock.tick(hours=1), Action.RESTORED, "operator", ID, {"table": "messages", "kept": 2, "refused": 1}
    )

    with pytest.raises(ConflictError):
        drill.ledger.append(draft, drill.quarantine.entered(drill.run, SHOP))
    assert len(drill.restored()) == 1


# The other tables.


def test_tenants_come_back_with_their_keys_revoked_and_webhooks_disabled(make: Callable[..., Drill]) -> None:
    """One that was revoked or removed since looks like any other in a back-up."""
    drill = make(Source.TENANTS)
    drill.tenants.add_api_key(ApiKey(SHOP, "key_abcdefgh", Role.SENDER, live=True, digest=b"d", created=NOON))
    webhooks = DynamoWebhooks(drill.world.aws, "tenants", FakeClock())
    webhooks.put(Webhook(SHOP, "wh_1", "https://example.com", frozenset(), (), NOON))
    drill.tenants.enter(SHOP, (NOON + timedelta(days=1)).date())
    was = drill.there()
    drill.begin()
    drill.lose()
    drill.go()

    there = drill.there()
    assert there.keys() == was.keys()
    assert there[f"{SHOP} tenant"] == was[f"{SHOP} tenant"]
    (key,) = drill.tenants.api_keys(SHOP)
    assert key.revoked == drill.clock()
    (webhook,) = webhooks.of(SHOP)
    assert webhook.disabled == "restored"
    assert drill.restored()[0].draft.facts == {"table": "tenants", "kept": 3, "refused": 0}


def test_requests_come_back_with_their_claims(make: Callable[..., Drill]) -> None:
    """One that is open keeps a second of its kind out, as it did; one that was cancelled since does not."""
    drill = make(Source.CASES)
    alice, bob = (drill.vault.subject(SHOP, each) for each in (ALICE, BOB))
    filed = {
        who: replace(erasure(CaseState.WAITING, Right.ACCESS), key=CaseKey(SHOP, id_), subject=who, places={})
        for who, id_ in ((alice, "5d3f2a1c-0b4e-4f6a-9c8d-000000000001"), (bob, "5d3f2a1c-0b4e-4f6a-9c8d-000000000002"))
    }
    for each in filed.values():
        facts = {"kind": "access", "identity": "attested", "submitted": "2026-01-13T12:00:00.000Z"}
        facts["due"] = "2026-02-13T12:00:00.000Z"
        drill.ledger.append(
            Draft(SHOP, NOON - timedelta(days=1), Action.REQUEST_FILED, "key_abcdefgh", each.key.id, facts),
            drill.requests.file(each),
        )
    drill.begin()
    drill.ledger.append(Draft(SHOP, NOON, Action.REQUEST_CANCELLED, "key_abcdefgh", filed[bob].key.id, {}))
    drill.lose()
    drill.go()

    assert drill.requests.claimed(SHOP, alice, Right.ACCESS) == filed[alice].key
    assert drill.requests.claimed(SHOP, bob, Right.ACCESS) is None
    back = drill.requests.get(filed[bob].key)
    assert back
    assert back.state is CaseState.CANCELLED
    assert drill.requests.due(drill.clock(), 10) == [filed[alice].key]
    assert drill.restored()[0].draft.facts == {"table": "cases", "kept": 2, "refused": 0}


def test_one_that_nobody_has_proved_comes_back_without_a_claim(make: Callable[..., Drill]) -> None:
    """It had none: with one, it would keep its person out, and nobody would ever take it away again."""
    drill = make(Source.CASES)
    alice = drill.vault.subject(SHOP, ALICE)
    old = replace(erasure(CaseState.VERIFYING, Right.ACCESS), subject=alice, places={})
    facts = {"kind": "access", "identity": "otp", "submitted": "2026-01-13T12:00:00.000Z"}
    facts["due"] = "2026-02-13T12:00:00.000Z"
    first = Draft(SHOP, NOON - timedelta(days=1), Action.REQUEST_FILED, "key_abcdefgh", old.key.id, facts)
    drill.ledger.append(first, drill.requests.file(old))
    drill.begin()
    drill.lose()
    drill.go()

    assert drill.requests.get(old.key)
    assert drill.requests.claimed(SHOP, alice, Right.ACCESS) is None


def test_a_request_that_was_filed_since_keeps_its_claim(make: Callable[..., Drill]) -> None:
    """It is the later one: two at a time of one person are what the claim is against."""
    drill = make(Source.CASES)
    alice = drill.vault.subject(SHOP, ALICE)
    old = replace(erasure(CaseState.WAITING, Right.ACCESS), subject=alice, places={})
    new = replace(old, key=CaseKey(SHOP, "5d3f2a1c-0b4e-4f6a-9c8d-000000000009"))
    facts = {"kind": "access", "identity": "attested", "submitted": "2026-01-13T12:00:00.000Z"}
    facts["due"] = "2026-02-13T12:00:00.000Z"
    first = Draft(SHOP, NOON - timedelta(days=1), Action.REQUEST_FILED, "key_abcdefgh", old.key.id, facts)
    drill.ledger.append(first, drill.requests.file(old))
    drill.begin()
    drill.lose()
    drill.ledger.append(replace(first, at=NOON, object=new.key.id), drill.requests.file(new))
    drill.go()

    assert drill.requests.claimed(SHOP, alice, Right.ACCESS) == new.key
    assert drill.requests.get(old.key) is None
    assert drill.quarantine.counts(drill.run)[SHOP].kept == 0

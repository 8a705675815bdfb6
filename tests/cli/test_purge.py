"""`fugace purge`: what an operator sees of what is due, and what happens when the purge is started by hand."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from cli import options
from fugace.adapters.session import shared
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import MessageId, MessageKey, TenantId, short, uuid7
from fugace.domain.ledger import Action, Draft
from fugace.domain.retention import Kind, Period
from fugace.domain.tenant import ApiKey, Role
from fugace.edge import wiring
from fugace.edge.settings import Settings
from tests.cli.conftest import Terminal
from tests.fakes import sealed_record

HOUR = timedelta(hours=1)


@pytest.fixture
def settings(fugace: Terminal) -> Settings:
    return options.settings(fugace.environment)


@pytest.fixture
def shop(fugace: Terminal) -> TenantId:
    return TenantId(fugace.json("tenants", "create", "Shop")["tenant"]["id"])


@pytest.fixture
def deployed(_aws: None, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """How the plan was started; nothing runs behind it."""
    started: list[dict[str, str]] = []
    monkeypatch.setattr(shared().client("lambda"), "invoke", lambda **what: started.append(what))
    return started


def keep(settings: Settings, tenant: TenantId, at: datetime) -> None:
    """A message of then, over or not."""
    key = MessageKey(tenant, MessageId(uuid7(at)))
    wiring.messages(settings).add(sealed_record(key=key, at=at))


def wait(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """What happens while the command waits."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: meanwhile())


# --- status -------------------------------------------------------------------------------------


def test_nothing_is_due_at_first(fugace: Terminal) -> None:
    """An operator who looks on the first day."""
    assert fugace.json("purge", "status") == {"due": [], "open_hours": []}
    assert "none" in fugace("purge", "status").stdout


def test_what_is_due_is_shown_by_kind_and_the_latest_first(
    fugace: Terminal, settings: Settings, shop: TenantId
) -> None:
    """One look says whether the promise of an hour is kept."""
    agenda, now = wiring.agenda(settings), datetime.now(UTC)
    agenda.ensure(shop, "content/0", now - HOUR)
    agenda.ensure(shop, "record/0", now - 3 * HOUR)
    agenda.ensure(shop, "record/1", now - 2 * HOUR)
    agenda.ensure(shop, "access", now + HOUR)

    due = fugace.json("purge", "status")["due"]

    assert [(row["kind"], row["jobs"]) for row in due] == [("record", 2), ("content", 1)]
    assert 3 * 3600 <= due[0]["lag_seconds"] < 4 * 3600
    assert [row["kind"] for row in fugace.json("purge", "status", shop)["due"]] == ["record", "content"]


def test_hours_that_are_not_in_the_ledger_are_shown(fugace: Terminal, settings: Settings, shop: TenantId) -> None:
    """They close when the hour is over; one of yesterday is a job that fails."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    counted = wiring.tallies(settings).counted(hour, shop, "keys", 1, "batch")
    draft = Draft(shop, hour, Action.TENANT_CREATED, "operator", shop, {})
    wiring.ledger(settings).append(draft, counted)

    assert fugace.json("purge", "status")["open_hours"] == [f"{hour:%Y-%m-%dT%H}"]
    assert f"{hour:%Y-%m-%dT%H}" in fugace("purge", "status").stdout


def test_of_one_tenant_holds_jobs_and_purges_are_shown(fugace: Terminal, settings: Settings, shop: TenantId) -> None:
    """What a tenant asks on the telephone."""
    now, ledger = datetime.now(UTC), wiring.ledger(settings)
    hold, over = held(shop, now), held(shop, now, HoldState.OVER)
    for number in range(8):
        ledger.append(Draft(shop, now, Action.PURGED, "purge", f"2026-01-15T0{number}", {"record": number}))
    for each in (hold, over):
        lifted = Draft(shop, now, Action.HOLD_LIFTED, "key_bbbbbbbb", each.id, {"set_by": "key_aaaaaaaa"})
        ledger.append(lifted, wiring.holds(settings).put(each, None))
    wiring.agenda(settings).ensure(shop, "record/0", now + HOUR)

    shown = fugace.json("purge", "status", shop)

    assert shown["due"] == []
    assert [job["job"] for job in shown["jobs"]] == ["record/0"]
    assert [(each["id"], each["scope"], each["state"]) for each in shown["holds"]] == [(hold.id, "tenant", "held")]
    assert [each["hour"] for each in shown["purged"]] == [f"2026-01-15T0{number}" for number in range(3, 8)]
    assert shown["purged"][-1]["counts"] == {"record": 7}
    assert hold.id in fugace("purge", "status", shop).stdout


def held(tenant: TenantId, now: datetime, state: HoldState = HoldState.HELD) -> Hold:
    return Hold(tenant, short("hold"), Ground.CLAIM, now, "key_aaaaaaaa", now + 24 * HOUR, state)


def test_an_unknown_tenant_is_said_so(fugace: Terminal) -> None:
    """Not shown as one of whom nothing is due."""
    for words in (("status",), ("dry-run",)):
        assert "There is no tenant" in fugace.refused("purge", *words, "ten_nobodynobodynobo")


# --- dry-run ------------------------------------------------------------------------------------


def test_what_would_go_is_counted(fugace: Terminal, settings: Settings, shop: TenantId) -> None:
    """Of each tenant and kind; a message that is not over is not among them."""
    now = datetime.now(UTC)
    for age in (1, 8, 9, 200):
        keep(settings, shop, now - timedelta(days=age))
    bakery = TenantId(fugace.json("tenants", "create", "Bakery")["tenant"]["id"])
    keep(settings, bakery, now - timedelta(days=1))

    assert fugace.json("purge", "dry-run") == [
        {"tenant": shop, "kind": "record", "count": 1, "exact": False},
        {"tenant": shop, "kind": "content", "count": 3, "exact": False},
    ]
    assert fugace.json("purge", "dry-run", bakery) == []


def test_what_was_dealt_with_is_not_counted_again(fugace: Terminal, settings: Settings, shop: TenantId) -> None:
    """Records stay for months after their texts have gone: the count would never fall."""
    now, agenda = datetime.now(UTC), wiring.agenda(settings)
    for age in (8, 9):
        keep(settings, shop, now - timedelta(days=age))
    agenda.ensure(shop, "content/0", now)
    seen = agenda.get(shop, "content/0")
    assert seen
    agenda.settle(seen, reached=now - timedelta(days=8, hours=12), due_at=None)

    assert [row["count"] for row in fugace.json("purge", "dry-run", shop)] == [1]


def test_revoked_keys_whose_time_has_come_are_counted(fugace: Terminal, settings: Settings, shop: TenantId) -> None:
    """A year after their end; a key that works is never among them."""
    now, tenants = datetime.now(UTC), wiring.tenants(settings)
    for number, revoked in enumerate((None, now - timedelta(days=2), now - timedelta(days=500))):
        key = ApiKey(shop, f"key_aaaaaaa{'abc'[number]}", Role.SENDER, False, b"x", now, revoked=revoked)
        tenants.add_api_key(key)

    assert fugace.json("purge", "dry-run") == [{"tenant": shop, "kind": "access", "count": 1, "exact": True}]


def test_hours_of_statistics_whose_time_has_come_are_counted(fugace: Terminal, shop: TenantId) -> None:
    """Fourteen months, unless somebody chose otherwise."""
    for months in (13, 15, 16):
        hour = datetime.now(UTC) - timedelta(days=months * 31)
        row = {"tenant": {"S": shop}, "item": {"S": f"statistics/{hour:%Y-%m-%dT%H}/1"}, "lines": {"L": []}}
        shared().client("dynamodb").put_item(TableName=f"fugace-{fugace.environment}-tenants", Item=row)

    assert fugace.json("purge", "dry-run") == [{"tenant": shop, "kind": "statistics", "count": 2, "exact": True}]


def test_the_tenants_choice_of_this_moment_counts(fugace: Terminal, settings: Settings, shop: TenantId) -> None:
    """A shorter one acts on everything."""
    now, policies = datetime.now(UTC), wiring.policies(settings)
    keep(settings, shop, now - timedelta(days=2))
    seen = policies.fresh(shop)
    assert seen
    chosen = seen.changed(Kind.RECORD, Period.parse("P1D"), now - HOUR)
    draft = Draft(shop, now, Action.TENANT_CREATED, "operator", shop, {})
    wiring.ledger(settings).append(draft, policies.choose(shop, seen, chosen))

    assert {row["kind"]: row["count"] for row in fugace.json("purge", "dry-run")} == {"record": 1}


# --- run ----------------------------------------------------------------------------------------


def test_a_run_with_nothing_due_ends_well(fugace: Terminal, deployed: list[dict[str, str]]) -> None:
    """The plan is started all the same: what is not in the agenda, such as texts with a period of their own, is its."""
    assert fugace.json("purge", "run") == {"jobs": 0, "left": 0}
    assert deployed == [{"FunctionName": f"fugace-{fugace.environment}-plan:live", "InvocationType": "Event"}]


def test_a_run_ends_when_nothing_is_due_any_more(
    fugace: Terminal,
    settings: Settings,
    shop: TenantId,
    deployed: list[dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What becomes due meanwhile is the next one's: with a busy tenant it would never end."""
    agenda, now = wiring.agenda(settings), datetime.now(UTC)
    for shard in range(3):
        agenda.ensure(shop, f"record/{shard}", now - HOUR)

    def settle() -> None:
        agenda.settle(agenda.due(now, 1)[0], reached=None, due_at=datetime.now(UTC))

    wait(monkeypatch, settle)

    assert fugace.json("purge", "run") == {"jobs": 3, "left": 0}
    assert deployed


def test_a_run_that_leaves_something_says_what(
    fugace: Terminal,
    settings: Settings,
    shop: TenantId,
    deployed: list[dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A script that goes on after it would take what is overdue for gone."""
    wiring.agenda(settings).ensure(shop, "record/0", datetime.now(UTC) - HOUR)
    wait(monkeypatch, lambda: None)

    result = fugace("purge", "run", "--patience", "PT0S", "--json")

    assert result.exit_code == 1
    assert result.stdout == '{"jobs": 1, "left": 1}\n'
    assert "Still due after PT0S: record (1)." in result.stderr
    assert deployed


def test_all_is_looked_at_from_the_beginning(
    fugace: Terminal, settings: Settings, shop: TenantId, deployed: list[dict[str, str]]
) -> None:
    """A restored table has again what was deleted before the place that was reached."""
    agenda, now = wiring.agenda(settings), datetime.now(UTC)
    agenda.ensure(shop, "record/0", now - HOUR)
    seen = agenda.get(shop, "record/0")
    assert seen
    agenda.settle(seen, reached=now, due_at=now + HOUR)

    fugace("purge", "run", "--all", "--patience", "PT0S")

    found = agenda.get(shop, "record/0")
    assert found
    assert found.reached is None
    assert found.due_at
    assert found.due_at < now + HOUR
    assert deployed


def test_all_is_looked_at_where_the_agenda_is_lost(
    fugace: Terminal, settings: Settings, shop: TenantId, deployed: list[dict[str, str]]
) -> None:
    """Every kind of every tenant, and every hold that is not over; one that holds is not lifted by it."""
    now, holds = datetime.now(UTC), wiring.holds(settings)
    found = [held(shop, now, state) for state in HoldState]
    for hold in found:
        draft = Draft(shop, now, Action.TENANT_CREATED, "operator", shop, {})
        wiring.ledger(settings).append(draft, holds.put(hold, None))
    setting, holding, lifting, _ = (f"hold/{hold.id}" for hold in found)

    fugace("purge", "run", "--all", "--patience", "PT0S")

    jobs = {job.job: job.due_at for job in wiring.agenda(settings).of(shop)}
    kinds = {"record/0", "content/0", "access", "statistics", "exports", "cases", "objections"}
    assert jobs.keys() == {*kinds, setting, holding, lifting}
    assert jobs.pop(holding) == found[1].until.replace(microsecond=found[1].until.microsecond // 1000 * 1000)
    assert all(due and due < now + HOUR for due in jobs.values())
    assert deployed


def test_an_environment_without_a_purge_is_said_so(fugace: Terminal) -> None:
    """A mistyped name ends in a sentence."""
    for words in (("status",), ("dry-run",), ("run",)):
        assert "--environment" in fugace.refused("purge", *words, "--environment", "nowhere")


@pytest.mark.parametrize("patience", ["15", "P1M", "PT"])
def test_patience_is_a_duration(fugace: Terminal, patience: str) -> None:
    """Before anything is started."""
    assert "--patience" in fugace.refused("purge", "run", "--patience", patience)

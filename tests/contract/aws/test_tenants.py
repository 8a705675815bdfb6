"""What `fugace.ports.Tenants` and `fugace.ports.Webhooks` promise; DynamoDB's and the fakes alike."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.adapters.dynamo.webhooks import DynamoWebhooks
from fugace.domain.retention import Period
from fugace.domain.tenant import ApiKey, Attempt, Role, Secret, Webhook
from fugace.ports import Step, Tenants, Webhooks
from tests.contract.aws.conftest import World
from tests.fakes import BAKERY, NOON, SHOP, FakeClock, FakeTenants, FakeWebhooks, kept, tenant

HOUR = timedelta(hours=1)
KEY = ApiKey(SHOP, "abcd2345", Role.SENDER, live=True, digest=b"\x01" * 32, created=NOON)
HOOK = Webhook(SHOP, "wh_a", "https://shop.example/hook", frozenset(), (Secret(b"\x00sealed\xff"),), NOON)


@pytest.fixture(params=["fake", "dynamo"])
def tenants(request: pytest.FixtureRequest, clock: FakeClock) -> Tenants:
    if request.param == "fake":
        return FakeTenants(tenant(SHOP), tenant(BAKERY))
    return DynamoTenants(request.getfixturevalue("world").aws, "tenants", clock)


@pytest.fixture(params=["fake", "dynamo"])
def webhooks(request: pytest.FixtureRequest, clock: FakeClock) -> Webhooks:
    if request.param == "fake":
        return FakeWebhooks(clock)
    return DynamoWebhooks(request.getfixturevalue("world").aws, "tenants", clock)


def attempt(number: int = 1) -> Attempt:
    return Attempt("019bc192-7a00-7000-8000-000000000001", 2, number, NOON + number * HOUR, "timeout", 1_500)


# Tenants.


def test_a_tenant_is_given_as_it_was_created(tenants: Tenants) -> None:
    """And one that is not there is not."""
    assert tenants.get(SHOP) == tenant(SHOP)
    assert tenants.get("ten_nobodynobodynobo") is None


def test_everyone_is_everyone_and_nothing_else(tenants: Tenants) -> None:
    """Keys and webhooks in the same table are no tenants."""
    tenants.add_api_key(KEY)

    assert tenants.everyone() == [tenant(BAKERY), tenant(SHOP)]


def test_a_tenant_keeps_its_policy_and_its_place_is_not_taken(world: World, clock: FakeClock) -> None:
    """Retention is what the tenant chose, in calendar months; an id is given once."""
    store = DynamoTenants(world.aws, "tenants", clock)
    late = tenant(
        "ten_latelatelatelate",
        retention=kept(Period(), Period.parse("P1Y2M3DT4H")),
        shards=4,
        created=NOON + HOUR,
        carrier="x",
    )

    assert store.add(late, b"wrapped")
    assert not store.add(replace(late, name="Another"), b"another")
    assert store.get(late.id) == late
    assert store.everyone()[-1] == late


def test_a_tenant_is_read_once_a_minute(world: World, clock: FakeClock) -> None:
    """B9: the tenant costs no request per message; a change is seen within a minute."""
    store = DynamoTenants(world.aws, "tenants", clock)
    for _ in range(3):
        store.get(SHOP)
    assert world.asked == ["GetItem"]
    clock.tick(minutes=1)
    store.get(SHOP)
    assert world.asked == ["GetItem"] * 2


# API keys.


def test_an_api_key_is_found_at_its_tenant_alone(tenants: Tenants) -> None:
    """Tenants are walls (I8)."""
    full = replace(KEY, id="full2345", live=False, expires=NOON + HOUR, last_used=date(2026, 1, 14), note="till 3")
    tenants.add_api_key(full)
    tenants.add_api_key(replace(KEY, created=NOON + HOUR))

    assert tenants.api_key(SHOP, "full2345") == full
    assert tenants.api_key(BAKERY, "full2345") is None
    assert [key.id for key in tenants.api_keys(SHOP)] == ["full2345", "abcd2345"]
    assert tenants.api_keys(BAKERY) == []


def test_a_key_comes_with_the_plan_of_its_tenant(tenants: Tenants) -> None:
    """Whoever lets it in has to say at once what its requests are counted under; nobody's plan is a neighbour's."""
    tenants.add_api_key(KEY)
    tenants.add_api_key(replace(KEY, tenant=BAKERY))

    assert tenants.put_on(SHOP, "trial")

    assert tenants.api_key(SHOP, KEY.id) == replace(KEY, plan="trial")
    assert tenants.api_key(BAKERY, KEY.id) == replace(KEY, tenant=BAKERY)
    assert tenants.get(SHOP) == tenant(SHOP, plan="trial")


def test_nobody_is_put_on_a_plan_who_is_not_there(tenants: Tenants) -> None:
    """A row that only says a plan would be a tenant without a key, and nobody's mistake to find."""
    assert not tenants.put_on("ten_nobodynobodynobo", "trial")
    assert tenants.get("ten_nobodynobodynobo") is None


def test_key_and_plan_are_one_request(world: World, clock: FakeClock) -> None:
    """It is asked on the way of every request that the gateway has not seen in the last 45 seconds."""
    store = DynamoTenants(world.aws, "tenants", clock)
    store.add_api_key(KEY)
    world.asked.clear()

    store.api_key(SHOP, KEY.id)

    assert world.asked == ["BatchGetItem"]


def test_a_key_is_revoked_once_and_for_good(tenants: Tenants) -> None:
    """The first revocation's time stays; a key that is not there is not made."""
    tenants.add_api_key(KEY)

    assert tenants.revoke_api_key(SHOP, KEY.id, NOON) == replace(KEY, revoked=NOON)
    assert tenants.revoke_api_key(SHOP, KEY.id, NOON + HOUR) == replace(KEY, revoked=NOON)
    assert tenants.api_key(SHOP, KEY.id) == replace(KEY, revoked=NOON)
    assert tenants.revoke_api_key(BAKERY, KEY.id, NOON) is None
    assert tenants.api_key(BAKERY, KEY.id) is None


def test_use_is_written_down_by_the_day(tenants: Tenants) -> None:
    """For the key, and in the register that the reconciling pass goes by. It never goes back."""
    tenants.add_api_key(KEY)
    monday, tuesday = date(2026, 1, 12), date(2026, 1, 13)
    for day in (tuesday, tuesday, monday):
        tenants.seen(SHOP, KEY.id, day)
    tenants.seen(BAKERY, "unknown2", tuesday)

    key = tenants.api_key(SHOP, KEY.id)
    assert key is not None
    assert key.last_used == tuesday
    assert tenants.api_key(BAKERY, "unknown2") is None
    assert tenants.active([monday]) == [SHOP]
    assert tenants.active([monday, tuesday]) == [BAKERY, SHOP]
    assert tenants.active([]) == []


def test_whether_a_tenant_was_active_costs_a_read_and_no_list(tenants: Tenants) -> None:
    """The purge asks it for one tenant at a time, before it forgets that one."""
    monday, tuesday = date(2026, 1, 12), date(2026, 1, 13)
    tenants.enter(SHOP, monday)
    tenants.enter(SHOP, monday)

    assert tenants.was_active(SHOP, [tuesday, monday])
    assert not tenants.was_active(SHOP, [tuesday])
    assert not tenants.was_active(BAKERY, [monday, tuesday])
    assert not tenants.was_active(SHOP, [])
    assert tenants.active([monday]) == [SHOP]


def test_use_is_written_down_once_a_day(world: World, clock: FakeClock) -> None:
    """Each request of a tenant would otherwise be two writes."""
    store = DynamoTenants(world.aws, "tenants", clock)
    for _ in range(5):
        store.seen(SHOP, KEY.id, NOON.date())

    assert world.asked == ["PutItem", "UpdateItem"]


def test_a_watermark_never_goes_back(tenants: Tenants) -> None:
    """Two passes at once must not make a third look at everything again."""
    assert tenants.watermark("early") is None
    for at in (NOON, NOON + HOUR, NOON):
        tenants.advance("early", at)

    assert tenants.watermark("early") == NOON + HOUR
    assert tenants.watermark("late") is None


def test_a_step_is_given_as_it_was_noted(tenants: Tenants) -> None:
    """With its end: a later run would otherwise think that all tenants are done up to its own."""
    tenants.advance("early", NOON)
    assert tenants.under_way("early") is None

    for done in ("", SHOP, BAKERY):
        step = Step(NOON, NOON + HOUR, done)
        tenants.pause("early", step)
        assert tenants.under_way("early") == step

    assert tenants.watermark("early") == NOON
    assert tenants.under_way("late") is None


def test_a_first_step_puts_the_watermark_where_it_begins(tenants: Tenants) -> None:
    """The next run would otherwise begin later, and who is done is done with this step alone."""
    tenants.pause("early", Step(NOON, NOON + HOUR, SHOP))

    assert tenants.watermark("early") == NOON


def test_a_step_ends_with_the_watermark(tenants: Tenants) -> None:
    """A run that is late with its note would have tenants left out of the next step."""
    tenants.pause("early", Step(NOON, NOON + HOUR, SHOP))
    tenants.advance("early", NOON + HOUR)
    assert tenants.under_way("early") is None

    tenants.pause("early", Step(NOON, NOON + HOUR, SHOP))
    assert tenants.under_way("early") is None
    assert tenants.watermark("early") == NOON + HOUR


def test_a_watermark_that_does_not_move_leaves_the_step(tenants: Tenants) -> None:
    """Whoever comes late with an end that is past undoes nothing."""
    step = Step(NOON, NOON + HOUR, SHOP)
    tenants.pause("early", step)
    tenants.advance("early", NOON - HOUR)

    assert tenants.under_way("early") == step


# Webhooks.


def test_webhooks_are_kept_by_tenant_oldest_first(webhooks: Webhooks) -> None:
    """Disabled ones included, secrets and all."""
    old = replace(
        HOOK,
        id="wh_old",
        created=NOON - HOUR,
        events=frozenset({"message.delivered", "message.expired"}),
        secrets=(Secret(b"new"), Secret(b"old", NOON + HOUR)),
        failing_since=NOON,
        disabled="failing",
    )
    webhooks.put(HOOK)
    webhooks.put(old)

    assert webhooks.of(SHOP) == [old, HOOK]
    assert webhooks.of(BAKERY) == []


def test_a_webhook_is_replaced_and_removed(webhooks: Webhooks) -> None:
    """By its own tenant only."""
    webhooks.put(HOOK)
    webhooks.put(replace(HOOK, url="https://shop.example/other"))

    assert [webhook.url for webhook in webhooks.of(SHOP)] == ["https://shop.example/other"]
    assert not webhooks.remove(BAKERY, HOOK.id)
    assert webhooks.remove(SHOP, HOOK.id)
    assert not webhooks.remove(SHOP, HOOK.id)
    assert webhooks.of(SHOP) == []


def test_failing_is_noted_and_forgotten(webhooks: Webhooks) -> None:
    """Without touching the rest."""
    webhooks.put(HOOK)
    webhooks.failing(SHOP, HOOK.id, NOON, disabled="gone")
    assert webhooks.of(SHOP) == [replace(HOOK, failing_since=NOON, disabled="gone")]
    webhooks.failing(SHOP, HOOK.id, None)
    assert webhooks.of(SHOP) == [HOOK]


def test_a_removed_webhook_stays_removed(webhooks: Webhooks) -> None:
    """A delivery may still be under way when its tenant removes it."""
    webhooks.failing(SHOP, HOOK.id, NOON)

    assert webhooks.of(SHOP) == []


def test_the_log_shows_its_newest_lines_first(webhooks: Webhooks, clock: FakeClock) -> None:
    """Of one webhook, as many as asked for, across batches."""
    webhooks.log(SHOP, HOOK.id, [attempt(1), attempt(2)])
    clock.tick(hours=1)
    webhooks.log(SHOP, HOOK.id, [attempt(3)])
    webhooks.log(SHOP, "wh_other", [attempt(4)])
    webhooks.log(SHOP, HOOK.id, [])

    assert webhooks.logged(SHOP, HOOK.id, 9) == [attempt(3), attempt(2), attempt(1)]
    assert webhooks.logged(SHOP, HOOK.id, 2) == [attempt(3), attempt(2)]
    assert webhooks.logged(BAKERY, HOOK.id, 9) == []


def test_the_log_forgets_after_thirty_days(webhooks: Webhooks, clock: FakeClock) -> None:
    """Whether or not the database has removed it."""
    webhooks.log(SHOP, HOOK.id, [attempt()])
    clock.tick(days=30)

    assert webhooks.logged(SHOP, HOOK.id, 9) == []


def test_a_batch_of_log_lines_is_one_write(world: World, clock: FakeClock) -> None:
    """A hundred deliveries are not a hundred writes."""
    DynamoWebhooks(world.aws, "tenants", clock).log(SHOP, HOOK.id, [attempt(number) for number in range(50)])

    assert world.asked == ["PutItem"]

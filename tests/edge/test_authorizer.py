"""Who is let in, what the functions behind are told of them, and what a refusal gives away."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from fugace.domain import apikey
from fugace.domain.plans import Plan, Plans
from fugace.domain.retention import Period
from fugace.domain.tenant import ApiKey, Role
from fugace.edge.observe import FailedError
from functions.auth import authorizer
from tests.fakes import BAKERY, NOON, SHOP, FakeClock, FakeTenants, kept, tenant
from tests.fakes_keeping import FakeAgenda

CONTEXT = SimpleNamespace(aws_request_id="3f2504e0-4f89-41d3-9a0c-0305e82c3301")
ARN = "arn:aws:execute-api:eu-west-3:000000000000:abc123/live/GET/v1/messages/some-id"
NUMBER = "+33639980001"
PLANS = Plans("example", (Plan("standard", 50, 100), Plan("trial", 1, 5, day=1000)))


class Store(FakeTenants):
    """Tenants whose table can be down, with a number in what it says."""

    broken = False

    def api_key(self, tenant: Any, key_id: str) -> ApiKey | None:
        if self.broken:
            raise RuntimeError(NUMBER)
        return super().api_key(tenant, key_id)


class House:
    """A store with one sender's key, and the door in front of it."""

    def __init__(self) -> None:
        self.tenants, self.agenda, self.clock = Store(tenant()), FakeAgenda(), FakeClock()
        self.door = authorizer.Door(self.tenants, self.agenda, self.clock)
        self.secret = self.add(role=Role.SENDER)

    def add(self, **more: Any) -> str:
        live = more.pop("live", True)
        secret, key_id = apikey.make(SHOP, live=live)
        key = ApiKey(SHOP, key_id, Role.SENDER, live, apikey.digest(secret), NOON)
        self.tenants.add_api_key(replace(key, **more))
        return secret

    @property
    def key_id(self) -> str:
        return next(iter(self.tenants.keys))[1]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    house = House()
    monkeypatch.setattr(authorizer, "door", lambda: house.door)
    monkeypatch.setattr(authorizer, "plans", lambda: PLANS)
    return house


def asks(header: str | None, *, kind: str = "REQUEST", name: str = "Authorization") -> dict[str, Any]:
    if kind == "TOKEN":
        return authorizer.handle({"type": kind, "authorizationToken": header, "methodArn": ARN}, CONTEXT)
    return authorizer.handle({"type": kind, "headers": {name: header} if header else None, "methodArn": ARN}, CONTEXT)


@pytest.mark.parametrize("kind", ["TOKEN", "REQUEST"])
def test_a_key_opens_the_whole_stage(house: House, kind: str) -> None:
    """API Gateway reuses the answer for other methods: one that named a method would refuse the next."""
    answer = asks(f"Bearer {house.secret}", kind=kind)

    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == "arn:aws:execute-api:eu-west-3:000000000000:abc123/live/*"


def test_functions_are_told_tenant_key_scopes_and_mode(house: House) -> None:
    """They look nothing up again."""
    assert asks(f"Bearer {house.secret}")["context"] == {
        "tenant": SHOP,
        "key_id": house.key_id,
        "scopes": "messages:read messages:send",
        "live": "true",
        "limits": '"second";q=50;w=1',
    }


@pytest.mark.parametrize(
    ("plan", "limits", "counted"),
    [
        ("trial", '"second";q=1;w=1, "day";q=1000;w=86400', f"fugace-example_trial_{SHOP}"),
        ("standard", '"second";q=50;w=1', f"fugace-example_standard_{SHOP}"),
        ("", '"second";q=50;w=1', "fugace-example_tenants-on-no-plan"),
        ("gone", '"second";q=50;w=1', "fugace-example_tenants-on-no-plan"),
    ],
)
def test_the_gateway_is_told_what_to_count_a_request_under(house: House, plan: str, limits: str, counted: str) -> None:
    """A tenant on a plan is counted by itself; one on none, or on one that was taken away, is never locked out."""
    house.tenants.put_on(SHOP, plan)

    answer = asks(f"Bearer {house.secret}")

    assert answer["usageIdentifierKey"] == counted
    assert answer["context"]["limits"] == limits


def test_a_plan_that_is_not_there_any_more_is_told_to_the_operator(house: House, printed: Callable[[], str]) -> None:
    """Its tenants share one count until somebody puts them on another."""
    house.tenants.put_on(SHOP, "gone")

    asks(f"Bearer {house.secret}")

    told = [json.loads(line) for line in printed().splitlines()]
    assert [line["tenant"] for line in told if line["event"] == "plan-unknown"] == [SHOP]


def test_header_names_and_the_scheme_are_read_in_any_case(house: House) -> None:
    """RFC 9110 section 5.1 and 11.1."""
    assert asks(f"bearer {house.secret}", name="AUTHORIZATION")["principalId"] == house.key_id


def test_a_revoked_key_is_refused(house: House) -> None:
    """At the next question, since keys are read consistently and never kept."""
    asks(f"Bearer {house.secret}")
    house.tenants.revoke_api_key(SHOP, house.key_id, NOON)

    with pytest.raises(authorizer.UnauthorizedError):
        asks(f"Bearer {house.secret}")


def test_an_expired_key_is_refused(house: House) -> None:
    """From the very moment on that was agreed."""
    secret = house.add(expires=NOON + timedelta(hours=1))
    asks(f"Bearer {secret}")
    house.clock.tick(hours=1)

    with pytest.raises(authorizer.UnauthorizedError):
        asks(f"Bearer {secret}")


def test_the_right_id_with_another_secret_is_refused(house: House) -> None:
    """Ids are no secret: they are in logs and lists."""
    claim = apikey.parse(house.secret)
    assert claim
    forged = house.secret[:33] + "0" * 38
    forged += apikey._checksum(forged)
    assert apikey.parse(forged) == claim

    with pytest.raises(authorizer.UnauthorizedError):
        asks(f"Bearer {forged}")


def test_a_key_kept_for_testing_is_no_live_key(house: House) -> None:
    """The mode that functions trust is the one that was kept, and the key has to say the same."""
    secret = house.add(live=True)
    claim = apikey.parse(secret)
    assert claim
    house.tenants.keys[SHOP, claim.key_id] = replace(house.tenants.keys[SHOP, claim.key_id], live=False)

    with pytest.raises(authorizer.UnauthorizedError):
        asks(f"Bearer {secret}")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic dTpw", "fug_live_x", f"Bearer {NUMBER}"])
def test_what_is_no_key_is_refused_without_asking_the_table(house: House, header: str | None) -> None:
    """Noise costs nothing; that API Gateway caches refusals is not to be relied on."""
    house.tenants.broken = True

    with pytest.raises(authorizer.UnauthorizedError):
        asks(header)


@pytest.mark.usefixtures("house")
def test_an_unknown_key_is_compared_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether an id exists must not show in the time an answer takes."""
    compared: list[tuple[bytes, ...]] = []

    def compare(*both: bytes) -> bool:
        compared.append(both)
        return False

    monkeypatch.setattr("hmac.compare_digest", compare)

    with pytest.raises(authorizer.UnauthorizedError):
        asks(f"Bearer {apikey.make(BAKERY, live=True)[0]}")

    assert len(compared) == 1


def test_nothing_matches_the_digest_of_nobody() -> None:
    """Were a row kept without a digest, it would have to be refused too."""
    house = House()
    assert house.door.open(f"Bearer {apikey.make(BAKERY, live=True)[0]}") == "unknown"


def test_a_table_that_does_not_answer_is_no_refusal(house: House, printed: Callable[[], str]) -> None:
    """401 would make clients throw a good key away; 500 makes them try again. Nothing is said of the cause."""
    house.tenants.broken = True

    with pytest.raises(Exception, match=r"^failed$") as raised:
        asks(f"Bearer {house.secret}")

    assert raised.value.__suppress_context__
    seen = printed()
    assert '"event":"bug"' in seen
    assert "RuntimeError" in seen
    assert NUMBER[1:] not in seen


def test_a_refusal_says_one_word(house: House) -> None:
    """API Gateway makes 401 of exactly this message, and 500 of any other."""
    for secret in (apikey.make(SHOP, live=True)[0], "nonsense", house.add(revoked=NOON)):
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            asks(f"Bearer {secret}")


def test_use_is_noted_once_a_day(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write for each request would cost more than the request."""
    noted: list[Any] = []
    monkeypatch.setattr(house.tenants, "seen", lambda *use: noted.append(use))

    asks(f"Bearer {house.secret}")
    asks(f"Bearer {house.secret}")
    house.clock.tick(days=1)
    asks(f"Bearer {house.secret}")

    assert [day.isoformat() for _, _, day in noted] == ["2026-01-15", "2026-01-16"]


def test_before_the_first_use_of_a_day_counts_the_purge_knows_what_will_be_over(house: House) -> None:
    """Whoever sends has to be found by the purge, in every shard, whatever else happens to the process."""
    house.tenants.tenants[SHOP] = tenant(shards=2)

    asks(f"Bearer {house.secret}")

    due = {row.job: row.due_at for row in house.agenda.of(SHOP)}
    assert due == {
        **{f"content/{shard}": NOON + timedelta(days=7) for shard in range(2)},
        **{f"record/{shard}": datetime(2026, 7, 15, 12, tzinfo=UTC) for shard in range(2)},
    }


def test_a_tenant_that_keeps_no_text_is_looked_at_at_once(house: House) -> None:
    """Its texts may be over as soon as they are collected."""
    house.tenants.tenants[SHOP] = tenant(retention=kept(content=Period()))

    asks(f"Bearer {house.secret}")

    assert house.agenda.get(SHOP, "content/0").due_at == NOON


def test_a_key_that_was_used_today_costs_no_write(house: House) -> None:
    """Every process begins without a memory; the key, which is read anyway, has one."""
    secret = house.add(last_used=NOON.date())

    asks(f"Bearer {secret}")

    assert not house.tenants.days
    assert not house.agenda.rows


@pytest.mark.parametrize("step", ["enter", "ensure", "seen"])
def test_what_dies_on_the_way_is_done_again(house: House, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """The key's own date is written last: as long as it is missing, the next use repeats everything before it."""
    port = house.agenda if step == "ensure" else house.tenants
    with monkeypatch.context() as patch:
        patch.setattr(port, step, lambda *_: 1 / 0)
        with pytest.raises(FailedError):
            asks(f"Bearer {house.secret}")
    assert house.tenants.api_key(SHOP, house.key_id).last_used is None

    asks(f"Bearer {house.secret}")

    assert len(house.agenda.of(SHOP)) == 2
    assert house.tenants.was_active(SHOP, [NOON.date()])
    assert house.tenants.api_key(SHOP, house.key_id).last_used == NOON.date()


def test_the_register_comes_before_the_jobs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that forgets an idle tenant reads the register last: a wish that came before it was read is in it."""
    order: list[str] = []
    monkeypatch.setattr(house.tenants, "enter", lambda *_: order.append("register"))
    monkeypatch.setattr(house.agenda, "ensure", lambda *_: order.append("job"))
    monkeypatch.setattr(house.tenants, "seen", lambda *_: order.append("key"))

    asks(f"Bearer {house.secret}")

    assert order == ["register", "job", "job", "key"]


def test_an_answer_that_outlives_midnight_counts_for_both_days(house: House) -> None:
    """API Gateway does not ask again for 45 seconds; the tenant is in the next day's register all the same."""
    house.clock.now = NOON.replace(hour=23, minute=59, second=30)

    asks(f"Bearer {house.secret}")

    assert sorted(day.isoformat() for day in house.tenants.days) == ["2026-01-15", "2026-01-16"]


def test_no_line_shows_a_key(house: House, printed: Callable[[], str]) -> None:
    """Neither that of somebody let in nor what somebody else presented."""
    asks(f"Bearer {house.secret}")
    with pytest.raises(authorizer.UnauthorizedError):
        asks(f"Bearer {NUMBER}{house.secret}")

    seen = printed()
    assert json.loads(seen.splitlines()[0])["event"] == "admitted"
    assert "malformed" in seen
    assert house.secret[-38:] not in seen
    assert NUMBER[1:] not in seen

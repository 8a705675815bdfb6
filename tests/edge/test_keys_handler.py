"""/v1/keys: what an admin may do to the keys of the own tenant, and what nobody gets to see."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fugace.domain import apikey
from fugace.domain.tenant import ApiKey, Role
from functions.auth import handler
from functions.auth.keys import MOST, KeyRing
from tests.edge.events import CONTEXT, event
from tests.fakes import BAKERY, NOON, SHOP, FakeClock, FakeTenants, tenant
from tests.fakes_keeping import FakeAgenda

NUMBER = "+33639980001"


class Store(FakeTenants):
    """Tenants whose table breaks with a number in its message, when told to."""

    broken = False
    agenda: FakeAgenda

    def api_keys(self, tenant: Any) -> list[ApiKey]:
        if self.broken:
            raise RuntimeError(NUMBER)
        return super().api_keys(tenant)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store(tenant())
    store.agenda = FakeAgenda()
    ring = KeyRing(store, store.agenda, FakeClock())
    monkeypatch.setattr(handler, "ring", lambda: ring)
    return store


def keep(store: Store, role: Role = Role.ADMIN, tenant: Any = SHOP, *, live: bool = True, **more: Any) -> str:
    secret, key_id = apikey.make(tenant, live=live)
    key = ApiKey(tenant, key_id, role, live, apikey.digest(secret), NOON - timedelta(days=1))
    store.add_api_key(replace(key, **more))
    return key_id


def ask(*args: Any, **more: Any) -> tuple[int, Any]:
    answer = handler.handle(event(*args, **more), CONTEXT)
    return answer["statusCode"], json.loads(answer["body"] or "null")


def test_a_new_key_is_shown_once(store: Store) -> None:
    """What is kept is its digest: whoever reads the table cannot use it."""
    status, made = ask("POST", "/v1/keys", {"role": "sender", "mode": "live", "note": "shop front"})

    assert status == 201
    claim = apikey.parse(made["key"])
    assert claim
    kept = store.api_key(SHOP, claim.key_id)
    assert kept
    assert kept.digest == apikey.digest(made["key"])
    assert made["key"] not in json.dumps(ask("GET", "/v1/keys"))


def test_a_list_shows_no_digest(store: Store) -> None:
    """It is of no use to a tenant."""
    keep(store)

    status, listed = ask("GET", "/v1/keys")

    assert status == 200
    assert set(listed["keys"][0]) == {"id", "role", "mode", "created", "expires", "revoked", "last_used", "note"}


def test_a_list_shows_the_own_keys_alone(store: Store) -> None:
    """I8."""
    mine, _ = keep(store), keep(store, tenant=BAKERY)

    assert [key["id"] for key in ask("GET", "/v1/keys")[1]["keys"]] == [mine]


def test_a_revoked_key_stays_in_the_list(store: Store) -> None:
    """An admin can see that it was, and when."""
    keep(store)
    sender = keep(store, Role.SENDER)

    assert ask("DELETE", f"/v1/keys/{sender}") == (204, None)
    assert {key["id"]: key["revoked"] for key in ask("GET", "/v1/keys")[1]["keys"]}[sender] == "2026-01-15T12:00:00Z"


def test_another_tenants_key_does_not_exist(store: Store) -> None:
    """I8: the same answer as for an id that nobody has."""
    theirs = keep(store, Role.SENDER, BAKERY)

    assert ask("DELETE", f"/v1/keys/{theirs}") == ask("DELETE", "/v1/keys/key_nobodysk")
    assert store.keys[BAKERY, theirs].revoked is None


def test_the_last_admin_key_cannot_be_revoked(store: Store) -> None:
    """The tenant would have locked itself out."""
    keep(store, expires=NOON)
    keep(store, revoked=NOON)
    last = keep(store)

    status, problem = ask("DELETE", f"/v1/keys/{last}")

    assert (status, problem["type"]) == (409, "/problems/last-admin-key")


def test_a_test_admin_is_no_replacement_for_the_last_live_one(store: Store) -> None:
    """It can make no live keys."""
    live, test = keep(store), keep(store, live=False)

    assert ask("DELETE", f"/v1/keys/{live}")[0] == 409
    assert ask("DELETE", f"/v1/keys/{test}")[0] == 204


def test_the_last_admin_may_go_once_there_is_another(store: Store) -> None:
    """That is how a key is rotated."""
    old, _ = keep(store), keep(store)

    assert ask("DELETE", f"/v1/keys/{old}")[0] == 204


def test_a_test_key_makes_test_keys_alone(store: Store) -> None:
    """Else a key from somebody's notebook would reach carriers."""
    assert ask("POST", "/v1/keys", {"role": "sender", "mode": "live"}, live=False)[0] == 403
    assert ask("POST", "/v1/keys", {"role": "sender", "mode": "test"}, live=False)[0] == 201
    assert [key.live for key in store.keys.values()] == [False]


def test_a_test_key_cannot_stop_live_ones(store: Store) -> None:
    """It would reach into production all the same."""
    _, live = keep(store), keep(store, Role.SENDER)

    assert ask("DELETE", f"/v1/keys/{live}", live=False)[0] == 403


@pytest.mark.parametrize("role", [Role.SENDER, Role.READER, Role.PRIVACY])
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/keys"), ("POST", "/v1/keys"), ("DELETE", "/v1/keys/key_x")])
def test_only_admins_see_to_keys(store: Store, role: Role, method: str, path: str) -> None:
    """A sender that could make keys would be an admin."""
    keep(store)

    assert ask(method, path, {"role": "admin", "mode": "live"}, role=role)[0] == 403


def test_there_is_an_end_to_keys(store: Store) -> None:
    """A loop that makes keys stops by itself; revoking makes room."""
    names = [keep(store) for _ in range(MOST)]
    wish = {"role": "reader", "mode": "live"}

    assert ask("POST", "/v1/keys", wish)[1]["allowed"] == MOST
    ask("DELETE", f"/v1/keys/{names[0]}")
    assert ask("POST", "/v1/keys", wish)[0] == 201


GOOD: dict[str, Any] = {"role": "sender", "mode": "live"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**GOOD, "role": "owner"}, "/role"),
        ({**GOOD, "mode": "both"}, "/mode"),
        ({"role": "sender"}, "/mode"),
        ({**GOOD, "expires": "2026-01-15T11:59:59Z"}, "/expires"),
        ({**GOOD, "expires": "2026-06-01T00:00:00"}, "/expires"),
        ({**GOOD, "expires": "9999-12-31T23:59:59-01:00"}, "/expires"),
        ({**GOOD, "note": "x" * 61}, "/note"),
        ({**GOOD, "note": "for jane@example.com"}, "/note"),
        ({**GOOD, "note": "+33 6 39 98 00 01"}, "/note"),
        ({**GOOD, "tenant": BAKERY}, "/tenant"),
    ],
)
def test_what_is_wrong_is_pointed_at(store: Store, body: dict[str, Any], pointer: str) -> None:
    """By field and reason."""
    status, problem = ask("POST", "/v1/keys", body)

    assert (status, problem["errors"][0]["pointer"]) == (400, pointer)
    assert not store.keys


def test_an_expiry_is_kept_in_utc(store: Store) -> None:
    """Whatever zone it was given in."""
    _, made = ask("POST", "/v1/keys", {**GOOD, "expires": "2026-06-01T02:00:00+02:00"})

    assert made["expires"] == "2026-06-01T00:00:00Z"
    assert [key.expires and key.expires.utcoffset() for key in store.keys.values()] == [timedelta(0)]


REQUESTS: dict[str, tuple[str, str, Any]] = {
    "key-made": ("POST", "/v1/keys", GOOD),
    "bad-request": ("POST", "/v1/keys", {**GOOD, NUMBER: NUMBER, "note": NUMBER}),
    "not-found": ("DELETE", f"/v1/keys/{NUMBER}", None),
    "bug": ("GET", "/v1/keys", None),
}


@pytest.mark.parametrize("outcome", REQUESTS)
def test_no_answer_and_no_log_line_shows_a_number(store: Store, outcome: str, printed: Callable[[], str]) -> None:
    """Whatever somebody sends, wherever it goes wrong."""
    store.broken = outcome == "bug"

    answer = handler.handle(event(*REQUESTS[outcome]), CONTEXT)

    seen = json.dumps(answer) + printed()
    assert outcome in seen  # so we are looking at the right place
    assert NUMBER[1:] not in seen


def test_a_key_that_ends_is_looked_at_when_it_has_been_kept_long_enough(store: Store) -> None:
    """Who had access is remembered for as long as the tenant has chosen, a year, and not for ever."""
    key_id = keep(store)
    keep(store)

    ask("DELETE", f"/v1/keys/{key_id}")

    assert store.agenda.get(SHOP, "access").due_at == NOON.replace(year=2027)


def test_a_key_that_is_made_with_an_end_is_looked_at_after_it(store: Store) -> None:
    """Nobody revokes it: its end is all there is."""
    ask("POST", "/v1/keys", {"role": "sender", "mode": "live", "expires": "2026-03-01T00:00:00Z"})

    assert store.agenda.get(SHOP, "access").due_at == datetime(2027, 3, 1, tzinfo=UTC)


def test_a_key_without_an_end_is_not_looked_at(store: Store) -> None:
    """What is used stays."""
    ask("POST", "/v1/keys", {"role": "sender", "mode": "live"})

    assert not store.agenda.rows

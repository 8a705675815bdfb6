"""What `fugace.keeping.OldKeys` promises: an API key goes together with its count, and only as it was seen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from fugace.adapters.dynamo.tallies import DynamoTallies
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.domain.tenant import ApiKey, Role
from fugace.keeping import OldKeys, Tallies
from fugace.ports import Tenants
from tests.fakes import NOON, SHOP, FakeClock
from tests.fakes_keeping import Keeping

DAY = timedelta(days=1)
KEY = ApiKey(SHOP, "key_aaaaaaaa", Role.SENDER, live=True, digest=b"\x01" * 32, created=NOON - 900 * DAY)


@dataclass
class Kit:
    """Keys, and where their deletion is counted."""

    tenants: Tenants
    old_keys: OldKeys
    tallies: Tallies

    def forget(self, seen: ApiKey) -> bool:
        return self.old_keys.forget(seen, self.tallies.counted(NOON, SHOP, "access", 1, f"access/{seen.id}"))

    def counts(self) -> Mapping[str, int]:
        return next((book.told.counts for book in self.tallies.books(NOON)), {})


@pytest.fixture(params=["fake", "dynamo"])
def kit(request: pytest.FixtureRequest, clock: FakeClock) -> Kit:
    if request.param == "fake":
        k = Keeping()
        return Kit(k.tenants, k.old_keys, k.tallies)
    aws = request.getfixturevalue("world").aws
    tenants = DynamoTenants(aws, "tenants", clock)
    return Kit(tenants, tenants, DynamoTallies(aws, "purge", "tenants", clock))


@pytest.mark.parametrize(
    "ends", [{"revoked": NOON - 400 * DAY}, {"expires": NOON - 400 * DAY}, {"revoked": NOON, "expires": NOON}]
)
def test_a_key_that_is_as_it_was_seen_goes_with_its_count(kit: Kit, ends: Mapping[str, object]) -> None:
    """Whichever end it has."""
    key = replace(KEY, **ends)
    kit.tenants.add_api_key(key)

    assert kit.forget(key)

    assert kit.tenants.api_key(SHOP, key.id) is None
    assert kit.counts() == {"access": 1}


def test_a_key_whose_end_has_moved_stays(kit: Kit) -> None:
    """It was revoked before it expired: its time is counted from then."""
    seen = replace(KEY, expires=NOON - DAY)
    kit.tenants.add_api_key(seen)
    kit.tenants.revoke_api_key(SHOP, KEY.id, NOON - 2 * DAY)

    assert not kit.forget(seen)

    assert kit.tenants.api_key(SHOP, KEY.id) is not None
    assert kit.counts() == {}


def test_a_key_that_is_gone_is_not_counted_again(kit: Kit) -> None:
    """Two runs at once: one of them has deleted it."""
    key = replace(KEY, revoked=NOON - DAY)
    kit.tenants.add_api_key(key)

    assert kit.forget(key)
    assert not kit.forget(key)

    assert kit.counts() == {"access": 1}

"""What a `fugace.keeping.Policies` promises; DynamoDB's and the fake alike."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.policies import DynamoPolicies
from fugace.adapters.dynamo.tenants import DynamoTenants
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft
from fugace.domain.retention import Kind, Period, Retention
from fugace.keeping import Ledger, Policies
from fugace.ports import ConflictError, Tenants, Write
from tests.contract.aws.conftest import World
from tests.fakes import BAKERY, NOON, SHOP, FakeClock, FakeTenants, kept, tenant
from tests.fakes_keeping import FakeLedger, FakePolicies


@dataclass
class Kit:
    """Choices, and what carries them out."""

    policies: Policies
    tenants: Tenants
    ledger: Ledger

    def commit(self, write: Write) -> None:
        number = len(self.ledger.page(SHOP, after=0, limit=99))
        draft = Draft(SHOP, NOON + timedelta(hours=number), Action.PURGED, "purge", "2026-01-15T12", {"record": 1})
        self.ledger.append(draft, write)


@pytest.fixture(params=["fake", "dynamo"])
def kit(request: pytest.FixtureRequest, clock: FakeClock) -> Kit:
    if request.param == "fake":
        tenants = FakeTenants(tenant(), tenant(BAKERY))
        return Kit(FakePolicies(tenants), tenants, FakeLedger())
    aws = request.getfixturevalue("world").aws
    return Kit(DynamoPolicies(aws, "tenants"), DynamoTenants(aws, "tenants", clock), DynamoLedger(aws, "ledger"))


def shorter(seen: Retention, days: int, now=NOON) -> Retention:
    return seen.changed(Kind.CONTENT, Period(seconds=days * 86_400), now)


def test_a_choice_takes_the_place_of_what_was_seen(kit: Kit) -> None:
    """With all caps of the past, in their order, and to no other tenant."""
    first = shorter(kept(), 5)
    kit.commit(kit.policies.choose(SHOP, kept(), first))
    second = shorter(first, 6, NOON + timedelta(hours=1))
    kit.commit(kit.policies.choose(SHOP, first, second))

    assert kit.policies.fresh(SHOP) == second
    assert len(second.caps[Kind.CONTENT]) > 1
    assert kit.policies.fresh(BAKERY) == kept()
    assert kit.policies.fresh(TenantId("ten_nobodynobodynobo")) is None
    assert kit.tenants.get(SHOP) == tenant(retention=second)


def test_two_that_choose_at_once_do_not_undo_each_other(kit: Kit) -> None:
    """The second has seen what is not so any more: a promise would be forgotten."""
    kit.commit(kit.policies.choose(SHOP, kept(), shorter(kept(), 5)))

    with pytest.raises(ConflictError):
        kit.commit(kit.policies.choose(SHOP, kept(), shorter(kept(), 3)))
    assert kit.policies.fresh(SHOP) == shorter(kept(), 5)


def test_a_tenant_that_is_gone_is_not_made_by_a_choice(kit: Kit) -> None:
    """Half a tenant, without name or key, would be in every listing."""
    with pytest.raises(ConflictError):
        kit.commit(kit.policies.choose(TenantId("ten_nobodynobodynobo"), kept(), shorter(kept(), 5)))
    assert len(kit.tenants.everyone()) == 2


def test_a_choice_is_read_as_it_is_where_a_tenant_is_remembered(world: World, clock: FakeClock) -> None:
    """Who changes what is kept must not go by what this process knew half a minute ago."""
    tenants, policies = DynamoTenants(world.aws, "tenants", clock), DynamoPolicies(world.aws, "tenants")
    before = tenants.get(SHOP)
    assert before is not None
    Kit(policies, tenants, DynamoLedger(world.aws, "ledger")).commit(policies.choose(SHOP, kept(), shorter(kept(), 5)))

    assert tenants.get(SHOP) == before
    assert policies.fresh(SHOP) == shorter(kept(), 5)
    clock.tick(minutes=1)
    assert tenants.get(SHOP) == replace(before, retention=shorter(kept(), 5))

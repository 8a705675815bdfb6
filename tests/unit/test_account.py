"""What a tenant is told about the past: its own chain, so that it can be verified, and sums of what remains."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain import chain
from fugace.domain.errors import UnauthorizedError
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft
from fugace.domain.message import Status
from fugace.domain.retention import Kind, Period, Retention
from fugace.keeping import Book, Tally
from functions.purge.account import Account, Sum
from functions.purge.checkpoint import Checkpointing
from tests.fakes import BAKERY, NOON, SHOP, tenant
from tests.fakes_keeping import FakeLedger, Keeping


@pytest.fixture
def world() -> Keeping:
    return Keeping(tenant(), tenant(BAKERY))


def account(world: Keeping, *, checkpoints: bool = True) -> Account:
    return Account(
        world.ledger, world.statistics, world.policies, world.checkpoints if checkpoints else None, world.clock
    )


def write(world: Keeping, count: int, owner: TenantId = SHOP) -> None:
    for number in range(count):
        draft = Draft(owner, world.clock(), Action.PURGED, "purge", f"2026-01-15T{number:02}", {"record": number})
        world.ledger.append(draft)


def sign(world: Keeping) -> None:
    Checkpointing(world.ledger, world.checkpoints, world.signer, world.clock, "laptop").run()


# --- ledger -------------------------------------------------------------------------------------


def test_pages_together_are_the_whole_chain(world: Keeping) -> None:
    """As texts that can be verified without us; and there is an end to them."""
    write(world, 7)
    entries, after = [], 0
    for size in (3, 3, 1):
        page = account(world).page(SHOP, after=after, limit=3)
        assert len(page.entries) == size
        entries += page.entries
        after = page.after or 0

    assert page.after is None
    assert chain.verify([each.text for each in entries], [each.hash for each in entries]) is None
    assert page.head
    assert (page.head.seq, page.head.hash) == (7, entries[-1].hash)


def test_a_page_that_ends_where_the_chain_does_is_the_last(world: Keeping) -> None:
    """Nobody has to ask for an empty one."""
    write(world, 3)

    assert account(world).page(SHOP, after=0, limit=3).after is None
    assert account(world).page(SHOP, after=3, limit=3).entries == []
    assert account(world).page(SHOP, after=99, limit=3).after is None


class Busy(FakeLedger):
    """A chain that grows between two looks at it."""

    def page(self, tenant: TenantId, *, after: int, limit: int) -> list:  # type: ignore[type-arg]  # as the port has it
        self.append(Draft(tenant, NOON, Action.PURGED, "purge", "2026-01-15T23", {"record": 1}))
        return super().page(tenant, after=after, limit=limit)


def test_nothing_is_behind_the_head_that_is_shown(world: Keeping) -> None:
    """Whoever verifies a page against its head must not find an entry too many."""
    write(world, 2)
    busy = Busy()
    busy.chains, world.ledger = world.ledger.chains, busy

    page = account(world).page(SHOP, after=0, limit=10)

    assert page.head
    assert [entry.seq for entry in page.entries] == [1, 2]
    assert page.head.seq == 2


def test_of_nothing_there_is_no_head(world: Keeping) -> None:
    """A tenant of whom nothing was ever decided."""
    page = account(world).page(SHOP, after=0, limit=10)

    assert (page.entries, page.head, page.inclusion, page.after) == ([], None, None, None)


def test_the_last_page_brings_what_was_signed(world: Keeping) -> None:
    """The tenant's own part, and the way to the root: nothing about the others but their number."""
    write(world, 3)
    write(world, 2, BAKERY)
    sign(world)

    first, last = (account(world).page(SHOP, after=after, limit=2) for after in (0, 2))

    assert first.inclusion is None
    assert last.inclusion
    assert last.inclusion.holds
    assert last.inclusion.head == (SHOP, 3, last.entries[-1].hash)
    assert BAKERY not in last.inclusion.text


def test_what_was_never_signed_has_no_proof(world: Keeping) -> None:
    """A chain that is younger than the checkpoint; and a function that may not read them."""
    write(world, 1, BAKERY)
    sign(world)
    write(world, 1)

    assert account(world).page(SHOP, after=0, limit=5).inclusion is None
    assert account(world, checkpoints=False).page(BAKERY, after=0, limit=5).inclusion is None


def test_a_chain_is_shown_to_its_tenant_alone(world: Keeping) -> None:
    """I8."""
    write(world, 2, BAKERY)

    assert account(world).page(SHOP, after=0, limit=5).entries == []


# --- statistics ---------------------------------------------------------------------------------

SPRING, NONE = "spring-2026", ""


def enter(world: Keeping, age: timedelta, *lines: tuple[str, str, Status, int, int], owner: TenantId = SHOP) -> None:
    """What remains of an hour's deletions: (campaign, month, state, messages, segments)."""
    counts = {
        (campaign, month, status.value): (messages, segments) for campaign, month, status, messages, segments in lines
    }
    hour = (world.clock() - age).replace(minute=0)
    world.statistics.enter(hour, Book(owner, Tally({}, counts), Tally(), 0))


@pytest.fixture
def entered(world: Keeping) -> Keeping:
    enter(
        world,
        timedelta(hours=1),
        (SPRING, "2025-11", Status.DELIVERED, 3, 4),
        (NONE, "2025-11", Status.DELIVERED, 1, 1),
    )
    enter(
        world,
        timedelta(hours=2),
        (SPRING, "2025-11", Status.DELIVERED, 5, 5),
        (SPRING, "2025-11", Status.EXPIRED, 1, 2),
    )
    enter(world, timedelta(hours=3), (SPRING, "2025-10", Status.DELIVERED, 7, 9))
    return world


def test_hours_are_summed(entered: Keeping) -> None:
    """By month, campaign and state; when something was deleted says nothing to anybody."""
    assert account(entered).sums(SHOP, None, None) == [
        Sum("2025-10", SPRING, Status.DELIVERED, 7, 9),
        Sum("2025-11", NONE, Status.DELIVERED, 1, 1),
        Sum("2025-11", SPRING, Status.DELIVERED, 8, 9),
        Sum("2025-11", SPRING, Status.EXPIRED, 1, 2),
    ]


def test_one_month_or_campaign_can_be_asked_for(entered: Keeping) -> None:
    """Or one campaign in one month."""
    desk = account(entered)

    assert [each.messages for each in desk.sums(SHOP, "2025-10", None)] == [7]
    assert [each.messages for each in desk.sums(SHOP, None, SPRING)] == [7, 8, 1]
    assert [each.messages for each in desk.sums(SHOP, "2025-11", SPRING)] == [8, 1]
    assert desk.sums(SHOP, "2025-12", None) == []


def test_what_is_over_is_not_shown_though_it_is_still_there(entered: Keeping) -> None:
    """I4: by the policy in force, whether or not the purge has been there."""
    shorter = Retention.of({Kind.STATISTICS: Period(seconds=2 * 3600 + 60)})
    shop = entered.tenants.tenants[SHOP]
    entered.tenants.tenants[SHOP] = replace(
        shop, retention=replace(shop.retention, caps={**shop.retention.caps, **shorter.caps})
    )

    assert [each.month for each in account(entered).sums(SHOP, None, None)] == ["2025-11"] * 3
    entered.clock.tick(minutes=1)
    assert [each.messages for each in account(entered).sums(SHOP, None, None)] == [1, 3]


def test_sums_are_of_the_own_messages(entered: Keeping) -> None:
    """I8."""
    assert account(entered).sums(BAKERY, None, None) == []


def test_a_tenant_that_has_gone_has_no_sums() -> None:
    """Its keys may live a minute longer than it did."""
    with pytest.raises(UnauthorizedError):
        account(Keeping(tenant(BAKERY))).sums(SHOP, None, None)

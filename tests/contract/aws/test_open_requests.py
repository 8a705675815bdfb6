"""Open requests in DynamoDB and in the fake: listed by when they are due, counted, claimed once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.adapters.dynamo.ledger import DynamoLedger
from fugace.adapters.dynamo.requests import DynamoRequests
from fugace.domain.case import Case, CaseState
from fugace.domain.ids import SubjectId, TenantId
from fugace.keeping import Ledger
from fugace.ports import ConflictError
from fugace.rights import Requests
from functions.dsar.counter.intake import _filed
from tests.contract.aws.conftest import World
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP
from tests.fakes_keeping import FakeLedger
from tests.fakes_rights import FakeRequests
from tests.office import BAKER, OFFICER, Office, wish

Kit = tuple[Requests, Ledger]


@pytest.fixture(params=["fake", "dynamo"])
def kit(request: pytest.FixtureRequest, world: World) -> Kit:
    if request.param == "fake":
        return FakeRequests(), FakeLedger()
    return DynamoRequests(world.aws, "cases"), DynamoLedger(world.aws, "ledger")


def made(number: int, *, days: int = 0, tenant: TenantId = SHOP) -> Case:
    """A request, of another person for each number."""
    office = Office()
    asked = wish(number, to=ALICE, submitted=NOON - timedelta(days=days))
    case = office.file(asked, actor=OFFICER if tenant == SHOP else BAKER).case
    return replace(case, subject=SubjectId(f"{case.subject}{number}"))


def file(kit: Kit, case: Case) -> Case:
    requests, ledger = kit
    ledger.append(_filed(case), requests.file(case))
    return case


def end(kit: Kit, case: Case) -> None:
    seen = kit[0].get(case.key)
    assert seen
    assert kit[0].move(replace(seen, state=CaseState.CANCELLED, finished=NOON), seen)


def test_what_is_filed_is_read_back(kit: Kit) -> None:
    """Every field of it."""
    case = file(kit, made(1))

    assert kit[0].get(case.key) == case


def test_they_are_listed_due_first_page_by_page(kit: Kit) -> None:
    """Finished ones and those of another tenant are not among them; a page that is not full is the last."""
    cases = {number: file(kit, made(number, days=days)) for number, days in ((1, 3), (2, 5), (3, 1), (4, 9), (5, 2))}
    file(kit, made(6, days=20, tenant=BAKERY))
    end(kit, cases[2])

    first = kit[0].open(SHOP, after=None, limit=2)
    last = kit[0].open(SHOP, after=first[-1], limit=3)

    assert [case.key for case in first] == [cases[4].key, cases[1].key]
    assert [case.key for case in last] == [cases[5].key, cases[3].key]
    assert kit[0].open(SHOP, after=last[-1], limit=3) == []


def test_open_ones_are_counted_as_far_as_is_asked(kit: Kit) -> None:
    """A finished one does not count."""
    cases = [file(kit, made(number, days=number)) for number in range(1, 5)]
    file(kit, made(6, tenant=BAKERY))

    assert [kit[0].count_open(SHOP, most) for most in (1, 3, 4, 9)] == [1, 3, 4, 4]
    end(kit, cases[0])
    assert kit[0].count_open(SHOP, 9) == 3


def test_a_person_and_kind_are_claimed_once(kit: Kit) -> None:
    """Neither the request nor its ledger entry is there where the claim is another's."""
    office = Office()
    first = file(kit, office.file().case)
    second = Office().file(wish(2)).case

    with pytest.raises(ConflictError):
        file(kit, second)
    assert kit[0].get(second.key) is None
    assert first.subject
    assert kit[0].claimed(SHOP, first.subject, first.right) == first.key
    assert len(kit[1].page(SHOP, after=0, limit=9)) == 1

    end(kit, first)
    assert kit[0].claimed(SHOP, first.subject, first.right) is None
    file(kit, second)


def test_a_persons_are_found(kit: Kit) -> None:
    """Nobody else's, and none of somebody who never asked."""
    case = file(kit, Office().file().case)

    assert case.subject
    assert kit[0].of_person(case.subject) == [case]
    assert kit[0].of_person(Office().vault.subject(SHOP, BOB)) == []


def test_a_full_page_comes_although_the_index_is_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may still have what was finished a moment ago: others take their places."""
    kit = DynamoRequests(world.aws, "cases"), DynamoLedger(world.aws, "ledger")
    cases = [file(kit, made(number, days=9 - number)) for number in range(1, 6)]
    read = DynamoRequests.get

    def get(self: DynamoRequests, key: object) -> Case | None:
        return None if key in {cases[0].key, cases[1].key} else read(self, key)  # type: ignore[arg-type]  # a key

    monkeypatch.setattr(DynamoRequests, "get", get)
    found = kit[0].open(SHOP, after=None, limit=2)

    assert [case.key for case in found] == [cases[2].key, cases[3].key]

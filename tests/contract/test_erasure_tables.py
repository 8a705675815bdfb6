"""The invariant of every erasure, over the real adapters and all tables: A1 = A0 - B0, B1 = 0, C1 = C0 byte by byte."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from moto.core.models import botocore_stubber

from bench.rights import NOW, ORDER, TENANT, House
from fugace.domain.case import Case, CaseState, Right
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.ledger import Action, Draft, written

NEIGHBOUR = TenantId("ten_neighbourneighbo")
Rows = dict[tuple[str, str], str]
"""Each row by its table and its key: as JSON with sorted keys."""


class Street:
    """Two tenants, three persons each, of whom one asks to be forgotten; requests of all of them."""

    def __init__(self) -> None:
        self.house = House()
        # Others' tests leave moto behind until the last of theirs is over, and it cannot read a conditional deletion.
        self.house.aws.client("dynamodb").meta.events.unregister("before-send", botocore_stubber)
        self.house.open(NEIGHBOUR)
        for tenant in (TENANT, NEIGHBOUR):
            for number, messages in enumerate((27, 3, 0)):
                self.house.person(number, messages, tenant)
        self.alice = SubjectId(f"{TENANT[4:]}{0:027d}")
        self.file(1, Right.ACCESS, 1)
        self.done(self.file(2, Right.OBJECTION, 1))
        self.file(3, Right.ACCESS, 0)
        self.done(self.file(4, Right.PORTABILITY, 0))
        self.file(5, Right.RESTRICTION, 0)
        self.file(6, Right.ERASURE, 0, NEIGHBOUR)
        self.case = self.file(9, Right.ERASURE, 0)

    def file(self, number: int, right: Right, person: int, tenant: TenantId = TENANT) -> Case:
        subject = SubjectId(f"{tenant[4:]}{person:027d}")
        return self.house.file(number, subject, tenant, right=right)

    def done(self, case: Case) -> None:
        seen = replace(case, version=1)
        assert self.house.requests.move(replace(seen, state=CaseState.COMPLETED, finished=NOW), seen)

    def rows(self) -> Rows:
        return {
            (name, json.dumps(key, default=str)): json.dumps(row, sort_keys=True)
            for name, table in self.house.dynamo.tables.items()
            for key, row in table.rows.items()
        }

    def of_alice(self, rows: Rows) -> Rows:
        """Every row in which her keyed hash is, or that belongs to a request of hers."""
        hers = {self.alice, *(f"00000000-0000-4000-8000-{number:012x}" for number in (3, 4, 5, 9))}
        return {
            place: row
            for place, row in rows.items()
            if NEIGHBOUR not in row and place[0] != "ledger" and any(name in row for name in hers)
        }


@pytest.fixture
def street() -> Street:
    return Street()


def test_what_is_the_persons_goes_and_nothing_else_changes(street: Street) -> None:
    """Of all tables: matches are gone, others are the same to the byte, and no row is there that was not."""
    before = street.rows()
    hers = street.of_alice(before)
    assert len(hers) == 27 + 1 + 4 * 2 + 3  # messages, her key, requests with their keys, claims of the open ones

    street.house.run(street.case.key)
    after = street.rows()

    assert {place: row for place, row in before.items() if place not in hers} == {
        place: row for place, row in after.items() if place in before.keys() - hers.keys()
    }
    new = after.keys() - before.keys()
    assert {table for table, _ in new} == {"ledger", "purge"}  # what was done, and when cancelled requests are over
    assert len([place for place in new if place[0] == "ledger"]) == 4
    gone = before.keys() - after.keys()
    assert len([place for place in gone if place[0] == "messages"]) == 27
    assert gone <= hers.keys()
    assert len(after) == len(before) - len(gone) + len(new)


def test_what_stays_of_the_person_is_a_tombstone_and_the_open_case(street: Street) -> None:
    """The keyed hash is in three rows: the tombstone, the erasure's own case until it is final, and its claim."""
    street.house.run(street.case.key)
    naming = {place: json.loads(row) for place, row in street.rows().items() if street.alice in row}

    tables = sorted(table for table, _ in naming)
    assert tables == ["cases", "cases", "subject-keys"]
    tombstone = next(row for (table, _), row in naming.items() if table == "subject-keys")
    assert set(tombstone) == {"subject", "tenant", "epoch", "erased"}
    assert not _personal(street, "number")


def test_unlinked_requests_name_nobody(street: Street) -> None:
    """That they were answered stays; whose they were does not, and no key is left for what they sealed."""
    street.house.run(street.case.key)
    cases = {row["item"]["S"]: row for row in street.house.dynamo.tables["cases"].rows.values() if _tenant(row)}

    for number in (3, 4, 5):
        row = cases[f"case/00000000-0000-4000-8000-{number:012x}"]
        assert not {"subject", "number", "correction", "print"} & set(row)
    keys = {row["subject"]["S"] for row in street.house.dynamo.tables["subject-keys"].rows.values()}
    left = {key for key in keys if key.startswith(f"case/{TENANT}/")}
    assert left == {f"case/{TENANT}/00000000-0000-4000-8000-{number:012x}" for number in (1, 2)}


def _tenant(row: Mapping[str, Any]) -> bool:
    return bool(row["tenant"]["S"] == TENANT)


def _personal(street: Street, name: str) -> list[str]:
    own = street.house.dynamo.tables["cases"].rows[TENANT, f"case/{street.case.key.id}"]
    return [each for each in own if each == name]


@pytest.mark.parametrize("table", ["messages", "subject-keys", "cases"])
def test_the_search_finds_what_was_planted(street: Street, table: str) -> None:
    """Each place's probe of the tests above sees something before: it is not that it looks in the wrong way."""
    assert any(place[0] == table for place in street.of_alice(street.rows()))


def test_each_execution_after_the_first_changes_nothing(street: Street) -> None:
    """All of it once more, step by step: not a byte of any table."""
    street.house.run(street.case.key)
    before = street.rows()
    street.house.run(street.case.key)

    assert street.rows() == before


def test_a_step_that_is_done_twice_is_done_once(street: Street) -> None:
    """The machine repeats a step whose answer was lost: the end is the same."""
    other = Street()
    other.house.run(other.case.key)
    street.house.run(street.case.key, tuple(step for step in ORDER for _ in range(2)))

    def plain(rows: Rows) -> dict[tuple[str, str], Any]:
        shown = {place: json.loads(row) for place, row in rows.items()}
        for row in shown.values():
            row.pop("version", None)
        return shown

    assert plain(street.rows()) == plain(other.rows())


def test_what_is_held_stays_to_the_byte(street: Street) -> None:
    """But for it, everything goes; then, when the hold is over, it goes as well."""
    house, held = street.house, "hold_aaaaaaaaaaaaaaaa"
    hold = Hold(TENANT, held, Ground.CLAIM, NOW, "key_setterse", NOW + timedelta(days=9), HoldState.HELD)
    house.ledger.append(_set(hold), house.holds.put(hold, None))
    place = house.disposal.of_subject(street.alice, after=None, limit=1)[0]
    assert house.disposal.hold(place.key, held, hold.until)
    before = street.rows()["messages", json.dumps([str(place.key)])]
    house.run(street.case.key)

    assert street.rows()["messages", json.dumps([str(place.key)])] == before
    assert _wrapped(street)
    case = house.requests.get(street.case.key)
    assert case is not None
    assert (case.places["messages"].count, case.places["messages"].left) == (26, 1)

    assert house.holds.move(replace(hold, state=HoldState.OVER), hold)
    _free(street, place.key)
    house.run(street.case.key)
    assert not _wrapped(street)
    assert not house.disposal.of_subject(street.alice, after=None, limit=1)
    actions = [entry.draft.action for entry in house.ledger.page(TENANT, after=0, limit=99)]
    assert actions.count(Action.ERASURE_BEGUN) == actions.count(Action.KEY_DESTROYED) == 1


def _set(hold: Hold) -> Any:
    facts = {"scope": hold.scope, "ground": hold.ground.value, "until": written(hold.until)}
    return Draft(hold.tenant, hold.set_at, Action.HOLD_SET, hold.set_by, hold.id, facts)


def _wrapped(street: Street) -> bool:
    return "wrapped" in street.house.dynamo.tables["subject-keys"].rows[(street.alice,)]


def _free(street: Street, key: MessageKey) -> None:
    record = street.house.disposal.records([key])[key]
    assert street.house.disposal.free(record, *record.held, expires_at=record.expires_at, until=None, redact=False)

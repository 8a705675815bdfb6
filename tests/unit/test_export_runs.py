"""The making of a person's archive: once, whoever dies, is faster or has no time; and what can be seen from outside."""

import io
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.domain.case import CaseState, Right
from fugace.domain.errors import MissingKeyError
from fugace.domain.ledger import Action
from fugace.domain.retention import Kind
from functions.dsar.archive.export import BATCH, Exported, NoTimeError
from tests.crashing import Calls, crashes
from tests.exporting import REQUEST, Desk, later, valid
from tests.fakes import ALICE, NOON, SHOP


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_is_made_is_told_once(desk: Desk) -> None:
    """In the ledger, and to whoever asks how many records there are."""
    desk.send(1)
    desk.send(2)
    desk.file()

    assert desk.run() == Exported(count=2)
    assert desk.run() == Exported()

    (entry,) = desk.ledger.chains[SHOP]
    assert (entry.draft.action, entry.draft.object, entry.draft.facts) == (
        Action.ARCHIVE_MADE,
        REQUEST.id,
        {"records": 2},
    )
    assert desk.requests.rows[REQUEST].records == 2


def test_an_archive_of_nobody_has_no_records_and_is_told_as_well(desk: Desk) -> None:
    """0 is a count: that there was nothing is what the person is told."""
    desk.file()
    desk.run()

    assert desk.requests.rows[REQUEST].records == 0
    assert desk.ledger.chains[SHOP][0].draft.facts == {"records": 0}


def test_the_purge_is_asked_before_anything_is_there(desk: Desk) -> None:
    """What nobody looks at would stay."""
    desk.file()
    desk.seals.destroy(REQUEST)

    with pytest.raises(MissingKeyError):
        desk.run()

    due = desk.agenda.get(SHOP, Kind.EXPORTS.value)
    assert due
    assert due.due_at == later(365)


def test_a_run_that_dies_at_any_call_leaves_one_archive_and_one_entry() -> None:
    """Before and after each of them; the repetition ends as the first would have."""

    def world() -> tuple[Desk, Calls]:
        calls = Calls()
        desk = Desk()
        desk.send(1)
        desk.send(2)
        desk.file()
        desk.watch = calls.of
        begin = desk.archives.upload
        desk.archives.upload = lambda key: calls.of(begin(key))  # type: ignore[method-assign]  # each piece counts
        return desk, calls

    worlds = crashes(world, lambda it: it[0].run(), lambda it: it[1])

    assert len(worlds) > 20
    for desk, _ in worlds:
        assert len(desk.opened().data["messages"]) == 2
        assert [entry.draft.action for entry in desk.ledger.chains[SHOP]] == [Action.ARCHIVE_MADE]
        assert desk.requests.rows[REQUEST].records == 2


def test_somebody_who_changed_the_request_meanwhile_is_no_hindrance(desk: Desk) -> None:
    """An extension, say: it stays, and the archive is told of all the same."""
    desk.send()
    desk.file()
    look, extended = desk.persons.standing, replace(desk.requests.rows[REQUEST], extended="complexity", version=2)

    def standing(subject: Any) -> Any:
        desk.requests.rows[REQUEST] = extended
        return look(subject)

    desk.persons.standing = standing  # type: ignore[method-assign]  # somebody is quicker

    desk.run()

    there = desk.requests.rows[REQUEST]
    assert (there.extended, there.records) == ("complexity", 1)
    assert len(desk.ledger.chains[SHOP]) == 1


def test_an_erasure_that_begins_meanwhile_leaves_no_archive(desk: Desk) -> None:
    """Its branch may have been there already: what was read before is thrown away, and the next run tells of it."""
    desk.send()
    desk.file()
    of_person = desk.requests.of_person

    def blocked(subject: Any) -> Any:
        desk.persons.block(SHOP, subject, NOON)
        return of_person(subject)

    desk.requests.of_person = blocked  # type: ignore[method-assign]  # somebody is quicker

    assert desk.run() == Exported(more=True)
    assert desk.archives.objects == {}
    assert desk.ledger.chains[SHOP] == []

    assert desk.run() == Exported()
    assert desk.opened().data["person"]["found"] == "erased"


@pytest.mark.parametrize(
    "more", [{"state": CaseState.CANCELLED}, {"state": CaseState.COMPLETED}, {"right": Right.ERASURE}]
)
def test_no_other_request_gets_an_archive(desk: Desk, more: dict[str, Any]) -> None:
    """A step that comes late, or by mistake, gives nobody anything."""
    desk.send()
    desk.file(**more)

    assert desk.run() == Exported()
    assert desk.archives.objects == {}


def test_portability_is_the_same_archive(desk: Desk) -> None:
    """Art. 20 is a part of Art. 15: docs/requests-archive.md says why nothing is taken out."""
    desk.send()
    data = valid(desk.answer(right=Right.PORTABILITY))

    assert data["request"]["subject_request_type"] == "portability"
    assert len(data["messages"]) == 1


def test_without_time_nothing_is_left_behind(desk: Desk) -> None:
    """An operator is told; nobody sees half an archive."""
    for number in range(1, BATCH):
        desk.send(number)
    desk.file()

    with pytest.raises(NoTimeError):
        desk.run(left=timedelta(seconds=30))

    assert desk.archives.objects == {}


def test_a_missing_key_is_not_no_data(desk: Desk) -> None:
    """It fails closed: an archive that says `nothing` would be a lie."""
    desk.send()
    desk.file()
    desk.vault.lose(desk.subject())

    with pytest.raises(MissingKeyError):
        desk.run()
    assert desk.archives.objects == {}


def test_nobody_and_somebody_of_few_messages_do_not_differ_in_size(desk: Desk) -> None:
    """Who sees the bucket, or the traffic, does not see whether the number is known."""
    sizes = set()
    for count in (0, 1, 40):
        desk = Desk()
        for number in range(1, count + 1):
            desk.send(number, text=f"Your parcel number {number} of {hash(number)} is here")
        desk.file()
        desk.run()
        sizes.add(desk.archives.size(REQUEST))

    assert len(sizes) == 1


def test_what_is_stored_is_sealed(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Neither number nor text is in the object, nor is it a ZIP to anybody; nothing is logged."""
    caplog.set_level(logging.DEBUG)
    desk.send(text="a secret text")
    desk.file()
    desk.run()

    stored = desk.archives.objects[REQUEST]
    for clear in (b"secret", ALICE.reveal().encode(), b"PK\x03\x04", b"data.json"):
        assert clear not in stored
    assert caplog.records == []


def test_a_second_archive_has_another_salt(desk: Desk) -> None:
    """Nonces are counters: the same key twice would be two texts under one nonce."""
    desk.file()
    desk.run()
    first = desk.archives.objects[REQUEST]
    desk.requests.rows[REQUEST] = replace(desk.requests.rows[REQUEST], records=None)
    desk.run()

    second = desk.archives.objects[REQUEST]
    header = io.BytesIO(first).read(49)
    assert second[:49] != header
    assert second[:17] == header[:17]
    assert second[49:65] != first[49:65]

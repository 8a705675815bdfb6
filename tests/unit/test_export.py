"""A person's archive: what is in it, what is not, and that making it twice makes one."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.datamap.entry import About
from fugace.datamap.fields import ROWS, entries
from fugace.domain.case import CaseKey, CaseState, Right
from fugace.domain.hold import Ground, Hold, HoldState
from fugace.domain.ids import MessageId
from fugace.domain.message import Category, Change, Evidence, OnUnknown, Status
from functions.dsar.archive import content
from functions.dsar.archive.export import Exported
from tests.exporting import REQUEST, SCHEMA, Desk, later, valid
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP, key_number

OTHER = CaseKey(SHOP, "0190d0d0-0000-4000-8000-000000000002")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def a_hold(**more: Any) -> Hold:
    usual = Hold(SHOP, "hold_aaaaaaaaaaaaaaaa", Ground.CLAIM, NOON, "key_aaaaaaaa", later(90), HoldState.HELD)
    return replace(usual, **more)


# What the map says, and nothing else.


def test_export_and_map_name_the_same_things() -> None:
    """Both ways: what is erased and not exported, or exported and not erased, cannot be."""
    exported = {row: {each.exported for each in entries(row).values() if each.exported} for row in ROWS}
    read = {section.row: set(section.names) - set(section.beside) for section in content.SECTIONS}

    assert read == {row: names for row, names in exported.items() if names}


def test_what_is_told_beside_is_nothing_that_the_map_keeps_back() -> None:
    """Or the exceptions would be the way around it."""
    for section in content.SECTIONS:
        personal = {name: each for name, each in entries(section.row).items() if each.about is About.RECIPIENT}
        kept_back = {word for name, each in personal.items() if not each.exported for word in (name, each.name)}
        assert not kept_back & set(section.beside)
    assert {section.name: section.beside for section in content.SECTIONS if section.beside} == {
        "messages": ("text_state",),  # what became of the text
        "person": ("found",),
        "holds": ("id", "ground", "state", "since", "until"),  # what a message's `holds` lead to
    }


@pytest.mark.parametrize("wrong", [{}, {"id": "x", "print": "y"}])
def test_a_reader_that_departs_from_the_map_cannot_write(wrong: dict[str, str]) -> None:
    """It fails before anybody is given too much, or too little."""
    with pytest.raises(content.DisagreementError, match="messages"):
        content.MESSAGES.shape(wrong)


def test_each_section_has_its_columns_and_the_schema_has_the_same(desk: Desk) -> None:
    """data.json, its schema and the tables."""
    desk.send()
    opened = desk.answer()
    schema = json.loads(SCHEMA.read_text())

    assert tuple(opened.data["messages"][0]) == tuple(opened.table("messages")[0]) == content.MESSAGES.names
    assert set(schema["$defs"]["message"]["properties"]) == set(content.MESSAGES.names)
    assert set(schema["$defs"]["request"]["properties"]) == set(content.REQUESTS.names)
    assert set(schema["properties"]["person"]["properties"]) == set(content.PERSON.names)
    assert set(schema["properties"]["holds"]["items"]["properties"]) == set(content.HOLDS.names)
    assert set(opened.files) == {"data.json", "index.html", *(f"{each.name}.csv" for each in content.SECTIONS)}


# A small archive, field by field.


def test_a_small_archive(desk: Desk) -> None:
    """Golden: whoever changes what a person is given changes this."""
    key = desk.vault.keys_for(SHOP, [ALICE])[desk.subject()]
    record = desk.send(
        text="Zażółć",
        status=(Status.ACCEPTED, Status.SUBMITTED),
        sender="Shop",
        campaign="spring",
        carrier="postbox",
        carrier_ref="c-77",
        category=Category.MARKETING,
        on_unknown=OnUnknown.AT_LEAST_ONCE,
        encoding="UCS-2",
        segments=2,
        live=False,
        parts={2: Status.DELIVERED, 1: Status.DELIVERED},
    )
    assert key
    sealed = replace(record.sealed, reference=key.seal(str(record.key), "reference", "order 7"))
    handset = Change(Status.DELIVERED, NOON + timedelta(minutes=2), Evidence.HANDSET, "000")
    desk.messages.rows[record.key] = replace(record, sealed=sealed).changed(handset)
    desk.file(OTHER, right=Right.RECTIFICATION, state=CaseState.DENIED, reason="other", extended="complexity")
    desk.persons.object(SHOP, desk.subject(), NOON)

    data = valid(desk.answer())

    information = data.pop("information")
    assert data == {
        "format": "fugace-data/1",
        "exported_at": "2026-01-15T12:00:00.000Z",
        "tenant": {"id": SHOP, "name": "The shop"},
        "request": {
            "subject_request_id": REQUEST.id,
            "subject_request_type": "access",
            "state": "running",
            "submitted_time": "2026-01-14T12:00:00.000Z",
            "received_time": "2026-01-15T11:00:00.000Z",
            "due_at": "2026-02-14T12:00:00.000Z",
            "identity": "attested",
            "subject": desk.subject(),
            "reason": None,
            "extended": None,
        },
        "number": ALICE.reveal(),
        "person": {
            "subject": desk.subject(),
            "erasing_since": None,
            "erased_at": None,
            "restricted_since": None,
            "objected_at": "2026-01-15T12:00:00.000Z",
            "found": "yes",
        },
        "requests": [
            {
                **data["request"],
                "subject_request_id": OTHER.id,
                "subject_request_type": "rectification",
                "state": "denied",
                "reason": "other",
                "extended": "complexity",
            }
        ],
        "messages": [
            {
                "id": record.key.id,
                "subject": desk.subject(),
                "to": ALICE.reveal(),
                "text": "Zażółć",
                "reference": "order 7",
                "send_at": "2026-01-15T12:00:00.000Z",
                "status": "delivered",
                "history": [
                    change(1, "accepted", "12:00"),
                    change(2, "submitted", "12:01"),
                    {**change(3, "delivered", "12:02"), "evidence": "handset", "code": "000"},
                ],
                "encoding": "UCS-2",
                "segments": 2,
                "category": "marketing",
                "carrier": "postbox",
                "on_unknown": "at_least_once",
                "validity": "P2D",
                "expires_at": "2026-07-15T12:00:00.000Z",
                "content_until": "2026-01-22T12:00:00.000Z",
                "live": False,
                "sender": "Shop",
                "campaign": "spring",
                "carrier_reference": "c-77",
                "parts": [{"part": 1, "status": "delivered"}, {"part": 2, "status": "delivered"}],
                "holds": [],
                "text_state": "kept",
            }
        ],
        "holds": [],
    }
    assert information["controller"] == {"id": SHOP, "name": "The shop"}
    assert information["retention"] == {
        "record": "P6M",
        "content": "P7D",
        "objections": "P12M",
        "cases": "P12M",
        "exports": "P12M",
    }
    assert [each["name"] for each in information["recipients"]] == ["postbox", "Amazon Web Services"]
    assert information["recipients"][0]["region"] == "where postbox is"
    assert information["recipients"][0]["keeps"] == "what postbox keeps"
    assert [each["section"] for each in information["purposes"]] == ["messages", "person", "requests", "holds"]
    assert len(information["rights"]) == 5


def change(number: int, status: str, at: str) -> dict[str, Any]:
    return {
        "sequence": number,
        "status": status,
        "at": f"2026-01-15T{at}:00.000Z",
        "evidence": "platform",
        "code": None,
    }


# What is there, and what is not.


def test_nobody_elses(desk: Desk) -> None:
    """I8, and every other person of the same tenant."""
    desk.send(1)
    desk.send(2, BOB)
    record = desk.send(3)
    theirs = key_number(4, BAKERY)
    desk.messages.rows[theirs] = replace(record, key=theirs, subject=desk.vault.subject(BAKERY, ALICE))
    desk.file(OTHER, BOB)

    data = valid(desk.answer())

    assert [each["id"] for each in data["messages"]] == [key_number(1).id, key_number(3).id]
    assert data["requests"] == []


def test_erased_expired_and_none_are_told_apart_in_texts(desk: Desk) -> None:
    """A text that is over is not given, even if it is still stored (I4)."""
    desk.send(1, text="still here")
    desk.send(2, text="over", content_until=NOON)
    gone = desk.send(3, text="handed over")
    desk.messages.rows[gone.key] = replace(gone, sealed=replace(gone.sealed, text=None))

    opened = desk.answer()

    told = {each["id"]: (each["text"], each["text_state"]) for each in valid(opened)["messages"]}
    assert told == {
        key_number(1).id: ("still here", "kept"),
        key_number(2).id: (None, "expired"),
        key_number(3).id: (None, "removed"),
    }
    assert "its time is over" in opened.page
    assert "deleted when the message had left" in opened.page


def test_a_message_that_is_over_is_not_there(desk: Desk) -> None:
    """Whether or not the database has removed it (I4): by its stamp, and by a shorter policy since."""
    desk.send(1, expires_at=NOON)
    desk.send(2, at=later(-200))
    desk.send(3)

    assert [each["id"] for each in valid(desk.answer())["messages"]] == [key_number(3).id]


def test_nobody_is_no_match(desk: Desk) -> None:
    """And the request itself is no trace of somebody."""
    opened = desk.answer()

    assert valid(opened)["person"]["found"] == "no_match"
    assert valid(opened)["person"]["subject"] is None
    assert "There are no data about this number." in opened.page


def test_an_erased_person_is_told_when(desk: Desk) -> None:
    """The tombstone is what is left, and the person may know of it."""
    desk.send()
    epoch = desk.persons.block(SHOP, desk.subject(), NOON)
    desk.persons.bury(desk.subject(), epoch, NOON)

    opened = desk.answer()

    person = valid(opened)["person"]
    assert (person["found"], person["erased_at"]) == ("erased", "2026-01-15T12:00:00.000Z")
    assert valid(opened)["messages"] == []
    assert "erased on 2026-01-15 12:00 UTC" in opened.page


def test_an_erasure_under_way_leaves_nothing_to_read(desk: Desk) -> None:
    """The rows are still there, and nobody may open them."""
    desk.send()
    desk.persons.block(SHOP, desk.subject(), NOON)

    opened = desk.answer()

    person = valid(opened)["person"]
    assert (person["found"], person["erasing_since"]) == ("erased", "2026-01-15T12:00:00.000Z")
    assert valid(opened)["messages"] == []
    assert "are being erased" in opened.page


def test_a_request_that_an_erasure_has_unlinked_says_that_it_is_gone(desk: Desk) -> None:
    """Nobody can tell any more whose it was."""
    desk.send()
    desk.file()
    desk.requests.unlink(REQUEST)

    desk.run()

    data = valid(desk.opened())
    assert (data["number"], data["person"]["found"], data["messages"]) == (None, "erased", [])


def test_a_request_whose_key_went_with_its_person_ends_without_an_archive(desk: Desk) -> None:
    """An erasure takes keys of the person's other requests: nothing can be sealed, and nobody is to be paged for it."""
    desk.send()
    desk.file()
    desk.seals.destroy(REQUEST)
    desk.requests.unlink(REQUEST)

    assert desk.run() == Exported()
    assert desk.archives.objects == {}
    assert desk.requests.rows[REQUEST].records is None


def test_somebody_who_came_back_gets_what_is_new(desk: Desk) -> None:
    """What is bound to an erased epoch stays dead."""
    desk.send(1)
    desk.vault.destroy(desk.subject())
    desk.send(2)

    data = valid(desk.answer())

    assert [each["id"] for each in data["messages"]] == [key_number(2).id]
    assert data["person"]["found"] == "yes"


def test_restricted_data_are_given_to_their_person(desk: Desk) -> None:
    """Art. 18 keeps them from everybody else."""
    desk.send()
    desk.persons.restrict(SHOP, desk.subject(), NOON)

    opened = desk.answer()

    assert len(valid(opened)["messages"]) == 1
    assert valid(opened)["person"]["restricted_since"] == "2026-01-15T12:00:00.000Z"
    assert "kept and not used" in opened.page


def test_what_a_hold_keeps_is_told_with_the_hold(desk: Desk) -> None:
    """Also past its time, text and all: it is kept, so the person may know."""
    hold = a_hold(message=MessageId(key_number(1).id))
    on_all = a_hold(id="hold_bbbbbbbbbbbbbbbb", ground=Ground.AUTHORITY)
    on_other = a_hold(id="hold_cccccccccccccccc", subject=desk.subject(BOB))
    for each in (hold, on_all, on_other):
        desk.holds.rows[SHOP, each.id] = each
    desk.send(1, at=later(-200), held=frozenset({hold.id, on_all.id}), content_until=later(-190))
    desk.send(2, at=later(-200))

    opened = desk.answer()
    data = valid(opened)

    assert [(each["id"], each["text"], each["holds"]) for each in data["messages"]] == [
        (key_number(1).id, "Your parcel is here", [hold.id, on_all.id])
    ]
    assert [(each["id"], each["message"], each["subject"]) for each in data["holds"]] == [
        (hold.id, key_number(1).id, None),
        (on_all.id, None, None),
    ]
    assert "kept for a legal reason" in opened.page


def test_a_hold_on_the_person_is_told_even_if_nothing_is_held(desk: Desk) -> None:
    """It was set on them."""
    desk.holds.rows[SHOP, "hold_aaaaaaaaaaaaaaaa"] = a_hold(subject=desk.subject())

    data = valid(desk.answer())

    assert (data["person"]["found"], data["holds"][0]["subject"]) == ("yes", desk.subject())


def test_a_carrier_that_never_got_a_message_is_no_recipient(desk: Desk) -> None:
    """Art. 15(1)(c): to whom they have been disclosed, by name; one that is not configured any more as well."""
    desk.send(1, status=(Status.ACCEPTED, Status.CANCELLED), carrier="simulator")
    desk.send(2, status=(Status.ACCEPTED, Status.QUEUED), carrier="bygone")

    names = [each["name"] for each in valid(desk.answer())["information"]["recipients"]]

    assert names == ["bygone", "Amazon Web Services"]


def test_many_messages_are_read_page_by_page_and_none_is_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Oldest first."""
    monkeypatch.setattr("functions.dsar.archive.export.PAGE", 150)
    for number in range(1, 452):
        desk.send(number, at=NOON - timedelta(seconds=1000 - number))

    opened = desk.answer()

    ids = [each["id"] for each in opened.data["messages"]]
    assert ids == [key_number(number).id for number in range(1, 452)]
    assert [row["id"] for row in opened.table("messages")] == ids


def test_a_page_of_thousands_shows_the_newest_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser has to bear it."""
    monkeypatch.setattr("functions.dsar.archive.page.MOST", 2)
    for number in range(1, 5):
        desk.send(number, text=f"text {number}", at=NOON - timedelta(hours=10 - number))

    page = desk.answer().page

    assert "The newest 2 of 4 are shown here." in page
    assert ("text 2" in page, "text 3" in page) == (False, True)


# Tables and pages harm nobody.


@pytest.mark.parametrize("nasty", ["=1+1", "+33", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u200b=1", "＝1"])  # noqa: RUF001  # the point
def test_no_cell_is_a_formula(desk: Desk, nasty: str) -> None:
    """A spreadsheet would run it; data.json has it as it is."""
    desk.send(text=nasty)
    opened = desk.answer()

    assert opened.table("messages")[0]["text"] == f"'{nasty}"
    assert opened.data["messages"][0]["text"] == nasty
    assert opened.table("messages")[0]["to"] == f"'{ALICE.reveal()}"


def test_a_table_bears_what_a_text_may_hold(desk: Desk) -> None:
    """Lines, quotes and commas."""
    desk.send(text='one, "two"\nthree')

    assert desk.answer().table("messages")[0]["text"] == 'one, "two"\nthree'


def test_a_page_runs_nothing_that_was_received(desk: Desk) -> None:
    """No script, no picture, nothing from elsewhere: what a message says is text."""
    nasty = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    desk.tenants.tenants[SHOP] = replace(desk.tenants.tenants[SHOP], name="<b>Shop & Co</b>")
    desk.send(text=nasty, carrier="<i>")

    page = desk.answer().page

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;Shop &amp; Co&lt;/b&gt;" in page
    for bad in ("<script", "<img", "<b>", "<i>", "http://", "https://", "url(", "@import", "<link", "javascript:"):
        assert bad not in page

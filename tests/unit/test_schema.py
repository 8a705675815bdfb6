"""What a tenant may ask for, and how it is told that it may not."""

import json
from datetime import timedelta

import pytest

from fugace.domain.errors import BadRequestError, FugaceError, InvalidNumberError
from fugace.domain.message import Category, OnUnknown
from functions.send.schema import Wish, canonical, check_text, wishes
from tests.fakes import ALICE, NOON

NUMBER = ALICE.reveal()
PLAIN = {"to": NUMBER, "text": "Your parcel is here", "category": "transactional"}


def read(**fields: object) -> object:
    return wishes(json.dumps({**PLAIN, **fields}).encode(), NOON)


def wish(**fields: object) -> Wish:
    found = read(**fields)
    assert isinstance(found, Wish)
    return found


def refusal(**fields: object) -> dict[str, str]:
    """Pointers and reasons."""
    found = read(**fields)
    assert isinstance(found, FugaceError)
    return {error.pointer: error.reason for error in found.errors}


def test_a_message_needs_a_number_a_text_and_a_category_and_no_more() -> None:
    """The three fields of a first SMS."""
    assert wish() == Wish(at="", to=ALICE, text="Your parcel is here", category=Category.TRANSACTIONAL)


@pytest.mark.parametrize("missing", PLAIN)
def test_each_of_the_three_is_required(missing: str) -> None:
    """A category above all: what is lawful to send depends on it."""
    body = {field: value for field, value in PLAIN.items() if field != missing}
    found = wishes(json.dumps(body).encode(), NOON)

    assert isinstance(found, BadRequestError)
    assert found.errors[0].pointer == f"/{missing}"


def test_every_field_is_read() -> None:
    """A field that is taken and forgotten is worse than one that is refused."""
    found = wish(
        sender="FUGACE",
        reference="order-17",
        campaign="spring:2026",
        send_at="2026-01-16T13:00:00+01:00",
        validity="PT6H",
        max_segments=3,
        on_unknown="at_least_once",
    )

    assert (found.sender, found.reference, found.campaign) == ("FUGACE", "order-17", "spring:2026")
    assert found.send_at == NOON + timedelta(days=1)
    assert (found.validity, found.max_segments) == (timedelta(hours=6), 3)
    assert found.on_unknown is OnUnknown.AT_LEAST_ONCE


def test_an_optional_field_may_be_null() -> None:
    """Many clients write every field they know."""
    names = ("sender", "reference", "campaign", "send_at", "validity", "max_segments", "on_unknown")

    assert wish(**dict.fromkeys(names)) == wish()


def test_an_unknown_field_is_refused() -> None:
    """A misspelt `send_at` must not send at once."""
    assert refusal(sendAt="2026-01-16T12:00:00Z") == {"/sendAt": "unknown field"}


def test_a_code_is_worth_nothing_after_ten_minutes() -> None:
    """By then it has been asked for again; anything else may take two days."""
    assert wish(category="otp").validity == timedelta(minutes=10)
    assert wish(category="marketing").validity == timedelta(days=2)


@pytest.mark.parametrize("category", Category)
def test_nothing_is_sent_twice_unless_asked_for(category: Category) -> None:
    """Invariant I6: the default is at most once, for each category."""
    assert wish(category=category.value).on_unknown is OnUnknown.AT_MOST_ONCE


@pytest.mark.parametrize("to", ["0639980001", "+3363998", NUMBER + "x", "", "+33639980001;ext=5", f"call {NUMBER}"])
def test_what_is_not_a_number_is_refused_as_such(to: str) -> None:
    """A code of its own: it is what fails most, and what a client handles apart."""
    found = read(to=to)

    assert isinstance(found, InvalidNumberError)
    assert [error.pointer for error in found.errors] == ["/to"]


def test_a_number_may_be_written_as_people_write_it() -> None:
    """Spaces and hyphens are how it stands in an address book."""
    assert wish(to="+33 6 39-98.00 01").to == ALICE


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Nobody should have to ask five times."""
    found = refusal(to="x", text="", sender="a b", validity="P1Y", send_at="2026-01-15T11:58:00Z")

    assert found.keys() == {"/to", "/text", "/sender", "/validity", "/send_at"}
    assert isinstance(read(to="x", text=""), BadRequestError)


@pytest.mark.parametrize("sender", ["ab", "SHOP 24", "TWELVELETTERS", "12", "1234567890123456", "é24", ""])
def test_a_sender_that_networks_refuse_is_refused_here(sender: str) -> None:
    """3 to 11 letters and digits, or a number; a carrier would say so too late."""
    assert "/sender" in refusal(sender=sender)


@pytest.mark.parametrize("sender", ["SHOP", "Shop24h", "36180", "3615", "ELEVENCHARS"])
def test_usual_senders_are_taken(sender: str) -> None:
    """Brand names and short codes."""
    assert wish(sender=sender).sender == sender


@pytest.mark.parametrize("field", ["reference", "campaign"])
@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "café", NUMBER, "33639980001"])
def test_a_name_that_somebody_is_known_by_is_refused(field: str, name: str) -> None:
    """Names travel to webhooks and into queries, where no number may be."""
    assert f"/{field}" in refusal(**{field: name})


@pytest.mark.parametrize(
    ("send_at", "taken"),
    [
        ("2026-01-15T11:59:00Z", True),
        ("2026-01-15T11:58:59Z", False),
        ("2026-01-22T12:00:00Z", True),
        ("2026-01-22T12:00:01Z", False),
        ("2026-01-16T12:00:00", False),
        ("2026-01-16", False),
        ("9999-12-31T23:59:59-23:59", False),
        ("0001-01-01T00:00:00+23:59", False),
        (1768500000, False),
    ],
)
def test_a_message_may_be_due_from_now_to_seven_days_ahead(send_at: object, taken: bool) -> None:  # parametrised
    """Clocks differ by a minute; a time without its zone is a guess."""
    assert isinstance(read(send_at=send_at), Wish) is taken


def test_a_moment_just_past_means_now() -> None:
    """Else it would be sorted before what was accepted earlier."""
    assert wish(send_at="2026-01-15T11:59:30Z").send_at is None


@pytest.mark.parametrize("validity", ["PT5M", "P3D", "PT72H", "PT300S", "P1DT2H"])
def test_a_validity_may_last_from_five_minutes_to_three_days(validity: str) -> None:
    """What carriers can keep."""
    assert timedelta(minutes=5) <= wish(validity=validity).validity <= timedelta(days=3)


@pytest.mark.parametrize("validity", ["PT4M59S", "P3DT1S", "P1M", "P1MT1H", "2 days", "", "P", "P99999W", "-P1D"])
def test_any_other_validity_is_refused(validity: str) -> None:
    """A month has no length of its own."""
    assert "/validity" in refusal(validity=validity)


@pytest.mark.parametrize(
    "fields",
    [
        {"max_segments": 0},
        {"max_segments": 11},
        {"max_segments": "3"},
        {"text": "x" * 4097},
        {"category": "spam"},
        {"on_unknown": "maybe"},
        {"to": 33639980001},
    ],
)
def test_a_value_of_another_kind_or_size_is_refused(fields: dict[str, object]) -> None:
    """Read once, at the edge; nothing behind it has to doubt."""
    assert list(refusal(**fields)) == [f"/{next(iter(fields))}"]


@pytest.mark.parametrize("text", ["a\x00b", "", "esc\x1b"])
def test_what_no_handset_can_show_is_refused(text: str) -> None:
    """Before it is kept, not when a carrier trips over it."""
    assert "/text" in refusal(text=text)
    with pytest.raises(BadRequestError):
        check_text(text)


def test_a_half_surrogate_pair_is_not_json() -> None:
    """It cannot be written in UTF-8, so it could not even be sealed."""
    body = b'{"to": "+33639980001", "category": "otp", "text": "\\ud83d"}'

    with pytest.raises(BadRequestError):
        wishes(body, NOON)


def test_one_bad_item_of_a_batch_stands_beside_the_good_ones() -> None:
    """Its pointer says which, so that the client need not count."""
    body = {"messages": [PLAIN, {**PLAIN, "to": "x"}, "nonsense", {**PLAIN, "extra": 1}]}
    found = wishes(json.dumps(body).encode(), NOON)

    assert isinstance(found, list)
    assert isinstance(found[0], Wish)
    pointers = [error.errors[0].pointer for error in found if isinstance(error, FugaceError)]
    assert pointers == ["/messages/1/to", "/messages/2", "/messages/3/extra"]


NEITHER = [
    b"",
    b"[]",
    b"null",
    b"{",
    b'{"messages": []}',
    b'{"messages": {}}',
    b'{"messages": [1], "to": "x"}',
    b"\xff",
]
TOO_MANY = b'{"messages": [' + b",".join([b"{}"] * 101) + b"]}"


@pytest.mark.parametrize("body", [*NEITHER, TOO_MANY])
def test_a_body_that_is_neither_form_is_refused_as_a_whole(body: bytes) -> None:
    """There is nothing to answer item by item."""
    with pytest.raises(BadRequestError):
        wishes(body, NOON)


def test_deep_nesting_is_refused_and_not_a_bug() -> None:
    """A stranger's 200,000 brackets must not be an error of ours."""
    body = b'{"messages": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}"

    with pytest.raises(BadRequestError):
        canonical(body)


def test_the_same_request_written_otherwise_is_the_same() -> None:
    """Order of fields, spaces and escapes are the JSON library's choice, not the client's."""
    assert canonical(b'{"to": "\\u00e9", "text": "x"}') == canonical('{"text":"x","to":"é"}'.encode())


def test_another_request_is_another() -> None:
    """Even by one character."""
    assert canonical(b'{"text": "x"}') != canonical(b'{"text": "y"}')

"""What a message is in the table: its size, its names, and that nothing in it can be read."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from fugace.adapters.dynamo.attributes import Pseudonym, Sealed
from fugace.adapters.dynamo.lines import read_change, write_change
from fugace.adapters.dynamo.messages import DynamoMessages, read_image
from fugace.adapters.dynamo.rows import write_record
from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
from fugace.adapters.dynamo.tables.messages import MessageItem
from fugace.adapters.keyring import Keyring
from fugace.adapters.vault import KeyVault
from fugace.domain.message import Change, Evidence, Record, Status
from tests.contract.aws.conftest import World
from tests.fakes import ALICE, FIRST, NOON, SHOP, FakeClock, sealed_record

STATES = [Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED, Status.DELIVERED]
PARCEL = (
    "Hello Camille, your parcel from the shop has left our warehouse in Lyon and will arrive tomorrow between 8 and "
    "12. If nobody is at home our driver leaves it with a neighbour. "
)
PROSE = (
    "Dear customer, the works on the line between Lyon Part-Dieu and Grenoble begin on Monday 19 January and last "
    "three weeks. Trains before 6:30 and after 21:15 are replaced by coaches, which leave from the square in front of "
    "the station and take forty minutes longer. Your ticket stays valid, and seats need not be booked again. Bicycles "
    "cannot be carried on coaches. Whoever would rather not travel gets the full price back: answer YES to this "
    "message before Friday noon, and the amount is on your account within five working days. For everything else our "
    "colleagues are there for you from 7 to 22 on the number printed on your ticket. We are sorry for the trouble, and "
    "thank you for your patience. Your railway company."
)[:700]


def size(item: dict[str, dict[str, Any]]) -> int:
    """Bytes of an item as DynamoDB counts them: names and values, 3 for a list or map and 1 for each entry.

    Source:
        Amazon DynamoDB developer guide, "DynamoDB item sizes and formats".
    """
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(typed: dict[str, Any]) -> int:
    kind, value = next(iter(typed.items()))
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        digits = value.strip("-").strip("0") or "0"
        return (len(digits) + 1) // 2 + 1
    if kind == "L":
        return 3 + sum(1 + _value(each) for each in value)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value(each) for name, each in value.items())
    return 1 if kind == "BOOL" else len(value)


@pytest.fixture
def vault(keyring: Keyring, subject_keys: DynamoSubjectKeys) -> KeyVault:
    return KeyVault(keyring, subject_keys)


def final(vault: KeyVault, text: str, **more: Any) -> Record:
    """A message at its end, with all that a usual client sends."""
    record = sealed_record(
        vault,
        text=text,
        status=STATES,
        sender="TheShop",
        fingerprint=bytes(range(32)),
        carrier_ref="8f14e45f-ceea-467f-a1f2-0b6f3c1d2e3f",
        **more,
    )
    return replace(record, history=(*record.history[:-1], Change(Status.DELIVERED, NOON, Evidence.HANDSET, "000")))


@pytest.mark.parametrize("text", [PARCEL[:160], "".join(chr(33 + number * 37 % 90) for number in range(160))])
def test_a_message_of_160_characters_costs_one_write_unit_with_room_to_spare(vault: KeyVault, text: str) -> None:
    """B11: 700 bytes at most, at its end, with sender, idempotency fingerprint and carrier's id; prose or not."""
    assert len(text) == 160

    assert size(write_record(final(vault, text)).serialize()) <= 700


def test_a_message_of_700_characters_costs_one_write_unit(vault: KeyVault) -> None:
    """B11: 1,024 bytes at most, for prose. Above that, each of its four writes would cost two."""
    assert len(PROSE) == 700

    assert size(write_record(final(vault, PROSE, segments=5)).serialize()) <= 1_024


def test_a_row_in_hand_is_no_larger_than_at_its_end(world: World, vault: KeyVault, clock: FakeClock) -> None:
    """A claim takes the room of what comes after it, so that its two writes cost no more than the others (B10)."""
    messages = DynamoMessages(world.aws, "messages", clock)
    end = final(vault, PROSE, segments=5)
    messages.add(replace(end, history=end.history[:1], carrier_ref=""))

    assert messages.claim(FIRST, NOON, stale=NOON)

    (row,) = world.rows("messages")
    assert "claimed" in row
    assert size(row) < size(write_record(end).serialize())


def test_nothing_personal_is_readable_in_a_row(vault: KeyVault) -> None:
    """Number and text are sealed, and no name of an attribute or value around them gives them away."""
    record = final(vault, f"Call {ALICE.reveal()}")

    row = repr(write_record(record).serialize())

    assert str(FIRST) in row
    for secret in (ALICE.reveal()[1:], "Call"):
        assert secret not in row
        assert base64.b64encode(secret.encode()).decode()[:8] not in row


def test_a_row_does_not_print_what_is_in_it(vault: KeyVault) -> None:
    """A model in a traceback or a debugger's line shows its kind alone."""
    record = final(vault, "Bonjour")

    assert record.subject not in repr(write_record(record))


def test_what_is_personal_in_a_message_is_declared_so() -> None:
    """One declaration per attribute: the personal-data map starts from these."""
    personal = {name for name, kind in MessageItem.get_attributes().items() if isinstance(kind, Sealed | Pseudonym)}

    assert personal == {"subject", "to", "text", "reference", "carrier_ref"}


def test_indexes_hold_keys_alone() -> None:
    """Else each change of state would be written three times (B10)."""
    schema = MessageItem._get_schema()

    assert {
        index["index_name"]: (
            index["projection"],
            {key["AttributeName"]: key["KeyType"] for key in index["key_schema"]},
        )
        for index in schema["global_secondary_indexes"]
    } == {
        "by-subject": ({"ProjectionType": "KEYS_ONLY"}, {"subject": "HASH", "at": "RANGE"}),
        "by-time": ({"ProjectionType": "KEYS_ONLY"}, {"shard": "HASH", "at": "RANGE"}),
        "by-content": ({"ProjectionType": "KEYS_ONLY"}, {"brief": "HASH", "text_until": "RANGE"}),
    }


# History and stream.


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("evidence", Evidence)
def test_every_state_and_evidence_can_be_written_down(status: Status, evidence: Evidence) -> None:
    """A word added to the domain must not be lost in the table."""
    for code in ("", "000", "DLR.1_x-y"):
        change = Change(status, NOON, evidence, code)
        assert read_change(write_change(change)) == change


def as_lambda_gives_it(item: dict[str, Any]) -> dict[str, Any]:
    """A stream's image: JSON, so bytes are base64 text."""
    return {
        name: {kind: base64.b64encode(value).decode() if kind == "B" else value for kind, value in typed.items()}
        for name, typed in item.items()
    }


def test_a_streams_image_is_read_as_the_record_it_shows(vault: KeyVault) -> None:
    """The relay decides by it what to set going."""
    record = final(vault, "Bonjour")
    record = replace(record, parts={2: Status.DELIVERED}, sealed=replace(record.sealed, reference=b"\x01r"))

    assert read_image(as_lambda_gives_it(write_record(record).serialize())) == record


@pytest.mark.parametrize(
    "change",
    [
        {"log": {"L": [{"S": "zz12"}]}},
        {"pk": {"S": "no key"}},
        {"kind": {"S": "+33639980001"}},
        {"at": {"N": "soon"}},
        {"log": {"L": []}},
        {"to": {"S": "+33639980001"}},
        {"to": {"B": "***"}},
    ],
)
def test_an_image_that_cannot_be_read_is_refused_without_quoting_it(vault: KeyVault, change: Any) -> None:
    """The error goes to a log; the image may be anybody's."""
    image = as_lambda_gives_it(write_record(sealed_record(vault)).serialize()) | change

    with pytest.raises(ValueError, match="not a message's row") as refused:
        read_image(image)
    assert refused.value.__suppress_context__
    assert SHOP not in str(refused.value)

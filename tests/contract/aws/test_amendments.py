"""What a `fugace.rights.Amendments` promises; DynamoDB's and the fake alike."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from fugace.adapters.dynamo.amendments import DynamoAmendments
from fugace.adapters.dynamo.disposal import DynamoDisposal
from fugace.adapters.dynamo.messages import DynamoMessages
from fugace.adapters.dynamo.tables.messages import MessageItem
from fugace.domain.ids import MessageKey
from fugace.domain.message import Change, Record, Status
from fugace.keeping import Disposal
from fugace.ports import Messages
from fugace.rights import Amendments
from tests.contract.aws.conftest import World
from tests.fakes import BOB, FIRST, NOON, SHOP, FakeClock, FakeMessages, FakeVault, sealed_record
from tests.fakes_keeping import FakeDisposal
from tests.fakes_rights import FakeAmendments

SUBMITTED = Change(Status.SUBMITTED, NOON)
HOLD = "hold_aaaaaaaaaaaaaaaa"


@dataclass
class Kit:
    """Corrections, and the messages that they are made in."""

    amendments: Amendments
    messages: Messages
    disposal: Disposal
    strip: Callable[[], object]
    """What the purge does to a text; moto cannot."""
    lose: Callable[[], object]
    """And to a row."""

    def there(self, key: MessageKey = FIRST) -> Record | None:
        return self.messages.get(key)


@pytest.fixture(params=["fake", "dynamodb"])
def kit(request: pytest.FixtureRequest, clock: FakeClock) -> Kit:
    if request.param == "fake":
        messages = FakeMessages(clock)
        rows = messages.rows

        def strip() -> None:
            rows[FIRST] = replace(rows[FIRST], sealed=replace(rows[FIRST].sealed, text=None))

        return Kit(FakeAmendments(messages), messages, FakeDisposal(messages), strip, lambda: rows.pop(FIRST))
    aws = request.getfixturevalue("world").aws
    client, key = aws.client("dynamodb"), {"pk": {"S": str(FIRST)}}
    names = {"#text": MessageItem.text.attr_name}
    return Kit(
        DynamoAmendments(aws, "messages"),
        DynamoMessages(aws, "messages", clock),
        DynamoDisposal(aws, "messages"),
        strip=lambda: client.update_item(
            TableName="messages", Key=key, UpdateExpression="REMOVE #text", ExpressionAttributeNames=names
        ),
        lose=lambda: client.delete_item(TableName="messages", Key=key),
    )


VAULT = FakeVault()


def alices(**more: Any) -> Record:
    return sealed_record(VAULT, **more)


def bobs(seen: Record) -> Record:
    """The same message, to Bob."""
    other = sealed_record(VAULT, to=BOB, text="Your parcel is here")
    text = other.sealed.text if seen.sealed.text else None
    return replace(seen, subject=other.subject, epoch=7, sealed=replace(other.sealed, text=text, reference=b"\x01r"))


def test_a_message_goes_to_another_person_whole(kit: Kit) -> None:
    """Whose it is, the key's number and all that is sealed; found by the new person from then on."""
    seen = alices()
    kit.messages.add(seen)

    assert kit.amendments.readdress(seen, bobs(seen))

    assert kit.there() == bobs(seen)
    assert kit.disposal.of_subject(seen.subject, after=None, limit=9) == []
    assert [place.key for place in kit.disposal.of_subject(bobs(seen).subject, after=None, limit=9)] == [FIRST]
    assert not kit.amendments.readdress(seen, bobs(seen))


def test_what_has_no_text_any_more_gets_none(kit: Kit) -> None:
    """Its own period was over."""
    seen = alices()
    kit.messages.add(replace(seen, sealed=replace(seen.sealed, text=None)))
    bare = kit.there()
    assert bare

    assert kit.amendments.readdress(bare, bobs(bare))
    there = kit.there()
    assert there
    assert there.sealed.text is None


RIVALS: dict[str, Callable[[Kit], object]] = {
    "claimed": lambda kit: kit.messages.claim(FIRST, NOON, stale=NOON),
    "submitted": lambda kit: kit.messages.note(FIRST, SUBMITTED),
    "cancelled": lambda kit: kit.messages.note(FIRST, Change(Status.CANCELLED, NOON)),
    "held": lambda kit: kit.disposal.hold(FIRST, HOLD, NOON),
    "moved": lambda kit: kit.amendments.readdress(alices(), replace(bobs(alices()), epoch=9)),
    "without its text": lambda kit: kit.strip(),
    "gone": lambda kit: kit.lose(),
}


@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS.keys())
def test_what_is_not_as_seen_does_not_move(kit: Kit, rival: Callable[[Kit], object]) -> None:
    """In one conditional write: a hand-over that begins at the same time goes where it began to."""
    seen = alices()
    kit.messages.add(seen)
    rival(kit)
    before = kit.disposal.records([FIRST])

    assert not kit.amendments.readdress(seen, bobs(seen))

    assert kit.disposal.records([FIRST]) == before


def test_a_claim_that_was_let_go_has_begun_a_hand_over(kit: Kit) -> None:
    """It may be tried again at any moment."""
    seen = alices()
    kit.messages.add(seen)
    kit.messages.claim(FIRST, NOON, stale=NOON)
    kit.messages.release(FIRST, NOON)

    assert not kit.amendments.readdress(seen, bobs(seen))


def test_a_reference_is_replaced_and_nothing_else(kit: Kit) -> None:
    """Whatever state it is in: a change of state meanwhile is no reason not to."""
    seen = alices()
    kit.messages.add(seen)
    kit.messages.note(FIRST, SUBMITTED, carrier_ref="c-1")
    before = kit.there()
    assert before

    assert kit.amendments.refer(seen, b"\x01new")
    assert kit.amendments.refer(seen, b"\x01new")

    assert kit.there() == replace(before, sealed=replace(before.sealed, reference=b"\x01new"))


@pytest.mark.parametrize("rival", ["held", "moved", "gone"])
def test_a_reference_of_what_is_not_the_persons_any_more_stays(kit: Kit, rival: str) -> None:
    """It would be sealed with another person's key; and nothing is created."""
    seen = alices()
    kit.messages.add(seen)
    RIVALS[rival](kit)
    before = kit.disposal.records([FIRST])

    assert not kit.amendments.refer(seen, b"\x01new")

    assert kit.disposal.records([FIRST]) == before


def test_each_is_one_request(world: World, clock: FakeClock) -> None:
    """A conditional write, and no read before it."""
    messages, amendments = DynamoMessages(world.aws, "messages", clock), DynamoAmendments(world.aws, "messages")
    seen = alices()
    messages.add(seen)
    world.asked.clear()

    amendments.refer(seen, b"\x01new")
    amendments.readdress(seen, bobs(seen))

    assert world.asked == ["UpdateItem", "UpdateItem"]
    (row,) = world.rows("messages")
    assert row["subject"]["S"] == bobs(seen).subject
    assert SHOP in row["pk"]["S"]

"""Who may report, and where a report goes when the table cannot take it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from fugace.domain import callbacks
from fugace.domain.errors import NotFoundError, ReceiptRefusedError, UnavailableError
from fugace.domain.message import Status
from fugace.ports import Callback, Event
from functions.dlr.receive import Receiver, Taken
from functions.dlr.record import Outcome, Report, record
from tests.fakes import (
    FIRST,
    NOON,
    SECOND,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeQueue,
    FakeVault,
    report,
    sealed_record,
)

DELIVERED = {"status": "delivered"}


@dataclass
class Room:
    """A receiver and what it works with."""

    clock: FakeClock = field(default_factory=FakeClock)
    vault: FakeVault = field(default_factory=FakeVault)
    queue: FakeQueue = field(default_factory=FakeQueue)

    def __post_init__(self) -> None:
        sent = (Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED)
        records = [sealed_record(self.vault, key, status=sent) for key in (FIRST, SECOND)]
        self.messages = FakeMessages(self.clock, *records)
        self.receiver = Receiver({"simulator": FakeCarrier()}, self.vault, self.messages, self.queue, self.clock)

    def token(self, name: str = FIRST.reference, carrier: str = "simulator") -> str:
        return callbacks.token(self.vault.sign, carrier, name)

    def call(self, callback: Callback, token: str = "", carrier: str = "simulator") -> list[Outcome]:
        return [taken.outcome for taken in self.receiver.receive(carrier, token or self.token(), callback)]

    def status(self) -> Status:
        return self.messages.rows[FIRST].status


@pytest.fixture
def room() -> Room:
    return Room()


def test_the_url_names_the_message(room: Room) -> None:
    """Whatever the callback says: a carrier that repeats other ids must not move another message."""
    assert room.call(report({**DELIVERED, "reference": SECOND.reference})) == [Outcome.NOTED]
    assert room.status() is Status.DELIVERED
    assert room.messages.rows[SECOND].status is Status.SUBMITTED


def test_at_an_account_s_url_our_reference_names_the_message(room: Room) -> None:
    """Several reports may come in one call."""
    batch = report(
        {**DELIVERED, "reference": SECOND.reference}, {"status": "undeliverable", "reference": FIRST.reference}
    )

    assert room.call(batch, room.token(callbacks.ACCOUNT)) == [Outcome.NOTED, Outcome.NOTED]
    assert room.status() is Status.UNDELIVERABLE
    assert room.messages.rows[SECOND].status is Status.DELIVERED


@pytest.mark.parametrize("reference", ["", "order-7", "é", FIRST.reference[:-1]])
def test_a_reference_that_is_not_ours_is_counted_and_answered(room: Room, reference: str) -> None:
    """An account may have been used by something else before."""
    assert room.call(report({**DELIVERED, "reference": reference}), room.token(callbacks.ACCOUNT)) == [Outcome.UNKNOWN]


def test_a_forged_token_is_refused_before_anything_is_read(room: Room) -> None:
    """Nothing of what a stranger sends is parsed."""

    class Never(FakeCarrier):
        def verify(self, callback: Callback) -> None:  # noqa: ARG002  # the port's name
            pytest.fail("looked at it")

    room.receiver = Receiver({"simulator": Never()}, room.vault, room.messages, room.queue, room.clock)

    with pytest.raises(ReceiptRefusedError):
        room.call(report(DELIVERED), "account.AAAAAAAAAAAAAAAAAAAAAA")


def test_another_carrier_s_token_is_refused(room: Room) -> None:
    """A carrier that knows its own URLs must not be able to speak as another."""
    with pytest.raises(ReceiptRefusedError):
        room.call(report(DELIVERED), room.token(carrier="other"))


def test_a_forged_signature_is_refused_and_changes_nothing(room: Room) -> None:
    """URLs end up in logs; a good token alone proves nothing where the carrier signs."""
    with pytest.raises(ReceiptRefusedError):
        room.call(report(DELIVERED, genuine=False))

    assert room.status() is Status.SUBMITTED


def test_an_unknown_carrier_does_not_exist(room: Room) -> None:
    """It is not even said whether the token was good."""
    with pytest.raises(NotFoundError):
        room.call(report(DELIVERED), carrier="nobody")


@pytest.mark.parametrize(
    ("theirs", "kept"),
    [
        (NOON - timedelta(minutes=5), NOON - timedelta(minutes=5)),
        (NOON - timedelta(hours=25), NOON),
        (NOON + timedelta(seconds=30), NOON),
        (NOON + timedelta(days=400), NOON),
        (None, NOON),
    ],
)
def test_a_carrier_s_time_is_kept_where_it_can_be_true(room: Room, theirs: datetime | None, kept: datetime) -> None:
    """Clocks without a zone are hours off, and some are in another year. Nothing happens in the future."""
    room.call(report({**DELIVERED, **({"at": int(theirs.timestamp() * 1000)} if theirs else {})}))

    assert room.messages.rows[FIRST].history[-1].at == kept


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("000", "000"),
        ("err:002", "err-002"),
        ("DELIVRD", "DELIVRD"),
        ("text:Your parcel is here", ""),
        ("33639980001", ""),
        ("x" * 41, ""),
        ("<b>", ""),
    ],
)
def test_a_code_is_kept_only_if_it_is_one(room: Room, raw: str, kept: str) -> None:
    """Receipts of the SMPP kind quote the text they speak of, and codes are shown to tenants and kept for months."""
    room.call(report({**DELIVERED, "code": raw}))

    assert room.messages.rows[FIRST].history[-1].code == kept


@pytest.mark.parametrize(
    ("said", "strange"),
    [
        ({"status": "unknown", "code": "PARKED"}, "PARKED"),
        ({"status": "unknown", "code": "33639980001"}, ""),
        ({"status": "unknown"}, None),
        ({"status": "delivered", "code": "000"}, None),
    ],
)
def test_a_state_that_nobody_told_us_of_is_pointed_out(room: Room, said: dict[str, str], strange: str | None) -> None:
    """It is written down as `unknown`, which is final: until its table has the new word, receipts say too little."""
    (taken,) = room.receiver.receive("simulator", room.token(), report(said))

    assert taken == Taken(Outcome.NOTED, strange)


def test_what_the_table_cannot_take_goes_to_the_queue(room: Room) -> None:
    """Carriers give up after minutes or days; our queue keeps it. Only ids, states and times are in it (I2)."""
    room.messages.broken = True

    assert room.call(report({**DELIVERED, "code": "000", "part": 1})) == [Outcome.LATER]
    assert room.queue.sent == [
        {
            "message": str(FIRST),
            "carrier": "simulator",
            "status": "delivered",
            "evidence": "handset",
            "at": int(NOON.timestamp() * 1000),
            "code": "000",
            "part": 1,
        }
    ]


def test_what_was_queued_is_written_down_later(room: Room) -> None:
    """A receipt is late, not lost."""
    room.messages.broken = True
    room.call(report(DELIVERED))
    room.messages.broken = False

    assert record(room.messages, Report.read(room.queue.sent[0])) is Outcome.NOTED
    assert room.status() is Status.DELIVERED


def test_if_neither_can_take_it_the_carrier_is_told_to_come_again(room: Room) -> None:
    """Answered 200, it would be gone."""
    room.messages.broken = room.queue.broken = True

    with pytest.raises(UnavailableError):
        room.call(report(DELIVERED))


def test_an_event_without_a_word_of_ours_is_refused(room: Room) -> None:
    """A callback that the adapter cannot read is somebody else's, or a format that we do not know yet."""
    with pytest.raises(ReceiptRefusedError):
        room.call(Callback("POST", {"signature": "genuine"}, {}, b"<xml>"))


def test_an_event_may_say_nothing_at_all() -> None:
    """Some carriers call to see whether we are there."""
    room = Room()

    class Quiet(FakeCarrier):
        def read_callback(self, callback: Callback) -> list[Event]:  # noqa: ARG002  # the port's name
            return []

    room.receiver = Receiver({"simulator": Quiet()}, room.vault, room.messages, room.queue, room.clock)

    assert room.call(report()) == []

"""What becomes of a report on a message (invariants I4, I5)."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from fugace.domain.errors import UnavailableError
from fugace.domain.ids import MessageKey
from fugace.domain.message import Change, Evidence, Status
from functions.dlr.record import Outcome, Report, record
from tests.fakes import FIRST, NOON, SECOND, FakeClock, FakeMessages, FakeVault, sealed_record, statuses

SENT = (Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED)


def report(
    status: Status, part: int = 0, key: MessageKey = FIRST, code: str = "", carrier: str = "simulator"
) -> Report:
    return Report(key, carrier, Change(status, NOON, Evidence.HANDSET, code), part)


def stored(*status: Status, **more: object) -> FakeMessages:
    return FakeMessages(FakeClock(), sealed_record(status=status or SENT, **more))


def test_a_receipt_becomes_part_of_the_history() -> None:
    """With whose word it is, and the carrier's own code."""
    messages = stored()

    assert record(messages, report(Status.DELIVERED, code="000")) is Outcome.NOTED
    assert messages.rows[FIRST].history[-1] == Change(Status.DELIVERED, NOON, Evidence.HANDSET, "000")


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.QUEUED])
def test_a_receipt_that_beats_our_own_note_is_not_lost(status: Status) -> None:
    """Carriers report within milliseconds; a message once timed out as undelivered because of it."""
    messages = stored(status)

    assert record(messages, report(Status.DELIVERED)) is Outcome.NOTED
    assert messages.rows[FIRST].status is Status.DELIVERED


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.DELIVERED])
def test_a_receipt_takes_a_text_along_that_was_kept_for_the_hand_over_alone(status: Status) -> None:
    """Our own note would have, but whoever was to write it died: nobody else looks before the validity has ended."""
    messages = stored(Status.ACCEPTED, Status.QUEUED, drop_content=True)

    assert record(messages, report(status)) is Outcome.NOTED
    assert messages.rows[FIRST].sealed.text is None
    assert statuses(messages.rows[FIRST].history)[-1] == status


def test_a_receipt_on_the_way_that_says_nothing_new_costs_no_write() -> None:
    """Carriers tell of each step that we know already: a refused write costs five times a look."""

    class Counted(FakeMessages):
        notes = 0

        def note(self, *args: object, **named: object) -> object:
            self.notes += 1
            return super().note(*args, **named)

    messages = Counted(FakeClock(), sealed_record(status=SENT))

    assert record(messages, report(Status.SUBMITTED)) is Outcome.REPEATED
    assert messages.notes == 0


def test_the_usual_final_receipt_is_one_write_and_no_look() -> None:
    """It is the one receipt that every message has."""

    class Blind(FakeMessages):
        def get(self, key: MessageKey) -> object:
            raise AssertionError(key)

    assert record(Blind(FakeClock(), sealed_record(status=SENT)), report(Status.DELIVERED)) is Outcome.NOTED


def test_a_repeated_final_receipt_changes_nothing() -> None:
    """Some carriers send each one four times."""
    messages = stored()
    record(messages, report(Status.DELIVERED))

    assert record(messages, report(Status.DELIVERED)) is Outcome.REPEATED
    assert statuses(messages.rows[FIRST].history).count("delivered") == 1


def test_a_final_receipt_of_another_carrier_is_not_believed() -> None:
    """Who may report on a message is who was given it."""
    messages = stored()

    assert record(messages, replace(report(Status.DELIVERED), carrier="other")) is Outcome.UNKNOWN
    assert messages.rows[FIRST].status is not Status.DELIVERED


@pytest.mark.parametrize("order", list(permutations([Status.SUBMITTED, Status.BUFFERED, Status.DELIVERED])))
def test_in_whatever_order_receipts_come_the_end_is_the_same(order: tuple[Status, ...]) -> None:
    """A late `sent` once overwrote `delivered` (I5)."""
    messages = stored(Status.ACCEPTED, Status.QUEUED)

    for status in order:
        record(messages, report(status))

    assert messages.rows[FIRST].status is Status.DELIVERED


def test_a_late_delivery_amends_what_nobody_knew() -> None:
    """`unknown` and `expired` were conclusions; a receipt is a fact."""
    messages = stored(*SENT, Status.UNKNOWN)

    assert record(messages, report(Status.DELIVERED)) is Outcome.NOTED


def test_the_first_final_state_stays() -> None:
    """`undeliverable` after `delivered` would be told to the tenant as a second truth."""
    messages = stored(*SENT, Status.DELIVERED)

    assert record(messages, report(Status.UNDELIVERABLE)) is Outcome.REPEATED
    assert messages.rows[FIRST].status is Status.DELIVERED


def test_two_receipts_at_the_same_time_cannot_both_win() -> None:
    """The condition is in the write: what was read before it may be old."""

    class Raced(FakeMessages):
        def note(self, key: MessageKey, change: Change, **named: object) -> object:
            super().note(key, Change(Status.UNDELIVERABLE, NOON))
            return super().note(key, change, **named)

    messages = Raced(FakeClock(), sealed_record(status=SENT))

    assert record(messages, report(Status.DELIVERED)) is Outcome.REPEATED
    assert messages.rows[FIRST].status is Status.UNDELIVERABLE


def test_a_receipt_for_an_erased_person_creates_nothing() -> None:
    """The rows are gone, and so is the key: neither comes back by a late call."""
    vault = FakeVault()
    messages, gone = FakeMessages(FakeClock()), sealed_record(vault)
    vault.destroy(gone.subject)

    assert record(messages, report(Status.DELIVERED)) is Outcome.UNKNOWN
    assert record(messages, report(Status.DELIVERED, part=1)) is Outcome.UNKNOWN
    assert messages.rows == {}
    assert vault.rows[gone.subject].state == "erased"


def test_a_receipt_for_a_message_that_is_over_changes_nothing() -> None:
    """Over is over, whether or not the database has removed it (I4)."""
    messages = stored()
    messages.clock.tick(days=200)

    assert record(messages, report(Status.DELIVERED)) is Outcome.UNKNOWN
    assert messages.rows[FIRST].status is Status.SUBMITTED


def test_a_carrier_cannot_report_on_another_s_message() -> None:
    """The simulator's receipts must not decide what a real carrier did."""
    messages = stored()

    assert record(messages, report(Status.DELIVERED, carrier="other")) is Outcome.UNKNOWN
    assert messages.rows[FIRST].status is Status.SUBMITTED


# --- parts --------------------------------------------------------------------------------------


def test_a_long_message_is_delivered_when_all_its_parts_are() -> None:
    """Two thirds of a text on a handset are shown as nothing."""
    messages = stored(segments=3)

    outcomes = [record(messages, report(Status.DELIVERED, part)) for part in (3, 1, 2)]

    assert outcomes == [Outcome.PART, Outcome.PART, Outcome.NOTED]
    assert messages.rows[FIRST].status is Status.DELIVERED


def test_a_long_message_has_failed_as_soon_as_one_part_has() -> None:
    """The parts that follow must not make a success of it."""
    messages = stored(segments=2)

    first = record(messages, report(Status.UNDELIVERABLE, 1, code="27"))
    second = record(messages, report(Status.DELIVERED, 2))

    assert (first, second) == (Outcome.NOTED, Outcome.REPEATED)
    assert messages.rows[FIRST].history[-1].status is Status.UNDELIVERABLE
    assert messages.rows[FIRST].history[-1].code == "27"


def test_the_code_of_a_good_part_is_not_shown_with_a_failure() -> None:
    """A record once showed an error and a success at once. Here the failed part was kept, and its note was not."""
    messages = stored(segments=2, parts={1: Status.EXPIRED})

    assert record(messages, report(Status.DELIVERED, 2, code="000")) is Outcome.NOTED
    assert messages.rows[FIRST].history[-1].status is Status.EXPIRED
    assert messages.rows[FIRST].history[-1].code == ""


def test_the_same_part_twice_is_one_part() -> None:
    """A repeat must not complete a message."""
    messages = stored(segments=2)

    record(messages, report(Status.DELIVERED, 1))

    assert record(messages, report(Status.DELIVERED, 1)) is Outcome.PART


def test_a_part_that_is_only_on_its_way_says_so_of_the_whole() -> None:
    """It is not an end, so there is nothing to wait for."""
    messages = stored(segments=2)

    assert record(messages, report(Status.BUFFERED, 1)) is Outcome.NOTED
    assert messages.rows[FIRST].parts == {}


def test_part_one_of_one_is_the_whole() -> None:
    """Some carriers number even a single part."""
    messages = stored()

    assert record(messages, report(Status.DELIVERED, 1)) is Outcome.NOTED
    assert messages.rows[FIRST].parts == {}


@pytest.mark.parametrize("part", [-1, 256, 10**9])
def test_a_part_that_cannot_be_is_not_kept(part: int) -> None:
    """A carrier gone wrong must not be able to fill our records."""
    messages = stored(segments=2)

    assert record(messages, report(Status.DELIVERED, part)) is Outcome.UNKNOWN
    assert messages.rows[FIRST].parts == {}


# --- the queue ----------------------------------------------------------------------------------


def test_a_report_survives_the_queue() -> None:
    """To the millisecond, with code and part."""
    late = replace(report(Status.EXPIRED, 2, SECOND, "err-3"), carrier="other")
    late = replace(late, change=replace(late.change, at=NOON + timedelta(milliseconds=123)))

    assert Report.read(late.body()) == late


@pytest.mark.parametrize("body", [None, [], {}, {"message": "x"}, {**report(Status.EXPIRED).body(), "status": "gone"}])
def test_what_is_no_report_is_refused(body: object) -> None:
    """It becomes a dead letter, and not an error of another kind each time."""
    with pytest.raises(ValueError, match=r"not a|badly|valid"):
        Report.read(body)


def test_a_table_that_cannot_be_reached_is_said_so() -> None:
    """The caller decides where the report goes instead."""
    messages = stored()
    messages.broken = True

    with pytest.raises(UnavailableError):
        record(messages, report(Status.DELIVERED))

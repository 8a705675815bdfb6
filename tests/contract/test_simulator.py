"""The simulator over real HTTP, spoken to by the real adapters: each outcome does what its table says."""

import re

import pytest

from fugace.adapters.carriers import ADAPTERS
from fugace.domain.errors import CarrierRefusedError, CarrierSilentError, CarrierUnavailableError
from fugace.domain.message import Status
from local.place import ROOT
from local.simulator.post import PER_ACCOUNT
from local.simulator.table import BY_NAME, OUTCOMES
from tests.contract.loop import Loop, eventually, number

# How the hand-over ends, how many SMS leave, what is then reported: from the documentation, not from the code.
TABLE = {
    "00": ("taken", 1, ["submitted", "delivered"]),
    "01": ("taken", 1, ["submitted", "undeliverable"]),
    "02": ("taken", 1, ["submitted", "expired"]),
    "03": ("refused invalid_number", 0, []),
    "04": ("blocked opted_out", 0, []),
    "05": ("taken", 1, ["submitted", "blocked"]),
    "06": ("taken", 1, ["submitted", "rejected"]),
    "07": ("taken", 1, ["submitted", "undeliverable"]),
    "08": ("taken", 1, ["submitted", "undeliverable"]),
    "09": ("taken", 1, ["submitted", "delivered"]),
    "10": ("silent", 1, ["submitted", "delivered"]),
    "11": ("silent", 0, []),
    "12": ("silent", 0, []),
    "13": ("silent", 1, ["submitted", "delivered"]),
    "14": ("silent", 1, ["submitted", "delivered"]),
    "15": ("taken", 1, ["submitted", "delivered"]),
    "20": ("unavailable maintenance None", 0, []),
    "21": ("unavailable maintenance None", 0, []),
    "22": ("unavailable throttled 2", 0, []),
    "30": ("taken", 1, ["submitted", "submitted", "delivered", "delivered"]),
    "31": ("taken", 1, ["delivered", "submitted", "buffered"]),
    "32": ("taken", 1, ["submitted", "delivered"]),
    "33": ("taken", 1, []),
    "34": ("taken", 1, ["submitted", "unknown"]),
    "35": ("taken", 1, ["submitted", "unknown", "delivered"]),
    "36": ("taken", 1, ["submitted", "buffered", "delivered"]),
    "37": ("taken", 1, ["submitted", "expired", "delivered"]),
    "38": ("taken", 1, ["submitted", "delivered"]),
    "39": ("taken", 1, ["submitted", "undeliverable", "delivered"]),
    "40": ("taken", 1, ["submitted", "delivered 1", "delivered 2", "delivered 3"]),
    "41": ("taken", 1, ["submitted", "delivered 1", "delivered 2", "undeliverable 3"]),
    "99": ("taken", 1, ["submitted", "delivered"]),
}
both = pytest.mark.parametrize("name", sorted(ADAPTERS))


def hand_over(loop: Loop, digits: str, **more) -> str:
    """The outcome of one hand-over, in a word or two."""
    try:
        loop.submit(digits, **more)
    except CarrierUnavailableError as error:
        return f"unavailable {error.code} {error.retry_after}"
    except CarrierRefusedError as error:
        return f"{'blocked' if error.blocked else 'refused'} {error.code}"
    except CarrierSilentError:
        return "silent"
    return "taken"


@both
@pytest.mark.parametrize("digits", TABLE)
def test_each_outcome_does_what_its_table_says(loop: Loop, name: str, digits: str) -> None:
    """End-to-end tests count SMS and states by this table: it must be true by itself."""
    ends, count, states = TABLE[digits]

    assert hand_over(loop, digits, name=name, segments=3) == ends
    assert loop.settled(len(states)) == states
    assert len(loop.sent(digits)) == count


def test_the_table_above_is_the_whole_table() -> None:
    """An outcome nobody checks is an outcome nobody can count on."""
    assert set(OUTCOMES) == set(TABLE) - {"99"}
    assert len(BY_NAME) == len(OUTCOMES)


def folded(states: list[str], status: Status) -> Status:
    """Where these states lead by the product's own rules (I5)."""
    for state in map(Status, states):
        status = state if state.may_follow(status) else status
    return status


REPORTED = [digits for digits, each in OUTCOMES.items() if TABLE[digits][2] and not each.by_part]


@pytest.mark.parametrize("digits", REPORTED)
def test_each_outcome_ends_where_its_reports_lead(digits: str) -> None:
    """What the table promises of the end is what the product makes of the reports."""
    ends, _, states = TABLE[digits]
    handed_over = Status.SUBMITTED if ends == "taken" else Status.UNKNOWN

    assert folded(states, handed_over) == OUTCOMES[digits].ends


def test_where_reports_do_not_tell_the_end_is_as_documented() -> None:
    """Refusals, silences, what is retried, and parts."""
    assert {digits: each.ends for digits, each in OUTCOMES.items() if digits not in REPORTED} == {
        "03": "rejected",
        "04": "blocked",
        "11": "unknown",
        "12": "unknown",
        "20": "delivered",
        "21": "expired",
        "22": "delivered",
        "33": "unknown",
        "40": "delivered",
        "41": "undeliverable",
    }


# --- what a retry meets -------------------------------------------------------------------------


@pytest.mark.parametrize("digits", ["20", "22"])
def test_what_was_not_taken_once_is_taken_the_second_time(loop: Loop, digits: str) -> None:
    """503 or 429, then fine: exactly one SMS."""
    assert hand_over(loop, digits).startswith("unavailable")
    assert hand_over(loop, digits) == "taken"
    assert loop.settled(2) == ["submitted", "delivered"]
    assert len(loop.sent(digits)) == 1


def test_a_long_outage_lasts(loop: Loop) -> None:
    """However often it is asked: what dead-letter queues are for."""
    assert {hand_over(loop, "21") for _ in range(8)} == {"unavailable maintenance None"}


def test_asked_again_after_a_silence_a_carrier_that_does_not_deduplicate_sends_twice(loop: Loop) -> None:
    """The harm that `at_most_once` is there to prevent must be possible here, or no test could show it prevented."""
    assert hand_over(loop, "10") == "silent"
    assert hand_over(loop, "10") == "taken"
    assert len(loop.sent("10")) == 2


@pytest.mark.parametrize("digits", ["10", "13", "14"])
def test_a_carrier_that_deduplicates_sends_once_and_names_it_again(loop: Loop, digits: str) -> None:
    """After a silence asking again is safe, and brings the id that was missing."""
    assert hand_over(loop, digits, name=PER_ACCOUNT) == "silent"
    again = loop.submit(digits, name=PER_ACCOUNT)

    assert [sms["id"] for sms in loop.sent(digits)] == [again]
    assert loop.settled(2) == ["submitted", "delivered"]


def test_references_of_the_two_carriers_are_apart(loop: Loop) -> None:
    """They are two companies; deduplication at one says nothing of the other."""
    loop.submit("00", name="simulator")
    loop.submit("00", name=PER_ACCOUNT)

    assert len(loop.sent("00")) == 2


# --- reports ------------------------------------------------------------------------------------


def test_receipts_can_be_there_before_the_answer(loop: Loop) -> None:
    """The race that loses receipts elsewhere: here it happens each time."""
    order: list[str] = []
    loop.gateway.happened = order.append
    loop.submit("32")
    order.append("answer")

    assert order == ["receipt", "receipt", "answer"]


def test_a_report_that_was_not_taken_comes_again(loop: Loop) -> None:
    """Real carriers try again; each try and its answer is kept to be looked at."""
    loop.gateway.script = [503, 503]
    loop.submit("33")  # no report of its own
    loop.submit("00", message=2)

    assert loop.settled(2)[-1:] != []
    (sms,) = loop.sent("00")
    assert sorted(answer for report in sms["reports"] for answer in report["answers"]) == ["204", "204", "503", "503"]


def test_a_report_that_nobody_takes_is_given_up(loop: Loop) -> None:
    """First try and three more, in this test's timing; then it rests."""
    loop.gateway.script = [500] * 100
    loop.submit("00")

    eventually(lambda: len(loop.gateway.calls) == 8 and not loop.post.busy)
    (sms,) = loop.sent("00")
    assert [report["answers"] for report in sms["reports"]] == [["500"] * 4] * 2


def test_a_forged_report_is_tried_once_and_the_right_one_follows(loop: Loop) -> None:
    """What was refused for its signature must not block what is genuine."""
    loop.submit("38")
    loop.settled(2)

    (sms,) = loop.sent("38")
    assert loop.gateway.refused == 2
    assert [(report["forged"], report["answers"]) for report in sms["reports"]] == [
        (True, ["401"]),
        (False, ["204"]),
        (True, ["401"]),
        (False, ["204"]),
    ]


@both
def test_reports_quote_number_and_text_as_the_trades_receipts_do(loop: Loop, name: str) -> None:
    """So that whoever reads them has something to drop: a test of dropping needs it there."""
    loop.submit("00", name=name)
    loop.settled(2)

    for call in loop.gateway.calls:
        assert number("00").reveal().encode() in call.body
        assert b"Your parcel is here," in call.body
        assert b"Alice" not in call.body  # the first 20 characters, like SMPP's
    assert "63998" not in repr(loop.gateway.events)


def test_a_duplicate_is_the_same_to_the_last_byte(loop: Loop) -> None:
    """With a new time it would be another report."""
    loop.submit("30")
    loop.settled(4)
    bodies = [call.body for call in loop.gateway.calls]

    assert bodies[0] == bodies[1]
    assert bodies[2] == bodies[3]
    assert bodies[0] != bodies[2]


def test_what_comes_late_says_that_it_was_earlier(loop: Loop) -> None:
    """Reordered on the way, not in time: a reader that sorted by `at` would be right to."""
    loop.submit("31")
    loop.settled(3)
    delivered, *earlier = loop.gateway.events

    assert delivered.at is not None
    assert all(event.at is not None and event.at < delivered.at for event in earlier)


def test_the_account_hears_of_all_parts_in_one_call(loop: Loop) -> None:
    """Several events at a time: what `read_callback` gives a list for."""
    loop.submit("41", name=PER_ACCOUNT, segments=3)
    loop.settled(4)

    assert len(loop.gateway.calls) == 2


def test_the_manual_has_the_table_of_outcomes() -> None:
    """Digits, name, what happens, end and number of SMS: row by row, and no row besides."""
    manual = (ROOT / "docs" / "carriers" / "simulator.md").read_text("utf-8")
    rows = [line for line in manual.splitlines() if re.match(r"\| \d\d \|", line)]

    assert rows == [
        f"| {digits} | `{each.name}` | {each.says} | {each.ends} | {each.sms} |" for digits, each in OUTCOMES.items()
    ]


def test_the_manual_names_every_state_that_is_reported() -> None:
    """Adapters are written from the manual."""
    manual = (ROOT / "docs" / "carriers" / "simulator.md").read_text("utf-8")
    reported = {step.state for each in OUTCOMES.values() for step in each.steps}

    assert {state for state in reported if f"`{state}`" not in manual} == set()

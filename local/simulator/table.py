"""What becomes of a message, by the last two digits of its number. For people: docs/carriers/simulator.md."""

from collections.abc import Mapping
from dataclasses import replace

from local.simulator.outcomes import Outcome, Reply, Step, Wait

SENT = Step("ENROUTE", evidence="operator")
HELD = Step("BUFFERED", "011", "operator")
DONE = Step("DELIVRD")
FAIL = Step("UNDELIV", "027")
LATE = Step("EXPIRED", "044", "operator")


def _failed(state: str, code: str, evidence: str = "operator") -> tuple[Step, ...]:
    return SENT, Step(state, code, evidence)


OUTCOMES: Mapping[str, Outcome] = {
    "00": Outcome("delivered", "delivered", "sent, delivered to the handset", (SENT, DONE)),
    "01": Outcome("undeliverable", "undeliverable", "sent, not delivered for good", (SENT, FAIL)),
    "02": Outcome("expired", "expired", "sent, given up", (SENT, LATE)),
    "03": Outcome(
        "refused", "rejected", "422 `invalid_number`", (), Reply(422, "invalid_number", False, attempts=None), sms=0
    ),
    "04": Outcome("opted-out", "blocked", "422 `opted_out`", (), Reply(422, "opted_out", False, attempts=None), sms=0),
    "05": Outcome("skipped", "blocked", "taken, then `SKIPPED`", _failed("SKIPPED", "053", "platform")),
    "06": Outcome("rejected", "rejected", "taken, then `REJECTD`", _failed("REJECTD", "009", "platform")),
    "07": Outcome("deleted", "undeliverable", "taken, then `DELETED`", _failed("DELETED", "008")),
    "08": Outcome("failed", "undeliverable", "taken, then `FAILED`, which is in no standard", _failed("FAILED", "099")),
    "09": Outcome(
        "by-operator",
        "delivered",
        "delivered, but only the operator says so, with an error code that means nothing",
        (SENT, Step("DELIVRD", "002", "operator")),
    ),
    "10": Outcome(
        "taken-then-silence",
        "delivered",
        "the SMS leaves, the connection is closed without an answer, once",
        (SENT, DONE),
        Reply(0),
    ),
    "11": Outcome(
        "silence",
        "unknown",
        "nothing leaves, the connection is closed without an answer, once",
        (SENT, DONE),
        Reply(0, sends=False),
        sms=0,
    ),
    "12": Outcome(
        "silence-for-ever",
        "unknown",
        "nothing leaves and no answer comes, whenever it is asked",
        (),
        Reply(0, sends=False, attempts=None),
        sms=0,
    ),
    "13": Outcome(
        "taken-then-500", "delivered", "the SMS leaves, the answer is 500, once", (SENT, DONE), Reply(500, "internal")
    ),
    "14": Outcome(
        "garbled", "delivered", "the SMS leaves, the 202 cannot be read, once", (SENT, DONE), Reply(garbled=True)
    ),
    "15": Outcome("slow", "delivered", "the answer takes its time", (SENT, DONE), Reply(wait=Wait.SLOW, attempts=None)),
    "20": Outcome(
        "503-once", "delivered", "503 once, then all is well", (SENT, DONE), Reply(503, "maintenance", False)
    ),
    "21": Outcome(
        "503-for-long",
        "expired",
        "503, whenever it is asked",
        (),
        Reply(503, "maintenance", False, attempts=None),
        sms=0,
    ),
    "22": Outcome(
        "429-once",
        "delivered",
        "429 with `Retry-After: 2` once, then all is well",
        (SENT, DONE),
        Reply(429, "throttled", False, retry_after=2),
    ),
    "30": Outcome(
        "duplicates", "delivered", "each receipt comes twice", (replace(SENT, times=2), replace(DONE, times=2))
    ),
    "31": Outcome(
        "reordered",
        "delivered",
        "the final receipt comes first",
        (DONE, replace(SENT, earlier=3), replace(HELD, earlier=3)),
    ),
    "32": Outcome(
        "receipt-first",
        "delivered",
        "all receipts come before the answer does",
        (SENT, DONE),
        Reply(wait=Wait.REPORTS, attempts=None),
    ),
    "33": Outcome("no-receipt", "unknown", "sent, and nothing is heard of it", ()),
    "34": Outcome(
        "new-state", "unknown", "a state that no table has: `TELEPORTED`", (SENT, Step("TELEPORTED", "000", "platform"))
    ),
    "35": Outcome(
        "unknown-then-delivered",
        "delivered",
        "`UNKNOWN`, amended by a late `DELIVRD`",
        (SENT, Step("UNKNOWN", "000", "operator"), DONE),
    ),
    "36": Outcome("buffered", "delivered", "the operator tries again, and succeeds", (SENT, HELD, DONE)),
    "37": Outcome("delivered-late", "delivered", "`EXPIRED`, amended by a late `DELIVRD`", (SENT, LATE, DONE)),
    "38": Outcome(
        "forged-first",
        "delivered",
        "each receipt is sent with a wrong signature first",
        (replace(SENT, forged_first=True), replace(DONE, forged_first=True)),
    ),
    "39": Outcome(
        "contradiction", "undeliverable", "`UNDELIV`, then `DELIVRD`: the first final state stands", (SENT, FAIL, DONE)
    ),
    "40": Outcome("parts-delivered", "delivered", "a receipt for each part, all delivered", (SENT, DONE), by_part=True),
    "41": Outcome(
        "part-failed", "undeliverable", "a receipt for each part, the last one failed", (SENT, FAIL), by_part=True
    ),
}
"""Numbers that end in other digits are delivered, like 00."""

BY_NAME: Mapping[str, Outcome] = {outcome.name: outcome for outcome in OUTCOMES.values()}


def outcome_of(number: str) -> Outcome:
    """What becomes of a message to `number`."""
    return OUTCOMES.get(number[-2:], OUTCOMES["00"])

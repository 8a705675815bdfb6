"""What every carrier's adapter promises, shown on answers and callbacks as they were recorded."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fugace.adapters.carriers import ADAPTERS, simulator
from fugace.domain.errors import (
    CarrierError,
    CarrierRefusedError,
    CarrierSilentError,
    CarrierUnavailableError,
    ReceiptRefusedError,
)
from fugace.domain.message import Evidence, Status
from fugace.ports import Carrier, Event, HttpAnswer, Submission
from tests.contract.signing import SECRET, call, signature
from tests.fakes import ALICE, FIRST, NOON, FakeClock

RECORDED: Mapping[str, Any] = json.loads((Path(__file__).parent / "recorded" / "simulator.json").read_text("utf-8"))
TOOK = {
    "unavailable": CarrierUnavailableError,
    "refused": CarrierRefusedError,
    "blocked": CarrierRefusedError,
    "silent": CarrierSilentError,
}
SUBMISSION = Submission(
    key=FIRST,
    to=ALICE,
    text="Your parcel is here: €1",
    sender="Shop",
    category="transactional",
    encoding="GSM-7",
    segments=1,
    validity=timedelta(hours=48),
    callback="https://gateway.example/dlr/simulator/abc",
)


def carrier(name: str = "simulator-account", clock: FakeClock | None = None) -> Carrier:
    return ADAPTERS[name](url="http://127.0.0.1:4570/", secret=SECRET, clock=clock or FakeClock())


both = pytest.mark.parametrize("name", sorted(ADAPTERS))


@both
@pytest.mark.parametrize("answer", RECORDED["answers"], ids=lambda answer: answer["name"])
def test_each_answer_is_one_of_four_things(name: str, answer: Mapping[str, Any]) -> None:
    """Taken, not taken, never, nobody knows: a wrong one here sends a text twice, or never."""
    came = HttpAnswer(answer["status"], answer.get("headers", {}), answer["body"].encode())

    if answer["means"] == "taken":
        assert carrier(name).read_answer(came) == "sim_01"
        return
    with pytest.raises(TOOK[answer["means"]]) as error:
        carrier(name).read_answer(came)
    assert error.value.code == answer["code"]
    assert error.value.retry_after == answer.get("retry_after")
    assert getattr(error.value, "blocked", False) == (answer["means"] == "blocked")


@both
@given(status=st.integers(100, 599), body=st.binary(max_size=60), wait=st.text(max_size=20))
def test_no_answer_breaks_the_reader(name: str, status: int, body: bytes, wait: str) -> None:
    """A proxy may say anything; what is raised is one of the three errors, and holds none of it."""
    try:
        said = carrier(name).read_answer(HttpAnswer(status, {"retry-after": wait}, body))
    except CarrierError as error:
        said = error.code

    assert said.isascii()
    assert len(said) <= 64


@both
def test_the_request_names_the_message_and_holds_the_number_in_its_body_alone(name: str) -> None:
    """URLs are in access logs; the reference is what receipts and a second attempt are known by (I2)."""
    request = carrier(name).build_send(SUBMISSION)
    body = json.loads(request.body)

    assert (request.method, request.url) == ("POST", "http://127.0.0.1:4570/v1/messages")
    assert ALICE.reveal()[1:] not in request.url + str(dict(request.headers))
    assert body["to"] == ALICE.reveal()
    assert body["text"] == SUBMISSION.text
    assert body["from"] == "Shop"
    assert body["reference"] == FIRST.reference
    assert body["validity_seconds"] == 48 * 3600
    assert request.headers["authorization"] == f"Bearer {SECRET['token']}"


def test_a_callback_url_is_given_where_the_carrier_takes_one_per_message() -> None:
    """Elsewhere the account's is used, and a URL in the request would be a promise nobody keeps."""
    asked = {name: json.loads(carrier(name).build_send(SUBMISSION).body).get("callback_url") for name in ADAPTERS}

    assert asked == {"simulator": SUBMISSION.callback, "simulator-account": None}


def test_no_sender_is_no_field() -> None:
    """An empty sender would be refused; without one the account's own is used."""
    assert "from" not in json.loads(carrier().build_send(replace(SUBMISSION, sender="")).body)


@pytest.mark.parametrize("callback", RECORDED["callbacks"], ids=lambda callback: callback["name"])
def test_each_callback_is_read_into_our_words(callback: Mapping[str, Any]) -> None:
    """State, evidence, time and raw code: the whole of what a receipt tells."""
    assert carrier().read_callback(call(callback["body"])) == [
        Event(
            reference=event["reference"],
            status=Status(event["status"]),
            evidence=Evidence(event["evidence"]),
            at=datetime.fromisoformat(event["at"]) if event["at"] else None,
            code=event["code"],
            part=event["part"],
        )
        for event in callback["events"]
    ]


@pytest.mark.parametrize("callback", RECORDED["callbacks"], ids=lambda callback: callback["name"])
def test_nothing_personal_survives_the_reading(callback: Mapping[str, Any]) -> None:
    """Receipts in this trade quote the number and the first 20 characters of the text."""
    seen = repr(carrier().read_callback(call(callback["body"])))

    assert "639980001" not in seen
    assert "parcel" not in seen


def test_where_the_url_names_the_message_the_bodys_reference_is_not_believed() -> None:
    """Two names could differ, and only the one in the URL is signed by us."""
    (event,) = carrier("simulator").read_callback(call(RECORDED["callbacks"][0]["body"]))

    assert not event.reference


def test_a_report_to_the_account_without_a_reference_is_refused() -> None:
    """Nobody could say which message it is about."""
    for reference in (None, "", "no spaces", 17, "x" * 65):
        with pytest.raises(ReceiptRefusedError):
            carrier().read_callback(call({"status": "DELIVRD", "reference": reference}))


@both
@pytest.mark.parametrize("body", RECORDED["unreadable"])
def test_what_cannot_be_read_is_refused_without_being_quoted(name: str, body: str) -> None:
    """A parser's own message quotes the body, and would be logged."""
    with pytest.raises(ReceiptRefusedError) as error:
        carrier(name).read_callback(replace(call({}), body=body.encode()))

    assert error.value.facts == {"reason": "unreadable"}
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


@both
def test_a_body_nested_to_death_is_refused(name: str) -> None:
    """One request must not end the process that reads all of them."""
    with pytest.raises(ReceiptRefusedError):
        carrier(name).read_callback(replace(call({}), body=b"[" * 200_000))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["id", "reference", "status", "code", "part", "parts", "at", "evidence", "reports"]
NEAR = st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from(["DELIVRD", "ref-1", "handset", 1, 2]))


@both
@given(body=st.binary(max_size=80) | (JSON | NEAR | NEAR.map(lambda near: {"reports": [near]})).map(json.dumps))
def test_no_body_breaks_the_reader(name: str, body: bytes | str) -> None:
    """Events or a refusal, whatever comes: an exception would be a 500, and the carrier would send it for days."""
    raw = body if isinstance(body, bytes) else body.encode()
    try:
        events = carrier(name).read_callback(replace(call({}), body=raw))
    except ReceiptRefusedError:
        return
    for event in events:
        assert isinstance(event.status, Status)
        assert len(event.code) <= 40


@both
@given(at=st.datetimes(timezones=st.timezones() | st.none()).map(datetime.isoformat) | st.text(max_size=30))
def test_a_time_is_of_our_age_or_not_given(name: str, at: str) -> None:
    """A receipt from the year 1 or 9999 would break the arithmetic of whoever stores it."""
    (event,) = carrier(name).read_callback(call({"status": "DELIVRD", "reference": "ref-1", "at": at}))

    assert event.at is None or abs(event.at - NOON) <= timedelta(days=30)


# --- signatures ---------------------------------------------------------------------------------

REPORT = {"status": "DELIVRD", "reference": "ref-1"}


@both
def test_a_genuine_callback_is_let_in(name: str) -> None:
    """Else nothing that follows means anything."""
    carrier(name).verify(call(REPORT))


@both
@pytest.mark.parametrize(
    "given",
    [
        "",
        "t=1768478400",
        "v1=" + "0" * 64,
        "t=1768478400,v1=",
        "t=1768478400,v1=" + "0" * 64,
        "t=1768478400,v0=" + "0" * 64,
        signature(b"another body"),
        signature(json.dumps(REPORT).encode(), secret="another secret"),
        signature(json.dumps(REPORT).encode()).upper(),
        signature(json.dumps(REPORT).encode()) + " ",
        signature(json.dumps(REPORT).encode()).replace("t=1768478400", "t=1768478401"),
        signature(json.dumps(REPORT).encode()).replace("t=1768478400", "t=\u0661768478400"),
    ],
)
def test_a_forged_signature_is_refused(name: str, given: str) -> None:
    """Whoever could report could tell a tenant that a text was delivered which never was."""
    forged = replace(call(REPORT), headers={"x-simulator-signature": given})

    with pytest.raises(ReceiptRefusedError) as error:
        carrier(name).verify(forged)
    assert error.value.facts == {"reason": "signature"}


@both
def test_one_changed_byte_of_the_body_is_seen(name: str) -> None:
    """The check is on the raw bytes: spaces that JSON does not care for count too."""
    with pytest.raises(ReceiptRefusedError):
        carrier(name).verify(replace(call(REPORT), body=json.dumps(REPORT).encode() + b" "))


@both
def test_a_signature_of_another_method_is_refused(name: str) -> None:
    """This carrier reports by POST; a GET with its header is somebody else's."""
    with pytest.raises(ReceiptRefusedError):
        carrier(name).verify(replace(call(REPORT), method="GET"))


@both
@pytest.mark.parametrize(("minutes", "good"), [(-5, True), (5, True), (-5.1, False), (5.1, False), (60, False)])
def test_what_was_recorded_cannot_be_played_later(name: str, minutes: float, good: bool) -> None:
    """Five minutes either way, because clocks differ; a replay an hour later is refused."""
    clock = FakeClock(NOON + timedelta(minutes=minutes))

    if good:
        carrier(name, clock).verify(call(REPORT))
    else:
        with pytest.raises(ReceiptRefusedError):
            carrier(name, clock).verify(call(REPORT))


@both
def test_without_a_secret_nobody_is_believed(name: str) -> None:
    """An empty secret is one that everybody knows."""
    careless = ADAPTERS[name](url="http://127.0.0.1:4570", secret=SECRET | {"signing": ""}, clock=FakeClock())
    signed = signature(json.dumps(REPORT).encode(), secret="")

    with pytest.raises(ReceiptRefusedError):
        careless.verify(replace(call(REPORT), headers={"x-simulator-signature": signed}))


@both
def test_while_a_secret_is_changed_either_signature_lets_in(name: str) -> None:
    """A change of secret must not lose a receipt."""
    old, new = signature(json.dumps(REPORT).encode(), secret="old"), signature(json.dumps(REPORT).encode())
    header = f"{old},{new.split(',')[1]}"

    carrier(name).verify(replace(call(REPORT), headers={"x-simulator-signature": header}))


@both
@given(header=st.text(max_size=90), body=st.binary(max_size=40))
def test_no_header_breaks_the_check(name: str, header: str, body: bytes) -> None:
    """It is the one function that a stranger reaches."""
    with pytest.raises(ReceiptRefusedError):
        carrier(name).verify(replace(call({}), headers={"x-simulator-signature": header}, body=body))


def test_secrets_are_not_in_what_is_printed() -> None:
    """An adapter in a traceback would print its token."""
    assert SECRET["token"] not in repr(carrier())
    assert SECRET["signing"] not in repr(carrier())


# --- erasure ------------------------------------------------------------------------------------


@both
def test_erasing_upstream_names_the_message_by_the_carriers_id(name: str) -> None:
    """The carrier's id is all that we keep of it; a strange one stays one segment of the path."""
    request = carrier(name).build_erasure("sim/../01")

    assert request is not None
    assert (request.method, request.url) == ("DELETE", "http://127.0.0.1:4570/v1/messages/sim%2F..%2F01")
    assert request.body == b""


@both
def test_without_the_carriers_id_there_is_nothing_to_erase_by(name: str) -> None:
    """After a silence no id is known; a request for '' could mean every message."""
    assert carrier(name).build_erasure("") is None


# --- terms --------------------------------------------------------------------------------------


def test_the_two_flavours_differ_in_what_they_offer() -> None:
    """The claim write and the account's token hang on these two words."""
    offers = {name: (carrier(name).terms.deduplicates, carrier(name).terms.callback_per_message) for name in ADAPTERS}

    assert offers == {"simulator": (False, True), "simulator-account": (True, False)}


@both
def test_every_carrier_says_where_data_live_and_what_remains(name: str) -> None:
    """It is what an auditor is shown."""
    terms = carrier(name).terms

    assert terms.region
    assert terms.keeps
    assert terms.receipt_limit > timedelta(0)
    assert terms.max_segments >= 1


def test_every_state_of_the_simulators_own_is_one_of_ours() -> None:
    """The table is data: a state without a meaning would be found here, not at night."""
    assert set(simulator.STATES.values()) <= set(Status)

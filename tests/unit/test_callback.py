"""Status callbacks: signed, thin, tried for an hour, and about nobody."""

import base64
import hashlib
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from fugace.domain.case import CaseState, Right
from fugace.domain.errors import UnavailableError, WebhookFailedError, WebhookRefusedError
from fugace.ports import HttpAnswer
from functions.dsar.course.callback import PAUSES, Notice, Told
from tests.architecture.openapi import document, wrong
from tests.fakes import ALICE, NOON
from tests.rights_world import CALLBACK, Rights, case_key

OK, BUSY, GONE = HttpAnswer(202, {}, b""), HttpAnswer(503, {}, b""), HttpAnswer(410, {}, b"")
OTHER = "https://shop.example/other"
RUNNING = Notice(case_key(), "running")


@pytest.fixture
def world() -> Rights:
    world = Rights()
    world.put(state=CaseState.RUNNING, begun=NOON)
    world.web.otherwise = OK
    return world


def body(world: Rights) -> dict[str, object]:
    found = json.loads(world.web.requests[-1].body)
    assert isinstance(found, dict)
    return found


def test_an_address_is_told_where_the_request_is(world: Rights) -> None:
    """In OpenDSR's words, and in ours under our own name."""
    assert world.callback.run(RUNNING) == Told(told=1)

    (request,) = world.web.requests
    assert (request.method, request.url) == ("POST", CALLBACK)
    assert body(world) == {
        "controller_id": "ten_shopshopshopshop",
        "expected_completion_time": "2026-02-15T12:00:00.000Z",
        "status_callback_url": CALLBACK,
        "subject_request_id": case_key().id,
        "request_status": "in_progress",
        "extensions": {"fugace": {"state": "running", "due_at": "2026-02-15T12:00:00.000Z"}},
    }
    assert world.case().told == "running"


@pytest.mark.parametrize("state", list(CaseState))
def test_every_state_has_its_word(world: Rights, state: CaseState) -> None:
    """OpenDSR knows four."""
    world.change(state=state)
    world.callback.run(Notice(case_key(), state.value))
    assert body(world)["request_status"] == state.dsr_status


@pytest.mark.parametrize(
    ("right", "state", "there"),
    [
        (Right.ACCESS, CaseState.COMPLETED, True),
        (Right.PORTABILITY, CaseState.COMPLETED, True),
        (Right.ACCESS, CaseState.DENIED, False),
        (Right.ACCESS, CaseState.RUNNING, False),
        (Right.ERASURE, CaseState.COMPLETED, False),
    ],
)
def test_results_are_where_there_are_some(world: Rights, right: Right, state: CaseState, *, there: bool) -> None:
    """Behind a call with a key: a callback itself gives nothing away."""
    world.change(state=state, right=right)
    world.callback.run(RUNNING)
    assert ("results_url" in body(world)) is there
    if there:
        assert body(world)["results_url"] == f"https://api.example/live/v1/requests/{case_key().id}/links"


def test_it_is_signed_as_open_dsr_signs(world: Rights) -> None:
    """Over the SHA-256 of the body as it is sent, by the key whose public half discovery shows."""
    world.callback.run(RUNNING)
    (request,) = world.web.requests
    assert request.headers["X-OpenDSR-Processor-Domain"] == "api.example"
    key = load_der_public_key(world.signer.public_key())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = base64.b64decode(request.headers["X-OpenDSR-Signature"], validate=True)
    key.verify(signature, request.body, ec.ECDSA(hashes.SHA256()))
    assert len(hashlib.sha256(request.body).digest()) == 32


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("reminder", ["", "P7D", "overdue"])
def test_it_is_as_described(world: Rights, right: Right, state: CaseState, reminder: str) -> None:
    """Controllers build what receives it from the description of the interface."""
    certificate = "e30.e30.c2ln" if right is Right.OFFBOARDING else ""
    world.change(right=right, state=state, reminded=reminder, certificate=certificate)
    world.callback.run(Notice(case_key(), state.value))

    assert wrong(document()["components"]["schemas"]["SubjectRequestCallback"], body(world)) == ""


def test_nobody_is_named(world: Rights) -> None:
    """Neither number nor keyed hash, in no form."""
    world.change(reminded="P7D")
    world.callback.run(RUNNING)
    sent = repr(world.web.requests) + repr(world.queue.sent)
    for value in (ALICE.reveal()[1:], str(world.case().subject), repr(world.case().sealed)):
        assert value not in sent
    assert '"reminder":"P7D"' in sent


def test_each_address_has_a_letter_of_its_own(world: Rights) -> None:
    """It names the address, so that it cannot be passed on to another."""
    world.change(callbacks=(CALLBACK, OTHER))
    assert world.callback.run(RUNNING) == Told(told=2)
    assert [json.loads(each.body)["status_callback_url"] for each in world.web.requests] == [CALLBACK, OTHER]
    assert len({each.headers["X-OpenDSR-Signature"] for each in world.web.requests}) == 2


@pytest.mark.parametrize("failure", [BUSY, HttpAnswer(302, {}, b""), WebhookFailedError("timeout")])
def test_what_fails_is_tried_again_there_and_not_elsewhere(world: Rights, failure: HttpAnswer | Exception) -> None:
    """Longer and longer apart; then somebody is to see it, and nobody is told for ever."""
    world.change(callbacks=(CALLBACK, OTHER))
    world.web.script = [failure, OK]

    assert world.callback.run(RUNNING) == Told(told=1, again=1)
    assert world.queue.sent == [{"request": str(case_key()), "state": "running", "attempt": 2, "which": 1}]
    assert world.case().told == ""

    world.web.otherwise, world.web.requests = failure, []
    for _ in PAUSES:
        last = world.callback.run(Notice.read(world.queue.sent[-1]))
    assert last == Told(lost=1)
    assert {each.url for each in world.web.requests} == {CALLBACK}
    assert world.queue.delays == list(PAUSES)
    assert max(PAUSES) <= timedelta(minutes=15)
    assert world.case().told == "running"  # given up: the watch is not to begin again


@pytest.mark.parametrize("failure", [GONE, WebhookRefusedError(reason="address")])
def test_what_cannot_be_told_is_given_up_at_once(world: Rights, failure: HttpAnswer | Exception) -> None:
    """An address inside our own network, or one that wants to hear nothing any more."""
    world.web.script = [failure]
    assert world.callback.run(RUNNING) == Told(lost=1)
    assert world.queue.sent == []


def test_a_late_notice_tells_what_is_so_now(world: Rights) -> None:
    """Never that a finished one is running."""
    world.change(state=CaseState.COMPLETED)
    world.callback.run(RUNNING)
    assert body(world)["request_status"] == "completed"
    assert world.case().told == "completed"


def test_one_that_is_gone_is_told_of_no_more(world: Rights) -> None:
    """The purge was faster."""
    world.requests.rows.clear()
    assert world.callback.run(RUNNING) == Told()
    assert world.web.requests == []


def test_what_cannot_be_signed_is_not_sent(world: Rights) -> None:
    """The body comes back."""

    def busy(_digest: bytes) -> bytes:
        raise UnavailableError

    world.signer.sign = busy  # type: ignore[method-assign]  # KMS is busy
    with pytest.raises(UnavailableError):
        world.callback.run(RUNNING)
    assert world.web.requests == []


@pytest.mark.parametrize("notice", [RUNNING, Notice(case_key(), "held", 7, which=5)])
def test_what_is_written_is_read(notice: Notice) -> None:
    """An id, a word and numbers."""
    assert Notice.read(notice.body()) == notice


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"request": str(case_key()), "state": "running"},
        {"request": str(case_key()), "state": "call +33639980001", "attempt": 1},
        {"request": "+33639980001", "state": "running", "attempt": 1},
        {"request": str(case_key()), "state": "running", "attempt": 0},
        {"request": str(case_key()), "state": "running", "attempt": 1, "which": "all"},
    ],
)
def test_what_is_no_body_is_refused_without_being_quoted(body: object) -> None:
    """It becomes a dead letter, and the log says that it did."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # of any kind
        Notice.read(body)
    assert "39980001" not in str(refused.value)

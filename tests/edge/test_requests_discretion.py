"""Who may ask for what at /v1/requests, and what nobody learns: whether somebody is known, and who is meant."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fugace.domain.case import CaseKey, CaseState
from fugace.domain.errors import UnavailableError
from fugace.domain.tenant import Role
from functions.dsar.counter import handler
from functions.dsar.onetime import digest
from tests.edge.events import CONTEXT, event
from tests.edge.front_desk import ERASURE, NUMBER, PATH, RAW, answer, ask, open_, ours
from tests.fakes import ALICE, BAKERY, BOB, NOON, SHOP, sealed_record
from tests.office import ADDRESS, ID, Office, request_id


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    office = Office()
    open_(office, monkeypatch)
    return office


# --- who may --------------------------------------------------------------------------------------

READS = [("GET", path) for path in ("/v1/discovery", "/v1/requests", PATH, f"{PATH}/certificate")]
WRITES = [
    ("POST", "/v1/requests", ERASURE),
    ("DELETE", PATH, None),
    ("POST", f"{PATH}/extension", {"reason": "complexity"}),
    ("POST", f"{PATH}/denial", {"reason": "other"}),
    ("POST", f"{PATH}/code", {"code": "471193"}),
    ("POST", f"{PATH}/links", None),
    ("POST", "/v1/subjects/search", {"phone_e164": NUMBER}),
]
ALL = [*((method, path, None) for method, path in READS), *WRITES]
IDS = [f"{method} {path.replace(ID, 'ID')}" for method, path, _ in ALL]


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("role", [Role.SENDER, Role.READER, None])
@pytest.mark.parametrize(("method", "path", "body"), ALL, ids=IDS)
def test_only_admins_and_privacy_officers_see_to_persons(method: str, path: str, body: Any, role: Role | None) -> None:
    """Whoever sends has no business with who complains; nobody passes without a key."""
    assert ask(method, path, body, role=role)[0] == (403 if role else 401)


def test_a_privacy_officer_does_all_of_it(office: Office) -> None:
    """It is what the role is for."""
    officer = {"role": Role.PRIVACY}
    assert ask("POST", "/v1/requests", ERASURE, **officer)[0] == 201
    assert [ask(method, path, **officer)[0] for method, path in READS] == [200, 200, 200, 404]
    assert ask("POST", "/v1/subjects/search", {"phone_e164": NUMBER}, **officer)[0] == 200
    assert ask("POST", f"{PATH}/extension", {"reason": "complexity"}, **officer)[0] == 200
    assert ask("DELETE", PATH, **officer)[0] == 202
    assert office.case().state is CaseState.CANCELLED


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=IDS[len(READS) :])
def test_a_test_key_acts_for_nobody(office: Office, method: str, path: str, body: Any) -> None:
    """It sees where requests are; it neither changes one, nor learns whose one is."""
    office.file()
    status, problem = ask(method, path, body, live=False)

    assert (status, problem["type"]) == (403, "/problems/forbidden")
    assert "test key" in problem["reason"]
    assert office.case().version == 1
    assert [ask(method, path, live=False)[0] for method, path in READS] == [200, 200, 200, 404]


def test_tenants_are_walls(office: Office) -> None:
    """I8: another tenant's request answers as nobody's, whatever is asked; nor is it listed, nor found."""
    office.file()
    office.put(certificate="a.b.c")
    theirs = {"tenant": BAKERY}

    for method, path, body in ALL:
        if ID in path:
            nobodys = path.replace(ID, request_id(99))
            assert ask(method, path, body, **theirs) == ask(method, nobodys, body, **theirs)
            assert ask(method, path, body, **theirs)[0] == 404
    assert ask("GET", "/v1/requests", query={"state": "all"}, **theirs)[1]["requests"] == []
    assert ask("POST", "/v1/subjects/search", {"phone_e164": NUMBER}, **theirs)[1]["requests"] == []
    assert office.case().version == 2


# --- nobody is known here -------------------------------------------------------------------------


def told(monkeypatch: pytest.MonkeyPatch, *, known: bool) -> list[bytes]:
    """Everything that is answered about a person from the filing to the end of the work, headers and all."""
    office = Office()
    open_(office, monkeypatch)
    if known:
        record = sealed_record(office.vault, to=ALICE, text="hello")
        office.keeping.messages.rows[record.key] = record
    said = [answer("POST", "/v1/requests", {**ERASURE, "subject_request_type": "access"})]
    said.append(answer("GET", PATH))
    for state in (CaseState.RUNNING, CaseState.COMPLETED):
        office.put(state=state, begun=NOON, finished=NOON if state.final else None)
        said += [answer("GET", PATH), answer("POST", "/v1/subjects/search", {"phone_e164": NUMBER})]
        said.append(answer("GET", "/v1/requests"))
    office.archives.objects[office.case().key] = b"sealed, and padded"
    said.append(answer("POST", f"{PATH}/links"))
    unsigned = [{**each, "multiValueHeaders": _without_signature(each)} for each in said]
    return [json.dumps(each).encode() for each in unsigned]


def _without_signature(given: dict[str, Any]) -> dict[str, Any]:
    """DER writes small numbers shorter: that is chance, and tells of nobody."""
    return {name: value for name, value in given["multiValueHeaders"].items() if name != "X-OpenDSR-Signature"}


def test_somebody_never_heard_of_is_answered_in_the_same_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until an archive is opened, nothing tells a controller's clerk whether a number is known."""
    known, unknown = told(monkeypatch, known=True), told(monkeypatch, known=False)
    assert [len(each) for each in known] == [len(each) for each in unknown]

    monkeypatch.setattr(
        "functions.dsar.counter.intake.os.urandom", bytes
    )  # without chance there is no difference at all
    assert told(monkeypatch, known=True) == told(monkeypatch, known=False)


# --- leaks ----------------------------------------------------------------------------------------

BUG, UNAVAILABLE = RuntimeError(NUMBER), UnavailableError()
OTHER = {**ERASURE, "subject_request_id": request_id(2)}
RECTIFY = {**OTHER, "subject_request_type": "rectification", **ours(correction={"field": "to", "value": BOB.reveal()})}
CODE = "471193"
REQUESTS: dict[str, tuple[str, str, Any, Exception | None]] = {
    "request-filed": ("POST", "/v1/requests", RECTIFY, None),
    "request-repeated": ("POST", "/v1/requests", ERASURE, None),
    "request-open": ("POST", "/v1/requests", OTHER, None),
    "request-mismatch": ("POST", "/v1/requests", {**ERASURE, "api_version": "1.0"}, None),
    "identity-refused": ("POST", "/v1/requests", {**OTHER, "subject_identities": [RAW, RAW]}, None),
    "invalid-number": (
        "POST",
        "/v1/requests",
        {**OTHER, "subject_identities": [{**RAW, "identity_value": NUMBER + "7"}]},
        None,
    ),
    "bad-request": ("POST", "/v1/requests", {NUMBER: NUMBER, **OTHER, "regulation": NUMBER}, None),
    "request-shown": ("GET", PATH, None, None),
    "requests-listed": ("GET", "/v1/requests", None, None),
    "request-cancelled": ("DELETE", PATH, None, None),
    "request-denied": ("POST", f"{PATH}/denial", {"reason": "other"}, None),
    "searched": ("POST", "/v1/subjects/search", {"phone_e164": NUMBER}, None),
    "request-extended": ("POST", f"{PATH}/extension", {"reason": "complexity"}, None),
    "request-closed": ("POST", f"/v1/requests/{request_id(4)}/denial", {"reason": "other"}, None),
    "discovered": ("GET", "/v1/discovery", None, None),
    "code-refused": ("POST", f"/v1/requests/{request_id(3)}/code", {"code": "471194"}, None),
    "code-given": ("POST", f"/v1/requests/{request_id(3)}/code", {"code": CODE}, None),
    "link-made": ("POST", f"/v1/requests/{request_id(4)}/links", None, None),
    "not-found": ("GET", f"/v1/requests/{NUMBER}", None, None),
    "unavailable": ("POST", "/v1/requests", RECTIFY, UNAVAILABLE),
    "bug": ("POST", "/v1/requests", RECTIFY, BUG),
}


@pytest.mark.parametrize("outcome", REQUESTS)
def test_no_answer_and_no_log_line_shows_a_person(
    office: Office, outcome: str, printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the number, nor what stands for it, nor a code, nor a key; whatever happens, wherever it goes wrong."""
    assert ask("POST", "/v1/requests", ERASURE)[0] == 201
    otp = {**ERASURE, "subject_request_id": request_id(3), "subject_request_type": "objection", **ours(identity="otp")}
    assert ask("POST", "/v1/requests", otp)[0] == 201
    office.put(3, code=digest(office.vault, CaseKey(SHOP, request_id(3)), CODE), token="waits")
    office.machine.waiting.add("waits")
    office.answered(4)
    method, path, body, fails = REQUESTS[outcome]
    if fails:

        def fail(*_: Any) -> None:
            raise fails

        monkeypatch.setattr(office.seals, "new", fail)

    given = handler.handle(event(method, path, body), CONTEXT)

    logged = printed()
    seen = json.dumps(given) + logged
    assert outcome in seen  # so we are looking at the right place
    for number in (ALICE, BOB):
        assert number.reveal()[1:] not in seen + office.kept()
        assert office.vault.subject(SHOP, number) not in seen
    assert "47119" not in seen
    mine = json.loads(given["body"]).get("extensions", {}).get("fugace", {})
    if "commitment_key" in mine:
        assert mine["commitment_key"] not in logged + office.kept()
    if "url" in json.loads(given["body"]):
        assert json.loads(given["body"])["url"].rpartition("/")[2] not in logged + office.kept()


def test_a_link_that_is_followed_is_in_no_log(office: Office, printed: Callable[[], str]) -> None:
    """Nor is what it leads to."""
    office.answered()
    link = ask("POST", f"{PATH}/links")[1]["url"].removeprefix(ADDRESS)
    archive = ask("GET", link, role=None)[1]

    logged = printed()
    assert "archive-fetched" in logged
    for secret in (link.rpartition("/")[2], archive["key"], archive["url"]):
        assert secret not in logged + office.kept()

"""/v1/requests, /v1/subjects, /v1/archives and /v1/discovery as tenants and persons see them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fugace.domain import jose
from fugace.domain.case import CaseKey, CaseState, Found, Outcome, Right
from fugace.domain.errors import UnavailableError
from functions.dsar.counter import schema
from functions.dsar.onetime import digest
from tests.edge.front_desk import ERASURE, NUMBER, PATH, RAW, answer, ask, file, open_, ours
from tests.fakes import BOB, NOON, SHOP
from tests.office import ADDRESS, CALLBACK, ID, Office, request_id

OUT = "not a valid"


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    office = Office()
    open_(office, monkeypatch)
    return office


# --- filing ---------------------------------------------------------------------------------------


def test_a_request_is_filed(office: Office) -> None:
    """With its date, where it is, and what opens its commitment."""
    given = answer("POST", "/v1/requests", ERASURE)

    shown = json.loads(given["body"])
    mine = shown["extensions"]["fugace"]
    assert given["statusCode"] == 201
    assert given["multiValueHeaders"]["Location"] == [PATH]
    assert (mine["state"], mine["due_at"]) == ("waiting", "2026-02-15T11:00:00.000Z")
    assert mine["waiting_until"] == "2026-01-16T12:00:00.000Z"
    key = jose.unb64url(mine["commitment_key"])
    assert mine["commitment"] == jose.b64url(hmac.digest(key, NUMBER.encode(), hashlib.sha256))
    assert office.case().commitment == mine["commitment"]


def test_asked_again_it_says_where_it_stands_and_no_key(office: Office) -> None:
    """200; written in another order it is the same request."""
    first = file(office)
    status, shown = ask("POST", "/v1/requests", json.dumps(dict(reversed(ERASURE.items())), indent=2))

    assert (status, shown["request_digest"]) == (200, first["request_digest"])
    del first["extensions"]["fugace"]["commitment_key"]
    assert shown == first


def test_another_one_under_its_id_is_refused(office: Office) -> None:
    """422."""
    file(office)
    status, problem = ask("POST", "/v1/requests", {**ERASURE, "subject_request_type": "access"})

    assert (status, problem["type"]) == (422, "/problems/request-mismatch")


def test_a_second_open_one_is_told_the_first(office: Office) -> None:
    """409, with its id."""
    file(office)
    status, problem = ask("POST", "/v1/requests", {**ERASURE, "subject_request_id": request_id(2)})

    assert (status, problem["type"], problem["request"]) == (409, "/problems/request-open", ID)


@pytest.mark.parametrize("kind", [right for right in Right if right is not Right.OFFBOARDING])
def test_every_kind_can_be_filed(office: Office, kind: Right) -> None:
    """With what it needs."""
    needs: dict[Right, Any] = {
        Right.RECTIFICATION: ours(correction={"field": "to", "value": BOB.reveal()}),
        Right.RESTRICTION: ours(ground="accuracy"),
    }
    shown = file(office, subject_request_type=kind, **needs.get(kind, {}))

    assert shown["extensions"]["fugace"]["subject_request_type"] == kind
    assert kind in schema.FILED


GOOD = ERASURE
BAD = [
    ({"subject_request_id": ID.upper()}, "/subject_request_id"),
    ({"subject_request_id": "019bc192-7a00-7000-8000-000000000001"}, "/subject_request_id"),
    ({"subject_request_id": NUMBER}, "/subject_request_id"),
    ({"subject_request_id": 7}, "/subject_request_id"),
    ({"subject_request_type": "offboarding"}, "/subject_request_type"),
    ({"subject_request_type": f"erase {NUMBER}"}, "/subject_request_type"),
    ({"submitted_time": "2026-01-15T11:00:00"}, "/submitted_time"),
    ({"submitted_time": "2026-01-15T12:05:01Z"}, "/submitted_time"),
    ({"submitted_time": "2025-10-15T11:59:59Z"}, "/submitted_time"),
    ({"submitted_time": "0001-01-01T00:00:00+12:00"}, "/submitted_time"),
    ({"submitted_time": "9999-12-31T23:59:59-12:00"}, "/submitted_time"),
    ({"regulation": "ccpa"}, "/regulation"),
    ({"api_version": "3.0"}, "/api_version"),
    ({"status_callback_urls": [CALLBACK] * 6}, "/status_callback_urls"),
    ({"status_callback_urls": [f"https://shop.example/dsr?to={NUMBER}"]}, "/status_callback_urls/0"),
    ({"status_callback_urls": ["https://shop.example/jane@example.com"]}, "/status_callback_urls/0"),
    ({"subject_identities": RAW}, "/subject_identities"),
    ({"subject_identities": [{**RAW, "name": "Jane"}]}, "/subject_identities/0/name"),
    ({"subject_identities": [{"identity_type": "phone_e164"}]}, "/subject_identities/0/identity_value"),
    ({"extensions": {"fugace": {"priority": "high"}}}, "/extensions/fugace/priority"),
    ({"extensions": {"fugace": {"language": "de"}}}, "/extensions/fugace/language"),
    ({"extensions": {"fugace": {"identity": "passport"}}}, "/extensions/fugace/identity"),
    ({"extensions": {"fugace": []}}, "/extensions/fugace"),
    ({"extensions": []}, "/extensions"),
    (ours(ground="accuracy"), "/extensions/fugace/ground"),
    (ours(correction={"field": "to", "value": BOB.reveal()}), "/extensions/fugace/correction"),
    ({"subject_request_type": "restriction"}, "/extensions/fugace/ground"),
    ({"subject_request_type": "rectification"}, "/extensions/fugace/correction"),
    (
        {"subject_request_type": "rectification", **ours(correction={"field": "to", "value": NUMBER})},
        "/extensions/fugace/correction/value",
    ),
    (
        {"subject_request_type": "rectification", **ours(correction={"field": "reference", "value": NUMBER})},
        "/extensions/fugace/correction/value",
    ),
    (
        {"subject_request_type": "rectification", **ours(correction={"field": "name", "value": "Jane"})},
        "/extensions/fugace/correction/field",
    ),
    ({NUMBER: NUMBER}, ""),
    ({"encoded_request": "e30="}, "/encoded_request"),
]


@pytest.mark.parametrize(("more", "pointer"), BAD, ids=[f"{number}{at}" for number, (_, at) in enumerate(BAD)])
def test_what_cannot_be_read_is_pointed_at(
    office: Office, more: dict[str, Any], pointer: str, printed: Callable[[], str]
) -> None:
    """By field and reason, never by value; nothing is filed."""
    status, problem = ask("POST", "/v1/requests", {**GOOD, **more})

    assert (status, problem["errors"][0]["pointer"]) == (400, pointer)
    assert NUMBER[1:] not in json.dumps(problem) + printed()
    assert not office.requests.rows
    assert not office.seals.keys


@pytest.mark.parametrize("body", ["", "{", "[]", "null", b"\xff\xfe", '"x"'])
def test_nor_can_what_is_no_object(office: Office, body: Any) -> None:
    """400."""
    assert ask("POST", "/v1/requests", body)[0] == 400
    assert not office.requests.rows


@pytest.mark.parametrize(
    ("identities", "pointer"),
    [
        ([], "/subject_identities"),
        ([RAW, RAW], "/subject_identities"),
        ([{**RAW, "identity_format": "plain"}], "/subject_identities/0/identity_format"),
        ([{**RAW, "identity_type": "msisdn"}], "/subject_identities/0/identity_type"),
    ],
)
def test_a_person_is_named_once_and_by_number(office: Office, identities: Any, pointer: str) -> None:
    """Anything else is refused, with the reason."""
    status, problem = ask("POST", "/v1/requests", {**ERASURE, "subject_identities": identities})

    assert (status, problem["type"], problem["errors"][0]["pointer"]) == (422, "/problems/identity-refused", pointer)
    assert not office.requests.rows


@pytest.mark.parametrize("number", ["0639980001", "+33", "", "+33639980001;ext=7", "Jane"])
def test_a_number_that_is_none_is_refused(office: Office, number: str) -> None:
    """As everywhere; wherever one is asked for."""
    filing = {**ERASURE, "subject_identities": [{**RAW, "identity_value": number}]}
    wrong_one = {
        **ERASURE,
        "subject_request_type": "rectification",
        **ours(correction={"field": "to", "value": number}),
    }
    for path, body, pointer in (
        ("/v1/requests", filing, "/subject_identities/0/identity_value"),
        ("/v1/requests", wrong_one, "/extensions/fugace/correction/value"),
        ("/v1/subjects/search", {"phone_e164": number}, "/phone_e164"),
    ):
        status, problem = ask("POST", path, body)
        assert (status, problem["type"]) == (422, "/problems/invalid-number")
        assert problem["errors"][0]["pointer"] == pointer
    assert not office.requests.rows


@pytest.mark.usefixtures("office")
def test_a_callback_that_is_never_called_is_refused() -> None:
    """422, and which."""
    status, problem = ask(
        "POST", "/v1/requests", {**ERASURE, "status_callback_urls": [CALLBACK, "http://shop.example"]}
    )

    assert (status, problem["type"], problem["reason"]) == (422, "/problems/webhook-refused", "scheme")
    assert problem["errors"] == [{"pointer": "/status_callback_urls/1", "reason": "scheme"}]


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("to", ["%2B33639980001", "%2b33%20639980001", "33639980001", "a%40shop.example"])
def test_a_callback_that_names_a_person_is_refused(to: str) -> None:
    """However it is written: it would be kept, and sent, with every change of state."""
    status, problem = ask(
        "POST", "/v1/requests", {**ERASURE, "status_callback_urls": [f"https://shop.example/dsr?to={to}"]}
    )

    assert (status, problem["type"]) == (400, "/problems/bad-request")
    assert problem["errors"][0]["pointer"] == "/status_callback_urls/0"
    assert to not in json.dumps(problem)


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("url", ["https://shop.example/dsr/3f2504e0-4f89-41d3-9a0c-0305e82c3301", CALLBACK])
def test_an_opaque_id_in_a_callback_is_none_of_a_person(url: str) -> None:
    """A UUID is digits and dashes, too."""
    assert ask("POST", "/v1/requests", {**ERASURE, "status_callback_urls": [url]})[0] == 201


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("at", ["2026-01-15T12:05:00Z", "2025-10-15T12:00:00Z", "2026-01-15T13:04:00+01:00"])
def test_clocks_may_differ_a_little(at: str) -> None:
    """And a request may have lain about; not longer than the law's longest time."""
    assert ask("POST", "/v1/requests", {**ERASURE, "submitted_time": at})[0] == 201


# --- signatures -----------------------------------------------------------------------------------


def verify(given: dict[str, Any]) -> None:
    """As a controller does it, with nothing of ours but what discovery shows."""
    (key,) = ask("GET", "/v1/discovery")[1]["extensions"]["fugace"]["keys"]
    x, y = (int.from_bytes(base64.urlsafe_b64decode(key[name] + "=")) for name in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    signature = base64.b64decode(given["multiValueHeaders"]["X-OpenDSR-Signature"][0])
    public.verify(signature, given["body"].encode(), ec.ECDSA(hashes.SHA256()))


def test_answers_about_a_request_are_signed_as_they_are_sent(office: Office) -> None:
    """A controller can show them to somebody who does not believe either of us."""
    verify(answer("POST", "/v1/requests", ERASURE))
    verify(answer("POST", "/v1/requests", ERASURE))
    verify(answer("GET", PATH))
    verify(answer("POST", f"{PATH}/extension", {"reason": "complexity"}))
    verify(answer("DELETE", PATH))
    ask("POST", "/v1/requests", {**ERASURE, "subject_request_id": request_id(2)})
    denied = answer("POST", f"/v1/requests/{request_id(2)}/denial", {"reason": "other"})
    verify(denied)
    assert denied["multiValueHeaders"]["X-OpenDSR-Processor-Domain"] == ["api.example"]
    assert office.requests.rows


def test_keys_have_their_thumbprints_as_names(office: Office) -> None:
    """And are asked for once."""
    shown = ask("GET", "/v1/discovery")[1]

    (key,) = shown["extensions"]["fugace"]["keys"]
    assert key["kid"] == jose.thumbprint(office.signer.public_key())
    spki = serialization.load_der_public_key(office.signer.public_key())
    assert isinstance(spki, ec.EllipticCurvePublicKey)
    assert jose.unb64url(key["x"]) == spki.public_numbers().x.to_bytes(32)


@pytest.mark.parametrize(("error", "later"), [(UnavailableError(), 503), (RuntimeError(NUMBER), 500)])
def test_a_filing_is_answered_unsigned_rather_than_not_at_all(
    office: Office, monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str], error: Exception, later: int
) -> None:
    """The commitment's key is told once: a signature can be had later, by asking where the request stands."""

    def away(_: bytes) -> bytes:
        raise error

    monkeypatch.setattr(office.signer, "sign", away)
    given = answer("POST", "/v1/requests", ERASURE)

    assert given["statusCode"] == 201
    assert "X-OpenDSR-Signature" not in given["multiValueHeaders"]
    assert answer("GET", PATH)["statusCode"] == later
    logged = printed()
    assert "unsigned" in logged
    assert NUMBER[1:] not in logged


def test_a_machine_that_does_not_start_is_logged(
    office: Office, monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str]
) -> None:
    """And made up for: the controller need not do anything."""

    def away(*_: Any) -> None:
        raise UnavailableError

    monkeypatch.setattr(office.machine, "start", away)
    file(office)

    assert "not-started" in printed()


# --- following ------------------------------------------------------------------------------------


def test_where_it_stands_is_shown(office: Office) -> None:
    """Due, state, and when it may still be cancelled."""
    file(office)
    status, shown = ask("GET", PATH)

    mine = shown["extensions"]["fugace"]
    assert (status, shown["request_status"], mine["certificate"]) == (200, "pending", False)
    assert shown["expected_completion_time"] == mine["due_at"]
    assert "commitment_key" not in mine
    assert "remaining" not in mine


@pytest.mark.parametrize("state", [CaseState.PARTIAL, CaseState.HELD])
def test_what_is_not_done_is_told(office: Office, state: CaseState) -> None:
    """Which places, why and until when; not how much."""
    file(office)
    office.requests.note(office.case().key, "messages", Found(Outcome.HELD, 3, 2, NOON, "legal-claim"))
    office.requests.note(office.case().key, "carriers", Found(Outcome.FAILED, left=7))
    office.requests.note(office.case().key, "key", Found(Outcome.ERASED, 1))
    office.put(state=state)

    remaining = ask("GET", PATH)[1]["extensions"]["fugace"]["remaining"]

    until = "2026-01-15T12:00:00.000Z"
    assert remaining == [
        {"place": "carriers", "outcome": "failed", "ground": None, "until": None},
        {"place": "messages", "outcome": "held", "ground": "legal-claim", "until": until},
    ]


def test_it_is_cancelled_once_and_for_all(office: Office) -> None:
    """202, and 202 again; 409 once it has begun."""
    file(office)
    first = ask("DELETE", PATH)
    assert (first[0], first[1]["request_status"]) == (202, "cancelled")
    assert ask("DELETE", PATH) == first

    office.put(state=CaseState.RUNNING)
    status, problem = ask("DELETE", PATH)
    assert (status, problem["type"], problem["state"]) == (409, "/problems/request-closed", "running")


def test_it_is_extended_with_a_reason_alone(office: Office) -> None:
    """Without one, or with another, it is not."""
    file(office)
    for body in ({}, {"reason": "holidays"}, {"reason": None}):
        assert ask("POST", f"{PATH}/extension", body)[0] == 400

    status, shown = ask("POST", f"{PATH}/extension", {"reason": "complexity"})
    mine = shown["extensions"]["fugace"]
    assert (status, mine["extended"], mine["due_at"]) == (200, "complexity", "2026-04-15T11:00:00.000Z")
    assert ask("POST", f"{PATH}/extension", {"reason": "number_of_requests"})[0] == 409


def test_a_denial_tells_what_the_person_may_do(office: Office) -> None:
    """In its answer and ever after (Art. 12(4)); without a reason there is none."""
    file(office)
    for body in ({}, {"reason": "no"}, {"reason": f"no, {NUMBER}"}):
        assert ask("POST", f"{PATH}/denial", body)[0] == 400

    status, shown = ask("POST", f"{PATH}/denial", {"reason": "suspected_fraud"})

    mine = shown["extensions"]["fugace"]
    assert (status, shown["request_status"], mine["state"]) == (200, "completed", "denied")
    assert mine["reason"] == "suspected_fraud"
    assert ("Art. 77" in mine["remedy"]["complaint"], "Art. 79" in mine["remedy"]["judicial"]) == (True, True)
    assert ask("GET", PATH) == (200, shown)
    assert ask("GET", "/v1/requests", query={"state": "all"})[1]["requests"] == [shown]


def test_a_code_is_given_back(office: Office) -> None:
    """202; a wrong one 422 with the tries that are left."""
    file(office, **ours(identity="otp"))
    office.put(code=digest(office.vault, CaseKey(SHOP, ID), "471193"), token="waits")
    office.machine.waiting.add("waits")

    status, problem = ask("POST", f"{PATH}/code", {"code": "471194"})
    assert (status, problem["type"], problem["left"]) == (422, "/problems/code-refused", 4)
    for body in ({"code": "47 11 93"}, {"code": 471193}, {"code": ""}, {"code": "1" * 17}, {}):
        assert ask("POST", f"{PATH}/code", body)[0] == 400
    assert ask("POST", f"{PATH}/code", {"code": "471193"})[0] == 202
    assert office.case().tries == 2


def test_requests_are_listed_page_by_page(office: Office) -> None:
    """Due first, with the way to the next page."""
    for number in (1, 2, 3):
        at = f"2026-01-1{number}T11:00:00Z"
        identity = {**RAW, "identity_value": f"+3363998000{number}"}
        file(office, subject_request_id=request_id(number), submitted_time=at, subject_identities=[identity])

    given = answer("GET", "/v1/requests", query={"limit": "2"})
    first = json.loads(given["body"])
    assert [each["subject_request_id"] for each in first["requests"]] == [request_id(1), request_id(2)]
    (link,) = given["multiValueHeaders"]["Link"]
    assert link.startswith("<?limit=2&cursor=")
    last = ask("GET", "/v1/requests", query={"limit": "2", "cursor": first["next_cursor"]})[1]
    assert [each["subject_request_id"] for each in last["requests"]] == [request_id(3)]
    assert last["next_cursor"] is None


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"state": "closed"}, "/query/state"),
        ({"limit": "0"}, "/query/limit"),
        ({"limit": "101"}, "/query/limit"),
        ({"number": NUMBER}, "/query/number"),
        ({"cursor": "x"}, "/query/cursor"),
    ],
)
def test_a_query_that_cannot_be_read_is_pointed_at(query: dict[str, str], pointer: str) -> None:
    """By parameter and reason."""
    status, problem = ask("GET", "/v1/requests", query=query)

    assert (status, problem["errors"][0]["pointer"]) == (400, pointer)


def test_a_person_is_searched_for_in_the_body(office: Office) -> None:
    """Ids, states and dates; a number in a URL would be in a log."""
    shown = file(office)
    del shown["extensions"]["fugace"]["commitment_key"], shown["received_time"], shown["request_digest"]

    assert ask("POST", "/v1/subjects/search", {"phone_e164": "+33 6 39 98 00 01"}) == (200, {"requests": [shown]})
    assert ask("POST", "/v1/subjects/search", {"phone_e164": BOB.reveal()}) == (200, {"requests": []})
    assert ask("GET", "/v1/subjects/search", query={"phone_e164": NUMBER})[0] == 404


def test_a_certificate_is_shown_with_the_keys_that_verify_it(office: Office) -> None:
    """Once there is one."""
    file(office)
    assert ask("GET", f"{PATH}/certificate")[0] == 404
    office.put(certificate="a.b.c")

    status, shown = ask("GET", f"{PATH}/certificate")
    assert (status, shown["certificate"]) == (200, "a.b.c")
    assert shown["keys"] == ask("GET", "/v1/discovery")[1]["extensions"]["fugace"]["keys"]
    assert ask("GET", PATH)[1]["extensions"]["fugace"]["certificate"] is True


# --- archives -------------------------------------------------------------------------------------


def test_an_archive_is_fetched_with_a_link_and_no_key(office: Office) -> None:
    """Once; what is used, over, forged or never made answers the same, byte for byte."""
    office.answered()
    status, link = ask("POST", f"{PATH}/links")
    assert (status, link["expires_at"]) == (201, "2026-01-16T12:00:00.000Z")
    assert link["url"].startswith(f"{ADDRESS}/v1/archives/")
    path = link["url"].removeprefix(ADDRESS)

    status, archive = ask("GET", path, role=None)
    assert (status, archive["format"], archive["filename"]) == (200, "fugace-archive/1", f"access-{ID}.fugace")
    assert jose.unb64url(archive["key"]) == office.seals.secret(office.case().key, "archive")

    used = answer("GET", path, role=None)
    forged = answer("GET", path[:-3] + "AAA", role=None)
    never = answer("GET", "/v1/archives/x", role=None)
    assert used == forged == never
    assert used["statusCode"] == 404

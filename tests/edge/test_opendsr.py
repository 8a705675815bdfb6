"""The examples of the OpenDSR specification (opengdpr/OpenDSR, specification.md), with a number where it has an e-mail.

What is accepted, what is refused, and which of its required properties are in our answers.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fugace.domain.case import CaseState, Right
from tests.edge.front_desk import NUMBER, answer, ask, open_
from tests.office import Office

ID = "a7551968-d5d6-44b2-9831-815ac9017798"
PHONE = {"identity_type": "phone_e164", "identity_value": NUMBER, "identity_format": "raw"}
MAIL = {"identity_type": "email", "identity_value": "johndoe@example.com", "identity_format": "raw"}
REQUEST: dict[str, Any] = {  # section 7.2: without `regulation`, although section 7.1.1 requires it
    "subject_request_id": ID,
    "subject_request_type": "erasure",
    "submitted_time": "2018-10-02T15:00:00Z",
    "subject_identities": [PHONE],
    "api_version": "1.0",
    "status_callback_urls": ["https://examplecontroller.com/OpenCompliance_callbacks"],
    "extensions": {
        "example-processor.com": {"foo-processor-custom-id": 123456, "property_id": "123456"},
        "example-other-processor.com": {"foo-other-processor-custom-id": 654321},
    },
}


@pytest.fixture(autouse=True)
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    """On the day of the examples."""
    office = Office(datetime(2018, 10, 2, 15, 0, 1, tzinfo=UTC))
    open_(office, monkeypatch)
    return office


def test_the_example_of_a_request_is_accepted(office: Office) -> None:
    """Section 7.2, with a number: extensions of other processors are none of ours, and are neither refused nor kept."""
    status, shown = ask("POST", "/v1/requests", REQUEST)

    assert status == 201
    assert (shown["subject_request_id"], shown["request_status"]) == (ID, "pending")
    (case,) = office.requests.rows.values()
    assert (case.regulation, case.callbacks) == ("gdpr", tuple(REQUEST["status_callback_urls"]))
    assert "123456" not in office.kept()


def test_as_it_is_published_its_identity_is_refused() -> None:
    """Nobody is known here by an e-mail address: 422, with the reason."""
    status, problem = ask("POST", "/v1/requests", {**REQUEST, "subject_identities": [MAIL]})

    assert (status, problem["type"]) == (422, "/problems/identity-refused")
    assert "johndoe" not in json.dumps(problem)


def test_its_comma_too_many_is_refused() -> None:
    """The published text is not JSON: `"property_id": "123456",` is followed by a brace."""
    published = json.dumps(REQUEST).replace('"property_id": "123456"', '"property_id": "123456",')

    assert ask("POST", "/v1/requests", published)[0] == 400


@pytest.mark.parametrize("form", ["sha1", "md5", "sha256"])
@pytest.mark.parametrize("kind", ["phone_e164", "email"])
def test_hashes_are_refused_with_the_reason(form: str, kind: str) -> None:
    """Section 5.2 has them; a hashed number is a number."""
    hashed = {"identity_type": kind, "identity_value": "3f786850e387550fdab836ed7e6dc881", "identity_format": form}
    status, problem = ask("POST", "/v1/requests", {**REQUEST, "subject_identities": [hashed]})

    assert (status, problem["type"]) == (422, "/problems/identity-refused")
    assert problem["reason"].startswith("a hashed number is a number: ")
    assert problem["errors"][0]["pointer"] == "/subject_identities/0/identity_format"


IDENTITY_TYPES = (
    "controller_customer_id",
    "android_advertising_id",
    "android_id",
    "email",
    "fire_advertising_id",
    "ios_advertising_id",
    "ios_vendor_id",
    "microsoft_advertising_id",
    "microsoft_publisher_id",
    "roku_publisher_id",
    "roku_advertising_id",
)


@pytest.mark.parametrize("kind", IDENTITY_TYPES)
def test_identities_of_section_5_1_are_none_of_ours(kind: str) -> None:
    """The specification has no telephone number."""
    status, problem = ask("POST", "/v1/requests", {**REQUEST, "subject_identities": [{**PHONE, "identity_type": kind}]})

    assert (status, problem["errors"][0]["pointer"]) == (422, "/subject_identities/0/identity_type")


@pytest.mark.parametrize("kind", ["access", "portability", "erasure"])
def test_the_kinds_of_section_6_2_are_taken(kind: str) -> None:
    """And told in discovery."""
    assert ask("POST", "/v1/requests", {**REQUEST, "subject_request_type": kind})[0] == 201
    assert kind in ask("GET", "/v1/discovery")[1]["supported_subject_request_types"]


def test_another_regulation_is_refused() -> None:
    """`ccpa` has other dates and other rights: taken for the GDPR's they would be wrong."""
    status, problem = ask("POST", "/v1/requests", {**REQUEST, "regulation": "ccpa"})

    assert (status, problem["errors"][0]["pointer"]) == (400, "/regulation")


def test_discovery_has_what_section_6_3_requires() -> None:
    """`processor_certificate` is on the same domain, and leads to keys instead of a certificate."""
    status, shown = ask("GET", "/v1/discovery")

    assert status == 200
    assert shown.keys() >= {
        "api_version",
        "supported_identities",
        "supported_subject_request_types",
        "processor_certificate",
    }
    assert shown["supported_identities"] == [{"identity_type": "phone_e164", "identity_format": "raw"}]
    assert set(shown["supported_subject_request_types"]) == set(Right) - {Right.OFFBOARDING}
    domain = answer("POST", "/v1/requests", REQUEST)["multiValueHeaders"]["X-OpenDSR-Processor-Domain"][0]
    assert shown["processor_certificate"].startswith(f"https://{domain}/")


def test_the_answer_has_what_section_7_3_requires() -> None:
    """But for `encoded_request`, in whose place a digest stands; and a month is a month, not thirty days."""
    _, shown = ask("POST", "/v1/requests", REQUEST)

    assert shown["received_time"] == "2018-10-02T15:00:01.000Z"
    assert shown["expected_completion_time"] == "2018-11-02T15:00:00.000Z"
    assert shown["subject_request_id"] == ID
    assert "controller_id" in shown
    assert "encoded_request" not in shown
    assert len(shown["request_digest"]) == 43


def test_a_status_has_what_section_8_3_requires(office: Office) -> None:
    """Body and headers; `results_url` once there is something."""
    ask("POST", "/v1/requests", {**REQUEST, "subject_request_type": "access"})
    given = answer("GET", f"/v1/requests/{ID}")

    shown = json.loads(given["body"])
    required = {"controller_id", "expected_completion_time", "subject_request_id", "request_status"}
    assert shown.keys() >= required
    assert given["multiValueHeaders"].keys() >= {"X-OpenDSR-Processor-Domain", "X-OpenDSR-Signature"}
    assert "results_url" not in shown

    (case,) = office.requests.rows.values()
    office.requests.rows[case.key] = replace(case, state=CaseState.COMPLETED)
    assert ask("GET", f"/v1/requests/{ID}")[1]["results_url"].endswith(f"/v1/requests/{ID}/links")


def test_a_cancellation_has_what_section_9_2_requires() -> None:
    """202, only while `pending`."""
    ask("POST", "/v1/requests", REQUEST)
    given = answer("DELETE", f"/v1/requests/{ID}")

    shown = json.loads(given["body"])
    assert given["statusCode"] == 202
    assert shown.keys() >= {"controller_id", "received_time", "subject_request_id", "api_version"}
    assert "X-OpenDSR-Signature" in given["multiValueHeaders"]


@pytest.mark.parametrize("missing", ["subject_request_id", "subject_request_type", "submitted_time"])
def test_an_error_is_400_and_names_the_field(missing: str) -> None:
    """Section 7.7, in the form of RFC 9457."""
    body = {name: value for name, value in REQUEST.items() if name != missing}
    status, problem = ask("POST", "/v1/requests", body)

    assert (status, problem["errors"]) == (400, [{"pointer": f"/{missing}", "reason": "required"}])


def test_statuses_are_those_of_section_8() -> None:
    """Whatever our own word is."""
    assert {state.dsr_status for state in CaseState} == {"pending", "in_progress", "completed", "cancelled"}

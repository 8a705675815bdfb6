"""What /v1/requests, /v1/subjects, /v1/archives and /v1/discovery show. Nothing that is shown names a person.

Nor does it tell whether somebody is known: two requests that are alike but for their person are shown alike, until what
was made of them is opened. That is why no counts are here: the certificate has them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fugace.domain.case import ARCHIVED, BEFORE, REMAINING, Case, CaseState, Found, Outcome, Right
from fugace.domain.ids import TenantId
from fugace.domain.jose import ALGORITHM, b64url
from fugace.domain.ledger import written
from fugace.domain.portable import ARCHIVE
from functions.dsar.counter import schema
from functions.dsar.counter.intake import Filed
from functions.dsar.counter.links import Fetched

VERSION = "2.0"
REMEDY = {
    "complaint": "The person may lodge a complaint with a supervisory authority, above all where they live or work, or "
    "where it happened (Art. 77 GDPR).",
    "judicial": "The person may seek a judicial remedy against the controller (Art. 79 GDPR).",
    "authorities": "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en",
}
"""What has to be told with every refusal (Art. 12(4) GDPR)."""


def status(case: Case, address: str) -> dict[str, Any]:
    """Where a request stands. `address`: that of the API."""
    shown: dict[str, Any] = {
        "controller_id": case.tenant,
        "expected_completion_time": written(case.due),
        "subject_request_id": case.key.id,
        "request_status": case.state.dsr_status,
        "api_version": VERSION,
    }
    archived = case.right is Right.OFFBOARDING and case.state is CaseState.WAITING and case.records is not None
    if archived or (case.right in ARCHIVED and case.state is CaseState.COMPLETED):
        shown["results_url"] = f"{address}/v1/requests/{case.key.id}/links"
    return {**shown, "extensions": {schema.OURS: _ours(case)}}


def leaving(case: Case, address: str) -> dict[str, Any]:
    """Where a tenant stands that leaves, and what is needed next."""
    shown = status(case, address)
    shown["extensions"][schema.OURS]["needs"] = _needs(case)
    return shown


def _needs(case: Case) -> str | None:
    """A word of ours: what the tenant may, or has to, do."""
    if case.state is CaseState.VERIFYING:
        return "second-key"
    if case.state is CaseState.WAITING and case.records is not None:
        return "fetch-archive"
    return None


def filed(done: Filed, address: str) -> dict[str, Any]:
    """The answer to a filing: OpenDSR's `encoded_request` is a digest, which nobody can undo."""
    shown = status(done.case, address)
    shown["received_time"] = written(done.case.received)
    shown["request_digest"] = b64url(done.digest)
    if done.commitment_key:
        shown["extensions"][schema.OURS]["commitment_key"] = b64url(done.commitment_key)
    return shown


def cancelled(case: Case, address: str) -> dict[str, Any]:
    """The answer to a cancellation."""
    return {**status(case, address), "received_time": written(case.finished or case.received)}


def _ours(case: Case) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "subject_request_type": case.right.value,
        "state": case.state.value,
        "identity": case.identity.value,
        "submitted_time": written(case.submitted),
        "received_time": written(case.received),
        "due_at": written(case.due),
        "extended": case.extended or None,
        "waiting_until": written(case.until) if case.until and case.state in BEFORE else None,
        "finished_time": written(case.finished) if case.finished else None,
        "reason": case.reason or None,
        "commitment": case.commitment or None,
        "certificate": bool(case.certificate),
    }
    if case.state is CaseState.DENIED:
        shown["remedy"] = REMEDY
    if case.state in REMAINING:
        shown["remaining"] = _remaining(case.places)
    return shown


def _remaining(places: Mapping[str, Found]) -> list[dict[str, Any]]:
    """What is not done yet, and why: of what failed, and of what is held."""
    open_ = {Outcome.FAILED, Outcome.HELD}
    return [
        {
            "place": place,
            "outcome": found.outcome.value,
            "ground": found.ground or None,
            "until": written(found.until) if found.until else None,
        }
        for place, found in sorted(places.items())
        if found.outcome in open_
    ]


def requests(cases: Sequence[Case], address: str) -> list[dict[str, Any]]:
    """Several of them."""
    return [status(case, address) for case in cases]


def link(case: Case, token: str, address: str) -> dict[str, Any]:
    """A link that can be given to the person."""
    until = written(case.link_until) if case.link_until else None
    return {"url": f"{address}/v1/archives/{token}", "expires_at": until}


def archive(fetched: Fetched) -> dict[str, Any]:
    """Where the sealed archive is, and what opens it."""
    key = fetched.case.key
    return {
        "url": fetched.url,
        "key": b64url(fetched.key),
        "format": ARCHIVE,
        "filename": f"{fetched.case.right.value}-{key.id}.fugace",
    }


def discovery(tenant: TenantId, keys: Sequence[Mapping[str, str]], address: str) -> dict[str, Any]:
    """What is understood here, and whose signatures are ours."""
    return {
        "api_version": VERSION,
        "controller_id": tenant,
        "supported_identities": [
            {"identity_type": schema.IDENTITY_TYPE, "identity_format": schema.IDENTITY_FORMAT},
        ],
        "supported_subject_request_types": [right.value for right in schema.FILED],
        "processor_certificate": f"{address}/v1/discovery",
        "extensions": {
            schema.OURS: {
                "keys": [dict(key) for key in keys],
                "signature": f"{ALGORITHM}, DER, base64, of SHA-256 of the body",
                "languages": list(schema.LANGUAGES),
            },
        },
    }

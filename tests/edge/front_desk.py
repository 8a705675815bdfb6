"""The API of requests over fakes, for tests of its answers."""

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.dsar.counter import handler
from tests.architecture.openapi import mismatch
from tests.edge.events import CONTEXT, event
from tests.fakes import ALICE
from tests.office import ADDRESS, ID, Office

NUMBER = ALICE.reveal()
RAW = {"identity_type": "phone_e164", "identity_value": NUMBER, "identity_format": "raw"}
ERASURE: dict[str, Any] = {
    "regulation": "gdpr",
    "subject_request_id": ID,
    "subject_request_type": "erasure",
    "submitted_time": "2026-01-15T11:00:00Z",
    "subject_identities": [RAW],
}
PATH = f"/v1/requests/{ID}"


def open_(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the handler work with it."""
    made = {
        "intake": lambda: replace(office.intake),
        "desk": lambda: office.desk,
        "listing": lambda: office.listing,
        "codes": lambda: office.codes,
        "links": lambda: office.links,
        "leaving": lambda: office.leaving,
        "certifier": lambda: office.signer,
        "address": lambda: ADDRESS,
    }
    for name, make in made.items():
        monkeypatch.setattr(handler, name, make)
    handler.keys.cache_clear()


def answer(method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    """The proxy's answer, which is as docs/openapi.yaml describes it."""
    given = handler.handle(event(method, path, body, **more), CONTEXT)
    assert mismatch(method, path, given) == ""
    return given


def ask(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
    """Status and body of it."""
    given = answer(method, path, body, **more)
    return given["statusCode"], json.loads(given["body"] or "null")


def file(office: Office, **more: Any) -> Any:
    status, shown = ask("POST", "/v1/requests", {**ERASURE, **more})
    assert status == 201
    assert office.requests.rows
    return shown


def ours(**more: Any) -> dict[str, Any]:
    return {"extensions": {"fugace": more}}

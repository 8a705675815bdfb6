"""What is left of a tenant that has left: its certificate, for whoever operates the deployment."""

from dataclasses import replace
from functools import partial

import pytest

from fugace.domain.case import Case, CaseKey, CaseState, Right
from fugace.edge import wiring
from tests.cli.conftest import Terminal
from tests.fakes import BAKERY, SHOP
from tests.fakes_rights import FakeRequests
from tests.leaving import GONE, Leaving


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> FakeRequests:
    requests = FakeRequests()
    monkeypatch.setattr(wiring, "requests", lambda settings: requests if settings.cases_table else None)
    return requests


def put(requests: FakeRequests, key: CaseKey = GONE, **more: object) -> Case:
    case: Case = partial(replace, Leaving().gone)(key=key, state=CaseState.COMPLETED, **more)  # type: ignore[arg-type]
    requests.rows[key] = case
    return case


def test_a_certificate_is_printed_as_it_is(fugace: Terminal, requests: FakeRequests) -> None:
    """Ready to be verified, and nothing around it."""
    put(requests, certificate="a.b.c")

    assert fugace("tenants", "certificate", SHOP).stdout == "a.b.c\n"


def test_a_persons_is_not_taken_for_it(fugace: Terminal, requests: FakeRequests) -> None:
    """Nor is another tenant's."""
    put(requests, certificate="a.b.c", right=Right.ERASURE)
    put(requests, CaseKey(BAKERY, GONE.id), certificate="d.e.f")

    result = fugace("tenants", "certificate", SHOP)

    assert result.exit_code != 0
    assert "There is none" in result.stderr


@pytest.mark.usefixtures("requests")
def test_what_is_no_id_is_refused(fugace: Terminal) -> None:
    """In a sentence."""
    result = fugace("tenants", "certificate", "the shop")

    assert result.exit_code != 0
    assert "begins with ten_" in result.stderr

"""I8, and who may what: every operation, role, state of a key, on own and on foreign things."""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby, product
from typing import Any

import pytest
import urllib3

from fugace.domain.tenant import Role
from tests.journeys import matrix
from tests.journeys.conftest import Answer, Client, Stack, Tenant
from tests.journeys.matrix import Operation

NUMBER, WORD = "+33639989910", "xylophone"
NEEDS = {
    *("getCertificate", "makeLink", "giveCode", "fetchArchive", "reportByPost", "reportByGet"),  # something made before
    "liftHold",  # another key than the one that set it
    "leave",  # that no hold is set
    "cancelRequest",  # that it was not denied before
}
"""Where a plain call does not succeed, and what it would take."""
LIFE = 8
"""Seconds of a key that is to expire."""
THREADS = 12
STATES = ("valid", "expired", "revoked", "malformed", "missing")


@dataclass(frozen=True, slots=True)
class Cell:
    """One place in the matrix."""

    operation: Operation
    role: str
    state: str
    things: str
    """`own`, `foreign`, or `absent`."""


Matrix = dict[Cell, Answer]


def belongings(tenant: Tenant, sink: str, word: str, number: str) -> dict[str, str]:
    """One of each thing that a tenant can have, with a number and a word in it to know it by."""
    ask, later = tenant.client, (datetime.now(UTC) + timedelta(days=5)).isoformat()
    text = {"to": number, "text": f"{word} in the attic", "category": "transactional", "campaign": word}
    request = {
        "subject_request_id": str(uuid.uuid4()),
        "subject_request_type": "access",
        "submitted_time": datetime.now(UTC).isoformat(timespec="seconds"),
        "subject_identities": [{"identity_type": "phone_e164", "identity_value": number, "identity_format": "raw"}],
        "extensions": {"fugace": {"identity": "otp"}},
    }
    made = {
        "message": ask("POST", "/v1/messages", {**text, "reference": f"{word}-17", "send_at": later}),
        "webhook": ask("POST", "/v1/webhooks", {"url": f"{sink}/{word}"}),
        "key": ask("POST", "/v1/keys", {"role": "reader", "mode": "live", "note": word}),
        "hold": ask("POST", "/v1/holds", {"ground": "legal-claim", "until": later, "to": number[:-1] + "9"}),
        "request": ask("POST", "/v1/requests", request),
    }
    assert all(each.status < 300 for each in made.values()), {name: each.text for name, each in made.items()}
    return {name: each.json.get("id", request["subject_request_id"]) for name, each in made.items()}


@pytest.fixture(scope="module")
def foreign(tenant_of: Callable[..., Tenant]) -> Tenant:
    return tenant_of("Xylophones Ltd", mode="live")


@pytest.fixture(scope="module")
def theirs(foreign: Tenant, stack: Stack) -> dict[str, str]:
    return belongings(foreign, stack.local["sink_url"], WORD, NUMBER)


@pytest.fixture(scope="module")
def cells(stack: Stack) -> list[Cell]:
    """Each state of a key with each role, on each operation, and on foreign things where it has a place for an id."""
    found = []
    for operation in matrix.all_of_them(stack.local["sink_url"]):
        for role, state in [*product(Role, STATES[:-1]), (Role.ADMIN, "missing")]:
            things = ("own", "foreign", "absent") if operation.names else ("own",)
            found += [
                Cell(operation, role.value, state, each) for each in things if state == "valid" or each != "absent"
            ]
    return found


@pytest.fixture(scope="module")
def answers(tenant_of: Callable[..., Tenant], theirs: dict[str, str], cells: list[Cell], stack: Stack) -> Matrix:
    """The whole matrix, asked by one tenant. Roles use things of their own, so that none takes another's away."""
    asker, sink = tenant_of("Asker", mode="live"), stack.local["sink_url"]
    keys = dict(keys_of(asker.client))
    own = {role.value: belongings(asker, sink, "own", f"+336399899{index}0") for index, role in enumerate(Role, 2)}
    others = {"foreign": theirs, "absent": matrix.ABSENT}
    time.sleep(LIFE)
    pool = urllib3.PoolManager(maxsize=THREADS, ca_certs=stack.ca, retries=False, timeout=30.0)

    def ask(cell: Cell) -> tuple[Cell, Answer]:
        ids = own[cell.role] if cell.things == "own" else others[cell.things]
        method, path, body = cell.operation.filled(ids)
        headers = {"Content-Type": "application/json"} if body else {}
        if key := keys[cell.role, cell.state]:
            headers["Authorization"] = f"Bearer {key}"
        got = pool.request(method, stack.local["api_url"] + path, body=body, headers=headers)
        return cell, Answer(got.status, {name.lower(): value for name, value in got.headers.items()}, got.data.decode())

    with ThreadPoolExecutor(THREADS) as threads:
        steps = (list(step) for _, step in groupby(sorted(cells, key=turn), turn))
        return {cell: answer for step in steps for cell, answer in threads.map(ask, step)}


def turn(cell: Cell) -> tuple[int, ...]:
    """Operations one by one: those that look, that add, that take away; holds last: they keep things out of reach."""
    names = [each.name for each in matrix.all_of_them("")]
    rank = ("GET", "POST", "PUT", "DELETE").index(cell.operation.method)
    return int(cell.operation.path.startswith("/v1/holds")), rank, names.index(cell.operation.name)


def keys_of(admin: Client) -> Iterator[tuple[tuple[str, str], str | None]]:
    """A key of each role in each state. None was used before, so nobody remembers it as a good one."""

    def made(role: Role, **more: str) -> dict[str, Any]:
        answer = admin("POST", "/v1/keys", {"role": role.value, "mode": "live", **more})
        assert answer.status == 201, answer.text
        return dict(answer.json)

    for role in Role:
        soon = (datetime.now(UTC) + timedelta(seconds=LIFE)).isoformat()
        valid, expired, revoked = made(role)["key"], made(role, expires=soon)["key"], made(role)
        assert admin("DELETE", f"/v1/keys/{revoked['id']}").status == 204
        yield (role.value, "valid"), valid
        yield (role.value, "expired"), expired
        yield (role.value, "revoked"), revoked["key"]
        yield (role.value, "malformed"), valid[:-1] + ("a" if valid[-1] != "a" else "b")
    yield (Role.ADMIN.value, "missing"), None


def problem(answer: Answer) -> str:
    kind = answer.headers.get("content-type", "")
    return answer.json["type"].removeprefix("/problems/") if kind.startswith("application/problem+json") else ""


def comparable(answer: Answer) -> tuple[int, str, str]:
    return answer.status, answer.headers["content-type"], re.sub(r'"instance":\s*"[^"]*"', "", answer.text)


def test_no_answer_is_undocumented_and_none_is_our_mistake(answers: Matrix) -> None:
    """Whoever asks whatever: the document has the answer."""
    wrong = [
        (cell.operation.name, cell.role, cell.state, cell.things, answer.status, answer.text[:200])
        for cell, answer in answers.items()
        if str(answer.status) not in cell.operation.statuses
        or answer.status >= 500
        or (problem(answer) or "none") not in {*cell.operation.problems, "none"}
    ]

    assert wrong == []


def test_a_key_that_is_not_good_opens_nothing(answers: Matrix) -> None:
    """Expired, revoked, mistyped or missing: one answer, whatever is asked for, and whosever it is."""
    shut = {cell: answer for cell, answer in answers.items() if cell.state != "valid" and cell.operation.scopes}

    assert {(answer.status, problem(answer)) for answer in shut.values()} == {(401, "unauthorized")}
    assert len({comparable(answer) for answer in shut.values()}) == 1


def test_what_needs_no_key_is_answered_alike_with_any(answers: Matrix) -> None:
    """An archive's link and a carrier's address prove themselves; a key adds nothing to them."""
    open_ = {cell: comparable(answer) for cell, answer in answers.items() if not cell.operation.scopes}

    assert open_
    for name in {cell.operation.name for cell in open_}:
        assert len({each for cell, each in open_.items() if cell.operation.name == name}) == 1


def test_a_role_may_what_its_scopes_say_and_nothing_else(answers: Matrix) -> None:
    """Refused before anything is looked up: foreign, absent and own things alike."""
    scopes, wrong = matrix.scopes_of(), []
    assert set(scopes) == set(Role)
    for cell, answer in answers.items():
        if cell.state != "valid" or not cell.operation.scopes:
            continue
        lacks = cell.operation.scopes - scopes[cell.role]
        refused = problem(answer) == "forbidden" and answer.json.get("scope") in cell.operation.scopes
        if refused != bool(lacks) or (lacks and answer.json["scope"] not in lacks):
            wrong.append((cell.operation.name, cell.role, cell.things, answer.status, answer.text[:200]))

    assert wrong == []


def test_who_may_succeeds(answers: Matrix) -> None:
    """A matrix of refusals alone would prove nothing: each operation works for somebody, on things of their own."""
    done = {cell.operation.name for cell, answer in answers.items() if answer.status < 300 and cell.things == "own"}
    names = {cell.operation.name for cell in answers}

    assert {re.split("[ ?]", name)[0] for name in names - done} <= NEEDS


def test_foreign_things_answer_as_absent_ones(answers: Matrix) -> None:
    """A difference between 'not yours' and 'not there' tells that it is there."""
    wrong = []
    for cell, answer in answers.items():
        if (cell.state, cell.things) != ("valid", "foreign"):
            continue
        absent = answers[replace(cell, things="absent")]
        lacks = cell.operation.scopes - matrix.scopes_of()[cell.role]
        if comparable(answer) != comparable(absent) or (not lacks and answer.status != 404):
            wrong.append((cell.operation.name, cell.role, answer.status, answer.text[:200], absent.text[:200]))

    assert any(cell.things == "foreign" for cell in answers)
    assert wrong == []


def test_no_byte_of_a_neighbour_is_in_any_answer(answers: Matrix, foreign: Tenant, theirs: dict[str, str]) -> None:
    """Ids, number, text, names, the beginning of its keys: in no body and no header, but where one sent it oneself."""
    key = str(foreign.client.key)
    planted = {NUMBER, NUMBER[1:], WORD, WORD.title(), key[:25], foreign.id}
    planted |= set(theirs.values())
    found = []
    for cell, answer in answers.items():
        _, path, body = cell.operation.filled(theirs)
        said = f"{path} {body!r}" if cell.things == "foreign" else ""
        shown = f"{answer.text} {answer.headers}"
        found += [(cell.operation.name, each) for each in planted if each in shown and each not in said]

    assert found == []


@pytest.mark.usefixtures("answers")
def test_what_a_neighbour_asked_about_is_untouched(foreign: Tenant, theirs: dict[str, str]) -> None:
    """Refused means refused: nothing was cancelled, removed, lifted or revoked by the attempts."""
    ask = foreign.client

    assert ask("GET", f"/v1/messages/{theirs['message']}").json["status"] == "accepted"
    assert ask("GET", f"/v1/webhooks/{theirs['webhook']}").json["old_secrets_until"] == []
    assert ask("GET", f"/v1/holds/{theirs['hold']}").json["lifted_at"] is None
    request = ask("GET", f"/v1/requests/{theirs['request']}").json["extensions"]["fugace"]
    assert (request["state"], request["extended"]) == ("verifying", None)
    keys = ask("GET", "/v1/keys").json["keys"]
    assert [key["revoked"] for key in keys if key["id"] == theirs["key"]] == [None]

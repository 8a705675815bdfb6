"""/v1/retention, /v1/holds, /v1/ledger and /v1/statistics as tenants see them, and what nobody gets to see."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fugace.domain import chain
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import HoldState
from fugace.domain.ledger import written
from fugace.domain.message import Status
from fugace.domain.retention import ANNOUNCED, Kind
from fugace.domain.tenant import Role
from fugace.edge import wiring
from fugace.keeping import Book, Due, Tally
from functions.purge import handler
from functions.purge.account import Account
from functions.purge.checkpoint import Checkpointing
from functions.purge.foresight import Foresight
from functions.purge.holds import HoldDesk
from functions.purge.policy import PolicyDesk
from tests.architecture.openapi import mismatch
from tests.edge.events import CONTEXT, event
from tests.fakes import ALICE, BAKERY, FIRST, NOON, SECOND, SHOP, sealed_record, tenant
from tests.fakes_keeping import FakeAgenda, Keeping

NUMBER = ALICE.reveal()
UNTIL = "2026-06-30T00:00:00Z"
PERSON = {"ground": "restriction", "until": UNTIL, "to": NUMBER}
MESSAGE = {"ground": "legal-claim", "until": UNTIL, "message": FIRST.id}
EVERYTHING = {"ground": "authority-order", "until": UNTIL, "tenant": True}


class Agenda(FakeAgenda):
    """Jobs whose table breaks with a number in its message, when told to."""

    fails: Exception | None = None

    def ensure(self, *args: Any) -> None:
        if self.fails:
            raise self.fails
        super().ensure(*args)

    def of(self, tenant: Any) -> list[Due]:
        if self.fails:
            raise self.fails
        return super().of(tenant)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Keeping:
    world = Keeping(tenant(), tenant(BAKERY))
    world.agenda = Agenda()
    for key, age in ((FIRST, 1), (SECOND, 40)):
        at = NOON - timedelta(days=age)
        world.messages.rows[key] = sealed_record(world.vault, key, at=at, text=f"call {NUMBER}")
    made = {
        "policies": PolicyDesk(world.policies, world.tenants, world.ledger, world.agenda, wiring.bounds(), world.clock),
        "foresight": Foresight(
            world.tenants, world.agenda, world.disposal, world.statistics, world.holds, {}, world.clock
        ),
        "holds": HoldDesk(
            world.holds,
            world.policies,
            world.ledger,
            world.agenda,
            world.disposal,
            world.vault,
            world.queue,
            world.clock,
        ),
        "account": Account(world.ledger, world.statistics, world.policies, world.checkpoints, world.clock),
    }
    for name, each in made.items():
        monkeypatch.setattr(handler, name, lambda each=each: each)
    return world


def ask(method: str, path: str, body: Any = None, *, key: str = "key_callerkk", **more: Any) -> tuple[int, Any]:
    """Status and body of the answer, which is as docs/openapi.yaml describes it."""
    asked = event(method, path, body, **more)
    if asked["requestContext"]["authorizer"]:
        asked["requestContext"]["authorizer"]["key_id"] = key
    answer = handler.handle(asked, CONTEXT)
    assert mismatch(method, path, answer) == ""
    return answer["statusCode"], json.loads(answer["body"] or "null")


def simulate(policy: str, **more: Any) -> tuple[int, Any]:
    return ask("GET", "/v1/retention", query={"simulate": policy}, **more)


# --- retention ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("world")
def test_every_kind_is_shown_with_its_bounds_and_why() -> None:
    """What it means, what is in force, and between which bounds it can be chosen."""
    status, shown = ask("GET", "/v1/retention")

    assert status == 200
    assert set(shown["kinds"]) == set(Kind)
    content = shown["kinds"]["content"]
    assert content["bounds"] == {
        "min": "PT0S",
        "default": "P7D",
        "max": "P6M",
        "ground": wiring.bounds()[Kind.CONTENT].ground,
    }
    assert (content["period"], content["announced"], content["earlier"]) == ("P7D", [], [])
    assert content["effective"] == "P7D at most."
    assert "simulated" not in shown


def test_a_choice_is_announced_before_it_is_in_force(world: Keeping) -> None:
    """The answer says from when: until then the old one is the truth."""
    status, shown = ask("PUT", "/v1/retention", {"content": "PT24H"})

    since = written(NOON + ANNOUNCED)
    assert status == 200
    content = shown["kinds"]["content"]
    assert (content["period"], content["announced"]) == ("P7D", [{"period": "P1D", "in_force_from": since}])
    assert content["effective"] == f"P7D at most. From {since}: P1D at most, for everything."
    assert ask("GET", "/v1/retention")[1] == shown

    world.clock.now += ANNOUNCED
    content = ask("GET", "/v1/retention")[1]["kinds"]["content"]
    assert (content["period"], content["announced"], content["earlier"]) == ("P1D", [], [])
    assert content["effective"] == "P1D at most."


def test_promises_of_the_past_are_shown(world: Keeping) -> None:
    """A longer choice revives nothing: whoever looks must be able to tell what binds what."""
    since = written(NOON + ANNOUNCED)
    shown = ask("PUT", "/v1/retention", {"content": "P1M"})[1]["kinds"]["content"]
    assert shown["effective"] == f"P7D at most. From {since}: P1M at most, for what is collected from then on."

    world.clock.tick(days=1)
    content = ask("GET", "/v1/retention")[1]["kinds"]["content"]
    assert content["period"] == "P1M"
    assert content["earlier"] == [{"period": "P7D", "collected_before": since}]
    assert content["effective"] == f"P1M at most. What was collected before {since}: P7D at most."


def test_a_kind_that_came_later_was_never_chosen(world: Keeping) -> None:
    """It is shown with its bounds all the same."""
    shop = world.tenants.tenants[SHOP]
    caps = {kind: caps for kind, caps in shop.retention.caps.items() if kind is not Kind.CASES}
    world.tenants.tenants[SHOP] = replace(shop, retention=replace(shop.retention, caps=caps))

    cases = ask("GET", "/v1/retention")[1]["kinds"]["cases"]

    assert (cases["period"], cases["effective"]) == (None, "Never chosen.")


def test_a_proposed_policy_is_simulated(world: Keeping) -> None:
    """How much of each kind it would delete that the present one keeps; and nothing is changed."""
    status, shown = simulate("content:PT12H,record:P30D,access:P6M,exports:P1D")

    assert status == 200
    assert shown["simulated"] == {
        "content": {"period": "PT43200S", "count": 1, "complete": True, "exact": False},
        "record": {"period": "P30D", "count": 1, "complete": True, "exact": False},
        "access": {"period": "P6M", "count": 0, "complete": True, "exact": True},
        "exports": {"period": "P1D", "count": 0, "complete": True, "exact": True},
    }
    assert not world.ledger.chains[SHOP]


BAD_POLICIES = ["", "content", "content:", "content:7", "text:P1D", "content:P1D,content:P2D", "content:P1D;record:P1D"]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("policy", BAD_POLICIES)
def test_a_policy_that_cannot_be_read_is_pointed_at(policy: str) -> None:
    """By the name of the parameter, and nothing of it is repeated."""
    status, problem = simulate(policy)

    assert (status, problem["errors"][0]["pointer"]) == (400, "/query/simulate")


def test_what_is_out_of_bounds_is_refused_with_its_reason(world: Keeping) -> None:
    """Which bound, its value, and why it exists; simulated as little as chosen."""
    told = {"kind": "content", "bound": "max", "allowed": "P6M", "ground": wiring.bounds()[Kind.CONTENT].ground}
    for (status, problem), pointer in (
        (ask("PUT", "/v1/retention", {"record": "P2M", "content": "P1Y"}), "/content"),
        (simulate("record:P2M,content:P1Y"), "/query/simulate"),
    ):
        assert (status, problem["type"]) == (422, "/problems/out-of-bounds")
        assert problem.items() >= told.items()
        assert [each["pointer"] for each in problem["errors"]] == [pointer]

    assert not world.ledger.chains[SHOP]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"content": "7 days"}, "/content"),
        ({"content": "P7D", "record": ""}, "/record"),
        ({"content": 7}, "/content"),
        ({"content": "P" + "1" * 99 + "D"}, "/content"),
        ({"text": "P7D"}, "/text"),
        ([], ""),
        ("nothing", ""),
        (b"\xff\xfe", ""),
        (None, ""),
    ],
)
def test_a_choice_that_cannot_be_read_is_pointed_at(body: Any, pointer: str) -> None:
    """By field and reason."""
    status, problem = ask("PUT", "/v1/retention", body)

    assert (status, problem["errors"][0]["pointer"]) == (400, pointer)


@pytest.mark.parametrize("body", [{}, {"content": None}, {"content": "P7D"}])
def test_what_changes_nothing_is_written_nowhere(world: Keeping, body: Mapping[str, str]) -> None:
    """It is answered like a look."""
    assert ask("PUT", "/v1/retention", body) == ask("GET", "/v1/retention")
    assert not world.ledger.chains[SHOP]


# --- holds --------------------------------------------------------------------------------------


def test_a_hold_shows_what_it_is_and_not_on_whom(world: Keeping) -> None:
    """The number was in the request; it is in no answer, and neither is what stands for it."""
    status, hold = ask("POST", "/v1/holds", PERSON)

    assert status == 201
    assert (hold["scope"], hold["message"], hold["state"]) == ("subject", None, "setting")
    assert (hold["set_at"], hold["until"]) == ("2026-01-15T12:00:00.000Z", "2026-06-30T00:00:00.000Z")
    everything = json.dumps([hold, ask("GET", "/v1/holds"), ask("GET", f"/v1/holds/{hold['id']}")])
    assert NUMBER[1:] not in everything
    assert world.vault.subject(SHOP, ALICE) not in everything


@pytest.mark.parametrize(("body", "scope", "state"), [(MESSAGE, "message", "held"), (EVERYTHING, "tenant", "setting")])
def test_a_hold_is_on_a_message_or_on_everything(world: Keeping, body: Any, scope: str, state: str) -> None:
    """A message's is on it when the answer comes."""
    status, hold = ask("POST", "/v1/holds", body)

    assert (status, hold["scope"], hold["state"], hold["set_by"]) == (201, scope, state, "key_callerkk")
    assert bool(world.messages.rows[FIRST].held) is (scope == "message")
    assert ask("GET", "/v1/holds")[1]["holds"] == [hold]
    assert ask("GET", f"/v1/holds/{hold['id']}") == (200, hold)


@pytest.mark.usefixtures("world")
def test_a_repeated_request_is_answered_with_the_first_hold() -> None:
    """200 instead of 201."""
    _, first = ask("POST", "/v1/holds", PERSON)

    assert ask("POST", "/v1/holds", {**PERSON, "to": "+33 6 39 98 00 01"}) == (200, first)


@pytest.mark.usefixtures("world")
def test_lifting_takes_two_keys() -> None:
    """The one that set it is refused, whatever its role; another one is not."""
    _, hold = ask("POST", "/v1/holds", EVERYTHING)
    path = f"/v1/holds/{hold['id']}"

    status, problem = ask("DELETE", path)
    assert (status, problem["type"]) == (403, "/problems/same-key")

    status, lifted = ask("DELETE", path, key="key_otherotz")
    assert (status, lifted["state"], lifted["lifted_by"]) == (202, "lifting", "key_otherotz")
    assert ask("DELETE", path) == (202, lifted)


def test_a_hold_that_is_over_says_so(world: Keeping) -> None:
    """It came to its end by itself: nobody lifted it."""
    _, made = ask("POST", "/v1/holds", MESSAGE)
    hold = world.holds.of(SHOP)[0]
    world.holds.move(replace(hold, state=HoldState.OVER), hold)

    shown = ask("GET", f"/v1/holds/{made['id']}")[1]

    assert (shown["state"], shown["lifted_by"], shown["covers"]) == ("over", None, 1)


GOOD = {"ground": "legal-claim", "until": UNTIL}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (GOOD, ""),
        ({**GOOD, "to": NUMBER, "message": FIRST.id}, ""),
        ({**GOOD, "to": NUMBER, "tenant": False}, ""),
        ({**GOOD, "tenant": False}, "/tenant"),
        ({**GOOD, "tenant": "yes"}, "/tenant"),
        ({**GOOD, "message": "first"}, "/message"),
        ({**GOOD, "message": NUMBER}, "/message"),
        ({**PERSON, "ground": f"dispute with {NUMBER}"}, "/ground"),
        ({**PERSON, "until": "2026-06-30"}, "/until"),
        ({**PERSON, "until": "2026-06-30T00:00:00"}, "/until"),
        ({**PERSON, "until": "2026-01-15T12:00:00Z"}, "/until"),
        ({**PERSON, "until": "2036-01-16T12:00:00Z"}, "/until"),
        ({**PERSON, "until": "9999-12-31T23:59:59-12:00"}, "/until"),
        ({**PERSON, "until": "0001-01-01T00:00:00+12:00"}, "/until"),
        ({"until": UNTIL, "to": NUMBER}, "/ground"),
        ({"ground": "legal-claim", "to": NUMBER}, "/until"),
        ({**PERSON, "note": NUMBER}, "/note"),
        ({**PERSON, "to": NUMBER * 9}, "/to"),
        ("{", ""),
    ],
)
def test_a_hold_that_cannot_be_read_is_pointed_at(world: Keeping, body: Any, pointer: str) -> None:
    """By field and reason; nothing is held half."""
    status, problem = ask("POST", "/v1/holds", body)

    assert (status, problem["errors"][0]["pointer"]) == (400, pointer)
    assert not world.holds.rows


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("to", ["0639980001", "+33", "", "+33639980001;ext=7", "Jane"])
def test_a_number_that_is_none_is_refused(to: str) -> None:
    """As everywhere, without repeating it."""
    status, problem = ask("POST", "/v1/holds", {**PERSON, "to": to})

    assert (status, problem["type"]) == (422, "/problems/invalid-number")
    assert problem["errors"][0]["pointer"] == "/to"


def test_a_message_that_is_not_there_cannot_be_held(world: Keeping) -> None:
    """Over, never there, or another tenant's: the three look the same (I4, I8)."""
    del world.messages.rows[SECOND]
    gone = ask("POST", "/v1/holds", {**MESSAGE, "message": SECOND.id})
    theirs = ask("POST", "/v1/holds", MESSAGE, tenant=BAKERY)
    world.clock.tick(days=400)
    over = ask("POST", "/v1/holds", {**MESSAGE, "until": "2027-06-30T00:00:00Z"})

    assert gone == theirs == over
    assert gone[0] == 404


# --- the past -----------------------------------------------------------------------------------


def test_what_was_done_is_in_the_ledger(world: Keeping) -> None:
    """Entries as texts that verify, the head, and the proof that the newest checkpoint has it."""
    ask("PUT", "/v1/retention", {"content": "P1D"})
    _, hold = ask("POST", "/v1/holds", PERSON)
    ask("DELETE", f"/v1/holds/{hold['id']}", key="key_otherotz")
    Checkpointing(world.ledger, world.checkpoints, world.signer, world.clock, "laptop").run()

    status, first = ask("GET", "/v1/ledger", query={"limit": "2"})
    _, last = ask("GET", "/v1/ledger", query={"after": str(first["after"])})

    assert (status, first["after"], last["after"]) == (200, 2, None)
    entries = [*first["entries"], *last["entries"]]
    assert chain.verify([each["entry"] for each in entries], [each["hash"] for each in entries]) is None
    actions = [json.loads(each["entry"])["action"] for each in entries]
    assert actions == ["policy-changed", "hold-set", "hold-lifted"]
    assert last["head"] == {"seq": 3, "hash": entries[-1]["hash"]}
    assert (first["checkpoint"], last["checkpoint"]["head"]) == (None, [SHOP, 3, entries[-1]["hash"]])


@pytest.mark.usefixtures("world")
def test_of_nothing_there_is_an_empty_ledger() -> None:
    """That is no error."""
    assert ask("GET", "/v1/ledger") == (200, {"entries": [], "after": None, "head": None, "checkpoint": None})


def enter(world: Keeping) -> None:
    lines = {("spring", "2025-11", Status.DELIVERED.value): (3, 4), ("", "2025-12", Status.EXPIRED.value): (1, 1)}
    world.statistics.enter(NOON - timedelta(hours=1), Book(SHOP, Tally({}, lines), Tally(), 0))


def test_what_remains_is_counted(world: Keeping) -> None:
    """By month, campaign and state."""
    enter(world)
    spring = {"month": "2025-11", "campaign": "spring", "status": "delivered", "messages": 3, "segments": 4}
    other = {"month": "2025-12", "campaign": None, "status": "expired", "messages": 1, "segments": 1}

    assert ask("GET", "/v1/statistics") == (200, {"statistics": [spring, other]})
    assert ask("GET", "/v1/statistics", query={"campaign": "spring"})[1]["statistics"] == [spring]
    assert ask("GET", "/v1/statistics", query={"month": "2025-12"})[1]["statistics"] == [other]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("path", "query", "pointer"),
    [
        ("/v1/ledger", {"after": "-1"}, "/query/after"),
        ("/v1/ledger", {"after": "last"}, "/query/after"),
        ("/v1/ledger", {"limit": "0"}, "/query/limit"),
        ("/v1/ledger", {"limit": "101"}, "/query/limit"),
        ("/v1/ledger", {"tenant": BAKERY}, "/query/tenant"),
        ("/v1/statistics", {"month": "2025-13"}, "/query/month"),
        ("/v1/statistics", {"month": "11/2025"}, "/query/month"),
        ("/v1/statistics", {"campaign": ""}, "/query/campaign"),
        ("/v1/statistics", {"campaign": NUMBER[1:]}, "/query/campaign"),
        ("/v1/retention", {"simulation": "content:P1D"}, "/query/simulation"),
    ],
)
def test_a_query_that_cannot_be_read_is_pointed_at(path: str, query: dict[str, str], pointer: str) -> None:
    """By parameter and reason."""
    status, problem = ask("GET", path, query=query)

    assert (status, problem["errors"][0]["pointer"]) == (400, pointer)


# --- who may ------------------------------------------------------------------------------------

READS = [("GET", path) for path in ("/v1/retention", "/v1/holds", "/v1/holds/hold_x", "/v1/ledger", "/v1/statistics")]
WRITES = [("PUT", "/v1/retention"), ("POST", "/v1/holds"), ("DELETE", "/v1/holds/hold_x")]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("role", [Role.SENDER, Role.READER])
@pytest.mark.parametrize(("method", "path"), [*READS, *WRITES])
def test_only_admins_and_privacy_officers_see_to_what_is_kept(method: str, path: str, role: Role) -> None:
    """Whoever sends has no business with what was promised."""
    assert ask(method, path, {}, role=role)[0] == 403


def test_a_privacy_officer_does_all_of_it(world: Keeping) -> None:
    """It is what the role is for."""
    officer = {"role": Role.PRIVACY}
    assert ask("PUT", "/v1/retention", {"content": "P1D"}, **officer)[0] == 200
    status, hold = ask("POST", "/v1/holds", PERSON, **officer)
    assert status == 201
    assert ask("DELETE", f"/v1/holds/{hold['id']}", key="key_otherotz", **officer)[0] == 202
    assert [ask(method, path, **officer)[0] for method, path in READS] == [200, 200, 404, 200, 200]
    assert len(world.ledger.chains[SHOP]) == 3


def test_a_test_key_looks_and_changes_nothing(world: Keeping) -> None:
    """What is kept, and what is held, is live data: a key from somebody's notebook must not decide over it."""
    _, hold = ask("POST", "/v1/holds", PERSON)
    before = list(world.ledger.chains[SHOP])

    for method, path, body in (
        ("PUT", "/v1/retention", {"content": "P1D"}),
        ("POST", "/v1/holds", MESSAGE),
        ("DELETE", f"/v1/holds/{hold['id']}", None),
    ):
        status, problem = ask(method, path, body, live=False, key="key_otherotz")
        assert (status, problem["type"]) == (403, "/problems/forbidden")
        assert "test key" in problem["reason"]

    assert [ask(method, path, live=False)[0] for method, path in READS] == [200, 200, 404, 200, 200]
    assert world.ledger.chains[SHOP] == before


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("method", "path"), [*READS, *WRITES])
def test_nobody_passes_without_a_key(method: str, path: str) -> None:
    """An event that did not pass the authorizer is answered 401."""
    assert ask(method, path, {}, role=None)[0] == 401


def test_tenants_are_walls(world: Keeping) -> None:
    """I8: neither policy, nor holds, nor ledger, nor counts of one show to another, and its ids answer as nobody's."""
    _, hold = ask("POST", "/v1/holds", MESSAGE)
    ask("PUT", "/v1/retention", {"content": "P1D"})
    enter(world)
    theirs = {"tenant": BAKERY, "key": "key_otherotz"}

    assert ask("GET", "/v1/retention", **theirs)[1]["kinds"]["content"]["announced"] == []
    assert simulate("content:P1D", **theirs)[1]["simulated"]["content"]["count"] == 0
    assert ask("GET", "/v1/holds", **theirs)[1] == {"holds": []}
    assert ask("GET", "/v1/ledger", **theirs)[1]["entries"] == []
    assert ask("GET", "/v1/statistics", **theirs)[1] == {"statistics": []}
    for method in ("GET", "DELETE"):
        path = f"/v1/holds/{hold['id']}"
        assert ask(method, path, **theirs) == ask(method, "/v1/holds/hold_nobodysnobodysno", **theirs)


# --- leaks --------------------------------------------------------------------------------------

BUG, UNAVAILABLE = RuntimeError(NUMBER), UnavailableError()
REQUESTS: dict[str, tuple[str, str, Any, Exception | None]] = {
    "hold-set": ("POST", "/v1/holds", PERSON, None),
    "retention-chosen": ("PUT", "/v1/retention", {"content": "P1D"}, None),
    "bad-request": ("POST", "/v1/holds", {**PERSON, NUMBER: NUMBER, "ground": NUMBER, "until": NUMBER}, None),
    "out-of-bounds": ("PUT", "/v1/retention", {"content": "P6M1D"}, None),
    "invalid-number": ("POST", "/v1/holds", {**PERSON, "to": NUMBER + "7"}, None),
    "not-found": ("GET", f"/v1/holds/{NUMBER}", None, None),
    "unavailable": ("POST", "/v1/holds", PERSON, UNAVAILABLE),
    "bug": ("POST", "/v1/holds", PERSON, BUG),
}


@pytest.mark.parametrize("outcome", REQUESTS)
def test_no_answer_and_no_log_line_shows_a_number(world: Keeping, outcome: str, printed: Callable[[], str]) -> None:
    """Whatever somebody sends, wherever it goes wrong; nor does a queue, the ledger, or a hold."""
    method, path, body, fails = REQUESTS[outcome]
    assert isinstance(world.agenda, Agenda)
    world.agenda.fails = fails

    answer = handler.handle(event(method, path, body), CONTEXT)

    seen = json.dumps(answer) + printed()
    assert outcome in seen  # so we are looking at the right place
    kept = repr([world.queue.sent, world.ledger.chains, world.holds.rows, world.agenda.rows])
    assert NUMBER[1:] not in seen + kept
    assert world.vault.subject(SHOP, ALICE) not in seen

"""What the machine decides of a request, and who wins where others are faster."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fugace.domain.case import CaseState, Found, Outcome, Right
from fugace.domain.errors import UnavailableError
from fugace.domain.ledger import Action, written
from fugace.domain.lookout import CERTIFYING, ROUND, pause
from fugace.domain.retention import Kind
from functions.dsar.course.settle import UnknownStepError
from functions.dsar.task import Task
from tests.fakes import ALICE, NOON, SHOP
from tests.rights_world import DAY, HOUR, Rights, case_key, chosen, running

ENDS = [CaseState.CANCELLED, CaseState.DENIED]


@pytest.fixture
def world() -> Rights:
    return Rights()


# --- it begins ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "until"),
    [(Right.ERASURE, "2026-01-16T12:00:00.000Z"), (Right.ACCESS, "2026-01-15T12:00:00.000Z")],
)
def test_an_attested_one_waits_where_it_is_an_erasure(world: Rights, right: Right, until: str) -> None:
    """There is no way back from it; all others begin at once."""
    world.put(right=right)

    assert world.step("begin") == {"next": "wait", "until": until}
    assert (world.case().begun, world.case().run) == (NOON, 1)


def test_what_the_intake_has_said_of_its_end_stays(world: Rights) -> None:
    """It was told to the tenant."""
    world.put(until=NOON + HOUR)
    assert world.step("begin")["until"] == "2026-01-15T13:00:00.000Z"


def test_one_to_be_proved_is_asked_for_its_code(world: Rights) -> None:
    """An `until` is always there: the machine takes it out whatever is next."""
    world.put_otp()
    assert world.step("begin") == {"next": "code", "until": "2026-01-15T12:00:00.000Z"}


def test_a_second_run_goes_on_where_the_first_one_was(world: Rights) -> None:
    """Never from the code or the waiting again."""
    world.put()
    for state in (CaseState.RUNNING, CaseState.PARTIAL, CaseState.HELD):
        world.change(state=state, begun=NOON)
        assert world.step("begin")["next"] == "resume"
        assert world.case().state is state
    for state in ENDS:
        world.change(state=state)
        assert world.step("begin")["next"] == "closed"


def test_a_code_that_was_given_counts_though_the_machine_died_behind_it(world: Rights) -> None:
    """It is used up: asking for another one would be asking twice."""
    world.put_otp(token="t", code=b"")

    assert world.step("begin") == {"next": "wait", "until": "2026-01-16T12:00:00.000Z"}
    assert (world.case().state, world.case().token) == (CaseState.WAITING, "")


# --- proved, or not -------------------------------------------------------------------------------


def test_the_clock_of_the_waiting_time_begins_with_the_code(world: Rights) -> None:
    """And nothing is left of the code."""
    world.put_otp(token="t", code=b"c", tries=2, until=NOON + timedelta(minutes=10))
    world.clock.tick(minutes=5)

    assert world.step("verified") == {"next": "wait", "until": "2026-01-16T12:05:00.000Z"}

    case = world.case()
    assert (case.state, case.token, case.code, case.tries) == (CaseState.WAITING, "", b"", 0)
    assert world.requests.claimed(SHOP, case.subject, case.right) == case.key  # type: ignore[arg-type]  # it is somebody's


def test_what_is_proved_second_ends_as_a_duplicate(world: Rights) -> None:
    """The first one is answered; its claim is untouched, and the ledger says what became of this one."""
    world.put_otp(1)
    world.put(2)

    assert world.step("verified")["next"] == "closed"

    case = world.case()
    assert (case.state, case.reason, case.finished) == (CaseState.CANCELLED, "duplicate", NOON)
    assert world.actions() == [Action.REQUEST_CANCELLED]
    assert set(world.seals.keys) == {case_key(2)}
    assert list(world.requests.claims.values()) == [case_key(2)]


def test_one_that_claims_at_the_same_moment_is_seen(world: Rights) -> None:
    """Between our look and our write: the write conflicts, and the next look finds it."""
    world.put_otp(1)

    found = world.requests.claimed

    def claimed(*args: object) -> object:
        if not world.requests.rows.get(case_key(2)):
            before = found(*args)  # type: ignore[arg-type]  # as it was asked
            world.put(2)
            return before
        return found(*args)  # type: ignore[arg-type]  # as it was asked

    world.requests.claimed = claimed  # type: ignore[method-assign,assignment]  # the race
    assert world.step("verified")["next"] == "closed"
    assert world.case().reason == "duplicate"


def test_nobody_proved_it_in_time(world: Rights) -> None:
    """Closed, told, and nothing that says whose it was can be read any more."""
    world.put_otp(token="t", code=b"c", until=NOON + timedelta(minutes=10), callbacks=())
    world.clock.tick(minutes=10)

    world.step("unverified")

    case = world.case()
    assert (case.state, case.finished) == (CaseState.UNVERIFIED, world.clock())
    assert (case.sealed, case.code, case.token) == (b"", b"", "")
    assert world.seals.keys == {}
    (entry,) = world.ledger.chains[SHOP]
    assert (entry.draft.action, entry.draft.actor) == (Action.REQUEST_CLOSED, "request")
    assert entry.draft.facts == {"state": "unverified"}
    assert case.look_at == case.finished + DAY  # type: ignore[operator]  # then it is nobody's


def test_a_clock_that_is_a_little_early_is_no_reason_to_wait_for_ever(world: Rights) -> None:
    """The machine's ten minutes begin before ours."""
    world.put_otp(code=b"c", token="t", until=NOON + timedelta(minutes=10))
    world.clock.tick(minutes=9, seconds=57)
    world.step("unverified")
    assert world.case().state is CaseState.UNVERIFIED


def test_one_for_which_no_code_may_be_sent_is_closed_at_once(world: Rights) -> None:
    """Somebody has asked too often, or is being erased."""
    world.put_otp(reason="unsent")
    world.step("unverified")
    assert world.case().state is CaseState.UNVERIFIED


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"token": "t", "code": b"c", "until": NOON + timedelta(minutes=10)},
        {"token": "t", "until": NOON},
    ],
    ids=["no code was made", "a later run's code is out", "the code came in the last second"],
)
def test_what_is_not_the_persons_fault_closes_nothing(world: Rights, more: dict[str, object]) -> None:
    """The watch has it begun again."""
    world.put_otp(begun=NOON, **more)
    world.step("unverified")
    assert (world.case().state, world.case().look_at) == (CaseState.VERIFYING, NOON + ROUND)


# --- cancelled or denied --------------------------------------------------------------------------


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("step", ["begin", "verified", "start"])
def test_whoever_ends_it_before_it_begins_wins(world: Rights, end: CaseState, step: str) -> None:
    """And the machine clears up: the key goes, then what it sealed, and the purge is told when the row may go."""
    world.put()
    world.change(state=end, finished=NOON)

    assert world.step(step)["next"] == "closed"

    assert world.case().state is end
    assert (world.case().sealed, world.seals.keys, world.actions()) == (b"", {}, [])
    assert world.agenda.rows[SHOP, "cases"].due_at == chosen(world, Kind.CASES).after(NOON)
    assert world.case().look_at == NOON + timedelta(hours=2)  # if nobody was told


@pytest.mark.parametrize("end", ENDS)
def test_whoever_ends_it_between_look_and_write_wins(world: Rights, end: CaseState) -> None:
    """The write finds another version, and the step looks again."""
    world.put(until=NOON)
    fresh, once = world.policies.fresh, []

    def meanwhile(tenant: object) -> object:
        if not once:
            once.append(1)
            world.change(state=end, finished=NOON)
        return fresh(tenant)  # type: ignore[arg-type]  # as it was asked

    world.policies.fresh = meanwhile  # type: ignore[method-assign,assignment]  # the race
    world.change(right=Right.ACCESS)
    assert world.step("start")["next"] == "closed"
    assert world.case().state is end


def test_from_its_beginning_on_it_cannot_be_ended(world: Rights) -> None:
    """Whoever saw it waiting is too late."""
    seen = world.put(until=NOON)
    world.step("start")
    assert not world.requests.move(replace(seen, state=CaseState.CANCELLED), seen)
    assert world.case().state is CaseState.RUNNING


# --- on the way -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "work"),
    [
        *((right, "export") for right in (Right.ACCESS, Right.PORTABILITY)),
        (Right.ERASURE, "erase"),
        (Right.OFFBOARDING, "leave"),
        *((right, "amend") for right in (Right.RECTIFICATION, Right.RESTRICTION, Right.OBJECTION)),
        *((right, "amend") for right in (Right.LIFT_RESTRICTION, Right.LIFT_OBJECTION)),
    ],
)
def test_what_is_asked_for_is_done(world: Rights, right: Right, work: str) -> None:
    """A repeat gives the same answer."""
    world.put(right=right, until=NOON)
    assert [world.step("start") for _ in range(2)] == [{"next": work}] * 2
    assert world.case().state is CaseState.RUNNING


def test_an_archive_is_waited_for_before_it_is_made() -> None:
    """Whoever dies between the two leaves none that nobody looks for."""
    world = running(Right.ACCESS)
    assert world.agenda.rows[SHOP, "exports"].due_at == chosen(world, Kind.EXPORTS).after(NOON)


def test_a_branch_that_gave_up_says_so_and_keeps_its_counts() -> None:
    """The rest is done; a word that is no branch's is a mistake of ours."""
    world = running(messages=Found(Outcome.ERASED, 40, 2))
    world.step("failed", place="messages")
    world.step("failed", place="carriers")

    assert world.case().places == {
        "messages": Found(Outcome.FAILED, 40, 2),
        "carriers": Found(Outcome.FAILED),
    }
    with pytest.raises(ValueError, match="kitchen"):
        world.step("failed", place="kitchen")


def test_what_failed_leaves_it_partial_and_it_is_tried_again_less_and_less_often() -> None:
    """Somebody is woken once for each run that leaves it so."""
    world = running(messages=Found(Outcome.ERASED, 3), carriers=Found(Outcome.FAILED))
    first, second = (world.settle.run(Task(case_key(), "close")) for _ in range(2))

    assert (first.next, first.partial, second.next, second.partial) == ("pause", True, "pause", False)
    assert (world.case().state, world.case().look_at) == (CaseState.PARTIAL, NOON + ROUND)
    assert [pause(run) for run in (1, 2, 3, 5, 6, 60)] == [ROUND, 2 * ROUND, 4 * ROUND, 16 * ROUND, 6 * HOUR, 6 * HOUR]
    assert Action.ERASED not in world.actions()


def test_what_is_held_is_told_and_the_rest_is_done() -> None:
    """By branch: how much has gone, how much is left."""
    held = Found(Outcome.HELD, 37, 3, ground="legal-claim")
    world = running(messages=held, archives=Found(Outcome.ERASED, 1), carriers=Found(Outcome.NOT_SUPPORTED))

    assert world.step("close") == {"next": "pause"}
    assert world.step("close") == {"next": "pause"}

    assert (world.case().state, world.case().look_at) == (CaseState.HELD, NOON + ROUND)
    (entry,) = world.ledger.chains[SHOP]
    assert entry.draft.action is Action.ERASED
    assert entry.draft.facts == {"state": "held", "messages": 37, "messages.left": 3, "archives": 1, "carriers": 0}


def test_a_failure_weighs_more_than_a_hold() -> None:
    """What failed can be mended now."""
    world = running(messages=Found(Outcome.HELD, 1, 1), carriers=Found(Outcome.FAILED))
    world.step("close")
    assert world.case().state is CaseState.PARTIAL


def test_an_erasure_is_certified_and_its_counts_are_in_the_ledger_once() -> None:
    """Also where the run fails behind it and another one comes by: that one destroys nothing."""
    world = running(messages=Found(Outcome.ERASED, 40), key=Found(Outcome.ERASED, 1))
    assert [world.step("close") for _ in range(2)] == [{"next": "certify"}] * 2
    world.step("broken")
    assert world.case().state is CaseState.PARTIAL
    world.step("start")

    assert world.step("close") == {"next": "certify"}
    (entry,) = world.ledger.chains[SHOP]
    assert entry.draft.facts == {"state": "completed", "messages": 40, "key": 1}


def test_what_was_held_is_in_the_ledger_again_when_it_has_gone() -> None:
    """Held first, then completed."""
    world = running(messages=Found(Outcome.HELD, 37, 3))
    world.step("close")
    world.step("start")
    world.requests.note(case_key(), "messages", Found(Outcome.ERASED, 40))

    assert world.step("close") == {"next": "certify"}
    assert [entry.draft.facts["state"] for entry in world.ledger.chains[SHOP]] == ["held", "completed"]


@pytest.mark.parametrize("right", [Right.ACCESS, Right.RECTIFICATION])
def test_what_destroys_nothing_needs_no_certificate(right: Right) -> None:
    """It is finished."""
    assert running(right).step("close") == {"next": "finish"}


# --- finished -------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", [Right.ERASURE, Right.RECTIFICATION, Right.LIFT_OBJECTION])
def test_a_finished_request_keeps_nothing_of_the_person(right: Right) -> None:
    """The ledger says that it is done; its key is gone, and what it sealed."""
    world = running(right)
    world.change(correction=b"c")
    world.step("close")
    world.step("finish")
    world.step("finish")

    case = world.case()
    assert (case.state, case.finished, case.sealed, case.correction) == (CaseState.COMPLETED, NOON, b"", b"")
    assert world.seals.keys == {}
    assert world.requests.claims == {}
    done = [entry.draft for entry in world.ledger.chains[SHOP] if entry.draft.action is Action.REQUEST_DONE]
    assert [draft.facts for draft in done] == [{"kind": right.value, "state": "completed"}]
    assert world.agenda.rows[SHOP, "cases"].due_at == chosen(world, Kind.CASES).after(NOON)


def test_an_erased_person_cannot_be_found_by_it() -> None:
    """Others' requests are found until they are purged."""
    for right, links in ((Right.ERASURE, 0), (Right.RESTRICTION, 1)):
        world = running(right)
        world.step("finish")
        assert len(world.requests.of_person(world.vault.subject(SHOP, ALICE))) == links


def test_the_key_of_an_archive_stays_as_long_as_the_archive() -> None:
    """The number goes; the purge takes the key."""
    world = running(Right.ACCESS)
    world.step("finish")
    assert world.case().sealed == b""
    assert set(world.seals.keys) == {case_key()}


def test_an_erasure_is_looked_at_again_when_the_last_back_up_is_over() -> None:
    """Then it is certified for good, and waits for nothing any more."""
    world = running()
    world.step("close")
    world.change(final_at=NOON + 35 * DAY, callbacks=())  # as certifying does
    world.step("finish")
    assert world.case().look_at == NOON + 35 * DAY
    assert world.step("begin")["next"] == "closed"

    world.clock.tick(days=35)
    assert world.step("begin")["next"] == "certify"
    assert world.case().look_at == world.clock() + CERTIFYING  # if it fails
    assert world.case().state is CaseState.COMPLETED
    for _ in range(2):
        world.step("finish")

    assert (world.case().look_at, world.case().final_at) == (None, None)
    assert world.step("begin")["next"] == "closed"
    assert world.actions().count(Action.REQUEST_DONE) == 1


def test_a_repeated_finish_is_not_taken_for_the_final_one() -> None:
    """However short the horizon is: nobody has begun to certify for good."""
    world = running()
    world.step("close")
    world.change(final_at=NOON)
    world.step("finish")
    world.clock.tick(minutes=1)
    world.step("finish")
    assert (world.case().final_at, world.case().look_at) == (NOON, NOON)
    assert world.step("begin")["next"] == "certify"


def test_a_final_certificate_that_could_not_be_made_is_asked_for_again() -> None:
    """The request stays completed whatever happens."""
    world = running()
    world.step("close")
    world.change(final_at=NOON + DAY)
    world.step("finish")
    world.clock.tick(days=1)
    world.step("begin")
    world.step("broken")
    assert world.case().state is CaseState.COMPLETED
    world.clock.tick(hours=1)
    assert world.step("begin")["next"] == "certify"


# --- broken ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (CaseState.RUNNING, CaseState.PARTIAL),
        *((each, each) for each in CaseState if each is not CaseState.RUNNING),
    ],
)
def test_a_step_that_gave_up_leaves_what_remains_to_another_run(
    world: Rights, state: CaseState, after: CaseState
) -> None:
    """What has not begun is begun again; what is over stays over."""
    world.put(until=NOON)
    world.change(state=state, begun=NOON, look_at=NOON + DAY)
    world.step("broken")
    assert world.case().state is after
    if state in {CaseState.VERIFYING, CaseState.WAITING, CaseState.RUNNING}:
        assert world.case().look_at == NOON + ROUND


# --- told -----------------------------------------------------------------------------------------


def test_every_change_is_told_once_it_is_written() -> None:
    """An id and a word; what the queue does not take, the watch tells later."""
    world = running()
    world.step("close")
    world.queue.broken = True
    world.step("finish")
    assert [body["state"] for body in world.queue.sent] == ["running"]
    assert world.queue.sent[0] == {"request": str(case_key()), "state": "running", "attempt": 1}
    assert world.case().untold
    assert world.case().look_at == NOON + 2 * HOUR


def test_nobody_is_told_who_asked_not_to_be(world: Rights) -> None:
    """Without an address there is nothing to put on the queue."""
    world.put(callbacks=(), until=NOON)
    world.step("start")
    assert (world.queue.sent, world.case().untold) == ([], False)


# --- what is amiss --------------------------------------------------------------------------------


def test_mistakes_of_ours_are_raised(world: Rights) -> None:
    """And show as such."""
    world.put()
    with pytest.raises(UnknownStepError):
        world.step("dance")


@pytest.mark.parametrize("step", ["begin", "verified", "unverified", "start", "close", "finish", "broken"])
def test_a_request_that_has_gone_is_closed(world: Rights, step: str) -> None:
    """Its tenant has left, and taken it along; an execution that waited for days wakes up afterwards."""
    assert world.step(step, 7)["next"] == "closed"


def test_a_request_that_never_stands_still_is_tried_again_later(world: Rights) -> None:
    """The machine repeats the step."""
    world.put(until=NOON)
    world.requests.move = lambda _case, _seen: False  # type: ignore[method-assign]  # always somebody faster
    with pytest.raises(UnavailableError):
        world.step("start")


def test_a_tenant_that_never_chose_plans_nothing() -> None:
    """Its purge would have no period to go by."""
    world = running(Right.ACCESS)
    world.agenda.rows.clear()
    seen = world.tenants.tenants[SHOP]
    world.tenants.tenants[SHOP] = replace(seen, retention=type(seen.retention)({}))
    world.step("finish")
    assert world.agenda.rows == {}


# --- a tenant that leaves -------------------------------------------------------------------------


def test_a_tenant_that_leaves_has_everything_exported_first(world: Rights) -> None:
    """Once a second key has said so; a second run makes no second archive of it."""
    world.put(right=Right.OFFBOARDING, subject=None, until=None)

    assert [world.step("begin")["next"] for _ in range(2)] == ["leave"] * 2


def test_the_time_to_fetch_it_begins_when_it_is_there(world: Rights) -> None:
    """And once: a run that is begun again does not put it off."""
    world.put(right=Right.OFFBOARDING, subject=None, until=None)
    first = world.step("leave")
    world.clock.tick(days=3)

    assert first == world.step("leave") == {"next": "wait", "until": written(NOON + timedelta(days=7))}
    assert world.case().until == NOON + timedelta(days=7)


def test_what_was_called_off_meanwhile_goes_no_further(world: Rights) -> None:
    """Until the waiting time is over, one key is enough for that."""
    world.put(right=Right.OFFBOARDING, subject=None, state=CaseState.CANCELLED, finished=NOON)

    assert world.step("leave")["next"] == "closed"


def test_without_a_second_key_nothing_happens(world: Rights) -> None:
    """And after a week it is over: the first key's wish does not wait for ever for somebody to agree."""
    until = NOON + timedelta(days=7)
    world.put(right=Right.OFFBOARDING, subject=None, sealed=b"", state=CaseState.VERIFYING, until=until)
    assert world.step("begin")["next"] == "closed"
    assert world.case().state is CaseState.VERIFYING

    world.clock.tick(days=7)
    assert world.step("begin")["next"] == "closed"
    assert world.case().state is CaseState.UNVERIFIED
    assert world.case().key not in world.seals.keys
    assert world.actions()[-1] is Action.REQUEST_CLOSED

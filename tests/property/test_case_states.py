"""Requests of two persons, with everybody at once: API, machine, watch, deaths, and time, held to the rules of states.

Real decisions over fakes; the machine itself is played as its file says (`tests/workflow` executes the file). At any
call of any port the process may die, a port may refuse, or somebody may cancel, deny or file in between.

More: CASES=1000 in the environment.
"""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fugace.domain.case import ARCHIVED, ERASING, Case, CaseState, Found, Identity, Outcome, Right
from fugace.domain.deadlines import extended, may_extend
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import SubjectId
from fugace.domain.ledger import Action, Draft, written
from fugace.domain.lookout import ROUND, next_look
from fugace.ports import ConflictError
from functions.dsar.course.verify import UnsentError
from functions.dsar.task import Task
from tests.fakes import ALICE, BOB, SHOP
from tests.property.year_world import DiedError, Fuse, Fused, die, fail
from tests.rights_world import DAY, Rights, case_key

S = CaseState
MAY = {
    None: {S.VERIFYING, S.WAITING},
    S.VERIFYING: {S.WAITING, S.UNVERIFIED, S.CANCELLED, S.DENIED},
    S.WAITING: {S.RUNNING, S.CANCELLED, S.DENIED},
    S.RUNNING: {S.PARTIAL, S.HELD, S.COMPLETED},
    S.PARTIAL: {S.RUNNING},
    S.HELD: {S.RUNNING},
}
"""Which state may follow which; nothing follows a final one."""
RIGHTS = [Right.ACCESS, Right.ERASURE, Right.RESTRICTION]
ACTOR = "key_abcd2345"
STEPS = st.sampled_from([60, 300, 599, 601, 1200, 3600, 7200, 86_400, 8 * 86_400])


class Fuses:
    """`Calls`, but anything may happen at a call, and not only a death."""

    def __init__(self, fuse: Fuse) -> None:
        self.fuse = fuse

    def of(self, port: object) -> Any:
        return Fused(port, self.fuse)


@dataclass
class Play:
    """One execution, at one of its states."""

    number: int
    run: int
    at: str = "begin"
    since: datetime | None = None
    """Since when it waits for its code, or until when it waits."""
    tries: int = 0
    token: str = ""


class Cases(RuleBasedStateMachine):
    """See above."""

    @initialize()
    def build(self) -> None:
        self.world = Rights()
        self.fuse = Fuse()
        self.world.calls = Fuses(self.fuse)  # type: ignore[assignment]  # as much of it as is used
        self.plays: list[Play] = []
        self.seen: dict[int, Case] = {}
        self.worked: Counter[int] = Counter()
        self.answers: dict[str, Play] = {}
        self.places: st.DataObject | None = None
        self.outcome = Outcome.ERASED
        machine, start = self.world.machine, self.world.machine.start

        def begin(key: Any, run: int) -> None:
            new = (key, run) not in machine.started
            start(key, run)
            if new:
                self.plays.append(Play(int(key.id[-12:], 16), run))

        machine.start = begin  # type: ignore[method-assign]  # it begins to play
        self.apart = {ALICE: self.world.vault.subject(SHOP, ALICE), BOB: self.world.vault.subject(SHOP, BOB)}

    # What the API does.

    @rule(right=st.sampled_from(RIGHTS), who=st.sampled_from([ALICE, BOB]), otp=st.booleans(), begin=st.booleans())
    def file(self, right: Right, who: Any, *, otp: bool, begin: bool) -> None:
        self._file(right, who, otp=otp, begin=begin)

    def _file(self, right: Right, who: Any, *, otp: bool, begin: bool) -> None:
        number = len(self.world.requests.rows) + 1
        more = {"state": S.VERIFYING, "identity": Identity.OTP} if otp else {}
        sealed = self.world.seals
        sealed.make(case_key(number))
        number_of = sealed.seal(case_key(number), "number", who.reveal().encode())
        try:
            self.world.put(number, right, subject=self.apart[who], sealed=number_of, **more)
        except ConflictError:
            sealed.destroy(case_key(number))
            return
        if begin:  # else whoever filed it died, or the service was busy
            self.world.machine.start(case_key(number), 1)

    @rule(end=st.sampled_from([S.CANCELLED, S.DENIED]), pick=st.integers(0, 20))
    def end(self, end: CaseState, pick: int) -> None:
        self._end(end, pick)

    def _end(self, end: CaseState, pick: int | None, number: int = 0) -> None:
        cases = [case for case in self.world.requests.rows.values() if case.state in {S.VERIFYING, S.WAITING}]
        if pick is None:
            cases = [case for case in cases if case.key == case_key(number)]
        if not cases:
            return
        seen, now = cases[(pick or 0) % len(cases)], self.world.clock()
        ended = replace(seen, state=end, finished=now, token="", code=b"")
        action, facts = (
            (Action.REQUEST_CANCELLED, {}) if end is S.CANCELLED else (Action.REQUEST_DENIED, {"reason": "other"})
        )
        draft = Draft(SHOP, now, action, ACTOR, seen.key.id, facts)
        with suppress(ConflictError):
            write = self.world.requests.change(replace(ended, look_at=next_look(ended, now)), seen)
            self.world.ledger.append(draft, write)

    @rule(pick=st.integers(0, 20))
    def extend(self, pick: int) -> None:
        cases = [case for case in self.world.requests.rows.values() if not case.state.final and not case.extended]
        if not cases:
            return
        seen = cases[pick % len(cases)]
        if may_extend(seen.submitted, self.world.clock()):
            later = replace(seen, due=extended(seen.submitted), extended="complexity")
            facts = {"reason": "complexity", "due": written(later.due)}
            draft = Draft(SHOP, self.world.clock(), Action.REQUEST_EXTENDED, ACTOR, seen.key.id, facts)
            self.world.ledger.append(draft, self.world.requests.change(later, seen))

    @precondition(lambda self: any(case.code for case in self.world.requests.rows.values()))
    @rule(pick=st.integers(0, 20), answered=st.booleans())
    def code(self, pick: int, *, answered: bool) -> None:
        """The right one; whoever takes it may die before the machine hears of it."""
        cases = [case for case in self.world.requests.rows.values() if case.code]
        seen = cases[pick % len(cases)]
        if seen.until and seen.until > self.world.clock():
            self.world.requests.move(replace(seen, code=b""), seen)
            if answered and (play := self.answers.pop(seen.token, None)):
                play.at = "verified"

    # What the machine does.

    @precondition(lambda self: self.plays)
    @rule(
        pick=st.integers(0, 20),
        steps=st.integers(1, 5),
        moment=st.sampled_from([1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 10, 12, 15]),
        upset=st.sampled_from(["", "", "die", "fail", "abort", "cancel", "deny", "file", "twin"]),
        outcome=st.sampled_from([Outcome.ERASED, Outcome.ERASED, Outcome.HELD, Outcome.FAILED]),
    )
    def play(self, pick: int, steps: int, moment: int, upset: str, outcome: Outcome) -> None:
        """Some steps of one execution; in the last of them something happens."""
        play, self.outcome = self.plays[pick % len(self.plays)], outcome
        for _ in range(steps - 1):
            if play in self.plays:
                self._try(play)
        if play not in self.plays:
            return
        effects: dict[str, Callable[[], None]] = {
            "die": die,
            "abort": die,
            "fail": fail,
            "cancel": lambda: self._end(S.CANCELLED, None, play.number),
            "deny": lambda: self._end(S.DENIED, None, play.number),
            "file": lambda: self._rival(play),
            "twin": lambda: self._twin(play),
        }
        if upset:
            self.fuse.light(moment, effects[upset])
        self._try(play)
        if upset == "abort" and play in self.plays:
            self._over(play)
        self.fuse.left = 0

    def _try(self, play: Play) -> None:
        try:
            self._step(play)
        except (DiedError, UnavailableError):  # repeated by Lambda or the machine; in the end by the watch alone
            play.tries += 1
            if play.tries > 4:
                self._over(play)

    def _rival(self, play: Play) -> None:
        """Another one of the same person and kind comes in, and is known to be theirs."""
        case = self.world.case(play.number)
        who = next((who for who, subject in self.apart.items() if subject == case.subject), ALICE)
        self._file(case.right, who, otp=False, begin=False)

    def _twin(self, play: Play) -> None:
        """The same step once more, while it is under way."""
        with suppress(UnavailableError, UnsentError):
            if play.at in {"begin", "verified", "start", "close", "finish", "broken", "unverified"}:
                self.world.step(play.at, play.number)

    def _over(self, play: Play) -> None:
        self.plays.remove(play)
        self.answers = {token: each for token, each in self.answers.items() if each is not play}
        self.world.machine.over.add((case_key(play.number), play.run))

    def _step(self, play: Play) -> None:
        following = getattr(self, f"_at_{play.at}")(play)
        play.tries = 0
        play.at = following or play.at
        if following == "over":
            self._over(play)

    def _at_begin(self, play: Play) -> str:
        answer = self.world.step("begin", play.number)
        play.since = datetime.fromisoformat(answer["until"])
        words = {"code": "code", "wait": "wait", "resume": "start", "certify": "certify"}
        return words.get(answer["next"], "over")

    def _at_code(self, play: Play) -> str:
        play.token = f"t{play.number}-{play.run}"
        try:
            self.world.verify.run(Task(case_key(play.number), token=play.token))
        except UnsentError:
            return "unverified"
        self.answers[play.token], play.since = play, self.world.clock()
        return "asked"

    def _at_asked(self, play: Play) -> str:
        assert play.since
        if self.world.clock() < play.since + timedelta(seconds=600):
            return ""
        self.answers.pop(play.token, None)
        return "unverified"

    def _at_unverified(self, play: Play) -> str:
        self.world.step("unverified", play.number)
        return "over"

    def _at_verified(self, play: Play) -> str:
        answer = self.world.step("verified", play.number)
        play.since = datetime.fromisoformat(answer["until"])
        return "wait" if answer["next"] == "wait" else "over"

    def _at_wait(self, play: Play) -> str:
        assert play.since
        return "start" if play.since <= self.world.clock() else ""

    def _at_start(self, play: Play) -> str:
        answer = self.world.step("start", play.number)
        return "over" if answer["next"] == "closed" else "work"

    def _at_work(self, play: Play) -> str:
        """What other rooms do: only ever to one that has begun."""
        case = self.world.case(play.number)
        assert case.begun
        self.worked[play.number] += 1
        if case.right not in ERASING:
            return "broken" if self.outcome is Outcome.FAILED else "close"
        if self.outcome is Outcome.FAILED:
            self.world.step("failed", play.number, place="messages")
        else:
            self.world.requests.note(case.key, "messages", Found(self.outcome, 1))
        return "close"

    def _at_close(self, play: Play) -> str:
        answer = self.world.step("close", play.number)
        return {"certify": "certify", "finish": "finish"}.get(answer["next"], "over")

    def _at_certify(self, play: Play) -> str:
        case = self.world.case(play.number)
        if case.state is S.RUNNING and not case.certificate:
            self.world.change(play.number, certificate="erased", final_at=self.world.clock() + 35 * DAY)
        elif case.state is S.COMPLETED:
            self.world.change(play.number, certificate="final")
        return "finish"

    def _at_finish(self, play: Play) -> str:
        self.world.step("finish", play.number)
        return "over"

    def _at_broken(self, play: Play) -> str:
        self.world.step("broken", play.number)
        return "over"

    # Time, and the watch.

    @rule(seconds=STEPS)
    def pass_time(self, seconds: int) -> None:
        self.world.clock.tick(seconds=seconds)

    @rule(moments=st.integers(0, 12), upset=st.sampled_from(["die", "fail", "cancel"]))
    def watch(self, moments: int, upset: str) -> None:
        if moments:
            self.fuse.light(moments, {"die": die, "fail": fail, "cancel": lambda: self._end(S.CANCELLED, 0)}[upset])
        with suppress(DiedError, UnavailableError):
            self.world.watch()
        self.fuse.left = 0

    # What has to be true at any time.

    @invariant()
    def states_follow_each_other(self) -> None:
        for key, case in getattr(self, "world", Rights()).requests.rows.items():
            number = int(key.id[-12:], 16)
            before = self.seen.get(number)
            if before and before.state.final:
                assert case.state is before.state, key
            elif before and case.state is not before.state:
                assert _reachable(before.state, case.state), (before.state, case.state)
            assert before is None or case.version >= before.version
            assert (case.finished is not None) == case.state.final
            if case.state in {S.CANCELLED, S.DENIED, S.UNVERIFIED}:
                assert not self.worked[number], "worked on, and then ended as if not"
            if not case.state.final:
                assert case.look_at, "forgotten"
                assert key in self.world.seals.keys
            self.seen[number] = case

    @invariant()
    def one_is_open_of_a_person_and_kind(self) -> None:
        if not hasattr(self, "world"):
            return
        claims = Counter[tuple[SubjectId, Right]]()
        for case in self.world.requests.rows.values():
            if case.claims and case.subject:
                claims[case.subject, case.right] += 1
                assert self.world.requests.claimed(SHOP, case.subject, case.right) == case.key
        assert not claims or max(claims.values()) == 1
        assert len(self.world.requests.claims) == len(claims)

    @invariant()
    def the_ledger_says_what_became_of_each(self) -> None:
        if not hasattr(self, "world"):
            return
        told: dict[str, list[Action]] = {}
        for entry in self.world.ledger.chains[SHOP]:
            told.setdefault(entry.draft.object, []).append(entry.draft.action)
        ends = {
            S.COMPLETED: Action.REQUEST_DONE,
            S.CANCELLED: Action.REQUEST_CANCELLED,
            S.DENIED: Action.REQUEST_DENIED,
            S.UNVERIFIED: Action.REQUEST_CLOSED,
        }
        for key, case in self.world.requests.rows.items():
            found = [action for action in told.get(key.id, []) if action in ends.values()]
            assert found == ([ends[case.state]] if case.state.final else []), key

    def teardown(self) -> None:
        """When all is quiet everything comes to its end, and nothing of the persons is left in it."""
        if not hasattr(self, "world"):
            return
        self.outcome, self.fuse.left = Outcome.ERASED, 0
        for _ in range(400):
            for play in list(self.plays):
                self._step(play)
                self.states_follow_each_other()
            looks = [case.look_at for case in self.world.requests.rows.values() if case.look_at]
            if not self.plays and not looks:
                break
            if self.plays:
                self.world.clock.tick(seconds=601)
            else:
                self.world.clock.now = max(min(looks), self.world.clock() + ROUND)
                self.world.watch()
        self.one_is_open_of_a_person_and_kind()
        self.the_ledger_says_what_became_of_each()
        self._all_is_over()

    def _all_is_over(self) -> None:
        kept = set()
        for key, case in self.world.requests.rows.items():
            assert case.state.final, (case.state, case.look_at, self.world.clock())
            assert (case.look_at, case.sealed, case.final_at, case.untold) == (None, b"", None, False)
            if case.state is S.COMPLETED and case.right in ARCHIVED:
                kept.add(key)
            if case.right in ERASING and case.state is S.COMPLETED:
                assert (case.subject, case.certificate) == (None, "final")
        assert set(self.world.seals.keys) == kept
        told = {(body["request"], body["state"]) for body in self.world.queue.sent}
        assert told >= {(str(key), case.state.value) for key, case in self.world.requests.rows.items()}


def _reachable(before: CaseState, after: CaseState) -> bool:
    """In any number of steps: several may happen between two looks."""
    seen, waiting = set[CaseState](), [before]
    while waiting:
        new = MAY.get(waiting.pop(), set()) - seen
        seen |= new
        waiting += new
    return after in seen


TestCases = Cases.TestCase
TestCases.settings = settings(
    max_examples=int(os.environ.get("CASES", "50")),
    derandomize="CASES" not in os.environ,  # the same ones every time, unless somebody asks for more
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

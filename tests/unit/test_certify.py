"""The certificate of an erasure: what it says, and that there is one of each stage, whatever is repeated or breaks."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fugace.datamap.entry import Branch
from fugace.datamap.manifest import manifest
from fugace.domain.case import Case, CaseKey, CaseState, Found, Identity, Outcome, Right
from fugace.domain.certificate import TYPE, VERSION
from fugace.domain.ids import SubjectId
from fugace.domain.jose import der_signature, thumbprint, unb64url
from fugace.domain.ledger import Action, Draft, Entry
from fugace.edge import wiring
from fugace.edge.settings import Settings
from functions.dsar.course.certify import Certify, NotCountedError, RestlessError
from functions.dsar.task import NoRequestError, Task
from tests.crashing import Calls, crashes
from tests.fakes import NOON, SHOP, FakeClock
from tests.fakes_keeping import FakeLedger, FakeSigner
from tests.fakes_rights import FakeRequests

KEY = CaseKey(SHOP, "5d3f2a1c-0b4e-4f6a-9c8d-7e6f5a4b3c2d")
PERSON = SubjectId("q" * 43)
COMMITMENT = "n" * 43
ERASED = {branch.value: Found(Outcome.ERASED, number) for number, branch in enumerate(Branch, 1)}
TERMS = wiring.terms(
    Settings(
        {
            "CARRIERS": json.dumps(
                [{"name": "sim", "adapter": "simulator", "url": "https://s", "queue": "", "secret": ""}]
            )
        }
    )
)


def erasure(state: CaseState = CaseState.RUNNING, right: Right = Right.ERASURE, **more: Any) -> Case:
    """One that was filed on the day before, begun an hour ago, and is as far as `state` says."""
    case = Case(
        key=KEY,
        right=right,
        state=state,
        submitted=NOON - timedelta(days=2),
        received=NOON - timedelta(days=1),
        due=NOON + timedelta(days=29),
        identity=Identity.ATTESTED,
        filed_by="key_abcdefgh",
        subject=PERSON,
        commitment=COMMITMENT,
        places=ERASED,
        begun=NOON - timedelta(hours=1),
    )
    return replace(case, **more)


@dataclass
class World:
    """A request that was erased, and its ledger."""

    calls: Calls = field(default_factory=Calls)
    requests: FakeRequests = field(default_factory=FakeRequests)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    signer: FakeSigner = field(default_factory=FakeSigner)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.requests.rows[KEY] = replace(erasure(), version=1)
        self.certify = Certify(
            self.calls.of(self.requests),
            self.calls.of(self.ledger),
            self.calls.of(self.signer),
            self.clock,
            TERMS,
            "test",
        )

    @property
    def case(self) -> Case:
        return self.requests.rows[KEY]

    def keep(self, **changes: Any) -> None:
        self.requests.rows[KEY] = replace(self.case, **changes)

    def counted(self, state: CaseState = CaseState.COMPLETED, key: CaseKey = KEY) -> Entry:
        """What the machine writes when it has closed the places."""
        facts = {"state": state.value, "messages": ERASED["messages"].count}
        return self.ledger.append(Draft(SHOP, self.clock(), Action.ERASED, "request", key.id, facts))

    def run(self) -> str | None:
        return self.certify.run(Task(KEY))

    @property
    def claims(self) -> dict[str, Any]:
        return claims(self.case.certificate)

    @property
    def certified(self) -> list[tuple[object, object]]:
        """What the ledger says of certificates."""
        facts = [entry.draft.facts for entry in self.ledger.chains[SHOP] if entry.draft.action is Action.CERTIFIED]
        return [(each["stage"], each["certificate"]) for each in facts]

    def finish(self) -> None:
        """The machine ends, and the last copy too."""
        self.keep(state=CaseState.COMPLETED, finished=self.clock())
        assert self.case.final_at
        self.clock.tick(seconds=(self.case.final_at - self.clock()).total_seconds())


def claims(jws: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(unb64url(jws.split(".")[1]))
    return found


def made() -> World:
    """One that can be certified."""
    world = World()
    world.counted()
    return world


@pytest.fixture
def world() -> World:
    return made()


# What it says.


def test_it_is_signed_with_the_key_that_it_names(world: World) -> None:
    """Whoever has the published keys finds the one to verify it with."""
    world.run()
    header, payload, signature = world.case.certificate.split(".")
    spki = world.signer.public_key()

    assert json.loads(unb64url(header)) == {"alg": "ES256", "kid": thumbprint(spki), "typ": TYPE}
    key = serialization.load_der_public_key(spki)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(der_signature(unb64url(signature)), f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))


def test_it_names_the_request_and_its_times_but_nobody(world: World) -> None:
    """The person is in it as a commitment alone: neither the number nor the hash that we find rows by."""
    world.run()

    said = world.claims
    assert (said["ver"], said["iss"], said["tenant"]) == (VERSION, "urn:fugace:test", SHOP)
    assert said["request"] == {
        "id": KEY.id,
        "kind": "erasure",
        "regulation": "gdpr",
        "identity": "attested",
        "state": "completed",
        "submitted_time": "2026-01-13T12:00:00.000Z",
        "received_time": "2026-01-14T12:00:00.000Z",
        "due_time": "2026-02-13T12:00:00.000Z",
        "begun_time": "2026-01-15T11:00:00.000Z",
        "finished_time": "2026-01-15T12:00:00.000Z",
    }
    assert said["person"]["commitment"] == COMMITMENT
    assert PERSON not in json.dumps(said)


def test_it_tells_of_every_place_what_the_manifest_tells(world: World) -> None:
    """A place that was left out would seem to be fine."""
    world.run()

    told = [(line["number"], line["outcome"], line["erased"], line["left"]) for line in world.claims["places"]]
    assert told == [(e.number, e.outcome, e.count, e.left) for e in manifest(ERASED, NOON).entries]
    assert len(told) == 37


def test_it_counts_each_thing_once(world: World) -> None:
    """A message is in several places, and is erased once."""
    world.run()

    counts = world.claims["counts"]
    assert counts["erased"] == sum(found.count for found in ERASED.values())
    assert counts["by"]["messages"] == {"erased": ERASED["messages"].count, "left": 0}


def test_it_hangs_on_the_ledger(world: World) -> None:
    """Its entry is in the chain that is signed for every night: an invented certificate is found out."""
    entry = world.ledger.chains[SHOP][0]
    world.run()

    assert (world.claims["ledger"]["seq"], world.claims["ledger"]["hash"]) == (entry.seq, entry.hash)


def test_it_says_until_when_copies_live(world: World) -> None:
    """At the horizon the final one is due: the request waits for it."""
    world.run()

    horizon = manifest(ERASED, NOON).horizon
    assert datetime.fromisoformat(world.claims["horizon"]) == horizon
    assert world.case.final_at == horizon


@pytest.mark.parametrize(("state", "outcome"), [(CaseState.HELD, Outcome.HELD), (CaseState.PARTIAL, Outcome.FAILED)])
def test_what_is_not_erased_is_said(state: CaseState, outcome: Outcome) -> None:
    """Never more than the evidence."""
    world = World()
    world.keep(places={**ERASED, "messages": Found(outcome, 1, 4, ground="legal-claim")})
    world.counted(state)
    world.run()

    first = world.claims["places"][0]
    assert (world.claims["request"]["state"], first["outcome"], first["left"]) == (state.value, outcome.value, 4)
    assert world.claims["counts"]["left"] == 4


def test_a_branch_that_said_nothing_is_not_taken_for_done(world: World) -> None:
    """Not having looked is not having found nothing."""
    world.keep(places={})
    world.run()

    assert world.claims["places"][0]["outcome"] == Outcome.FAILED


# When, and how often.


def test_there_is_none_of_what_the_ledger_has_not_counted() -> None:
    """Another request's entry is not ours; it fails, and the machine says so."""
    world = World()
    world.counted(key=replace(KEY, id="00000000-0000-4000-8000-000000000000"))

    with pytest.raises(NotCountedError):
        world.run()
    assert not world.case.certificate


def test_other_requests_have_none(world: World) -> None:
    """An export destroys nothing."""
    world.keep(right=Right.ACCESS)

    assert world.run() is None
    assert not world.certified


def test_of_no_request_there_is_none() -> None:
    """A mistake of ours is an error, not an empty certificate."""
    world = World()
    world.requests.rows.clear()

    with pytest.raises(NoRequestError):
        world.run()


def test_a_repeat_signs_nothing_anew(world: World) -> None:
    """The controller may have it already: a second one with other bytes would look like another."""
    world.run()
    first = world.case.certificate
    world.clock.tick(hours=1)
    world.run()

    assert world.case.certificate == first
    assert world.certified == [("erased", world.claims["jti"])]


def test_what_a_hold_kept_is_certified_again_once_it_is_erased() -> None:
    """The first one said that something was held; it is no longer true, and has another id than the new one."""
    world = World()
    world.counted(CaseState.HELD)
    world.run()
    held = world.claims
    world.clock.tick(days=30)
    world.counted(CaseState.COMPLETED)
    world.run()

    assert [held["request"]["state"], world.claims["request"]["state"]] == ["held", "completed"]
    assert [certificate for _, certificate in world.certified] == [held["jti"], world.claims["jti"]]
    assert world.claims["ledger"]["seq"] > held["ledger"]["seq"]


def test_the_final_one_comes_with_the_horizon_and_lets_go_of_the_person(world: World) -> None:
    """Until then a restored back-up has to find whose request it was; from then on nobody has to."""
    world.run()
    erased = world.claims
    world.finish()
    assert world.case.subject

    assert world.run() == "final"
    assert (world.claims["stage"], world.claims["ledger"]) == ("final", erased["ledger"])
    assert [stage for stage, _ in world.certified] == ["erased", "final"]
    assert not world.case.subject
    assert world.case.commitment == COMMITMENT


def test_what_is_final_stays_final(world: World) -> None:
    """The request need not know any more when it was due: a repeat must not sign the earlier stage again."""
    world.run()
    world.finish()
    world.run()
    last = world.case.certificate
    world.keep(final_at=None)

    assert world.run() == "final"
    assert world.case.certificate == last
    assert len(world.certified) == 2


def test_a_second_before_the_horizon_nothing_is_final(world: World) -> None:
    """The last back-up is still there."""
    world.run()
    world.finish()
    world.clock.tick(seconds=-1)

    assert world.run() == "erased"
    assert world.case.subject


def test_what_is_held_never_becomes_final() -> None:
    """Its horizon has not begun: what is held has not gone anywhere."""
    world = World()
    world.counted(CaseState.HELD)
    world.run()
    world.finish()
    world.keep(state=CaseState.HELD)

    assert world.run() == "erased"
    assert world.case.subject


def test_the_entry_is_found_behind_many_others(world: World) -> None:
    """A busy tenant's chain grows while a place is looked at."""
    for _ in range(1_203):
        world.ledger.append(Draft(SHOP, NOON, Action.PURGED, "purge", "2026-01-15T11", {"record": 1}))
    world.run()

    assert world.claims["ledger"]["seq"] == 1


def test_who_changes_the_request_meanwhile_does_not_make_two(world: World) -> None:
    """The certificate is written with the version that was seen, or not at all."""
    rival = Certify(world.requests, world.ledger, world.signer, world.clock, TERMS, "test")
    world.ledger.race = lambda: rival.run(Task(KEY))
    world.run()

    assert len(world.certified) == 1
    assert world.certified[0][1] == world.claims["jti"]


def test_a_request_that_never_rests_is_left_to_the_machine(world: World) -> None:
    """It asks again later; an endless loop would be paid for."""
    seen: Callable[..., Any] = world.requests.change
    world.requests.change = lambda case, was: seen(case, replace(was, version=was.version - 1))  # type: ignore[method-assign]

    with pytest.raises(RestlessError):
        world.run()
    assert not world.certified


# Whenever it dies.


@pytest.mark.parametrize("final", [False, True])
def test_there_is_one_certificate_wherever_it_dies(final: bool) -> None:
    """Before or after each call: the rerun ends in the same state, with one entry in the ledger."""

    def prepared() -> World:
        world = made()
        if final:
            world.run()
            world.finish()
            world.calls.__init__()  # type: ignore[misc]  # what was called before does not count
        return world

    worlds = crashes(prepared, World.run, lambda world: world.calls)

    assert len(worlds) > 8
    ends = defaultdict(list)
    for world in worlds:
        stages = ["erased", "final"] if final else ["erased"]
        assert [stage for stage, _ in world.certified] == stages
        assert world.claims["jti"] == world.certified[-1][1]
        assert (world.case.subject is None) == final
        ends[hashlib.sha256(json.dumps(world.claims, sort_keys=True).encode()).hexdigest()].append(world)
    assert len(ends) == 1

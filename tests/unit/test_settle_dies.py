"""Whoever decides of a request dies at any call: run once more, it ends like one that nobody disturbed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from fugace.domain.case import Case, Found, Outcome, Right
from fugace.domain.ledger import Action
from tests.crashing import Calls, crashes
from tests.fakes import NOON, SHOP
from tests.rights_world import Rights, running


def told(world: Rights) -> list[tuple[Action, dict[str, object]]]:
    return [(entry.draft.action, dict(entry.draft.facts)) for entry in world.ledger.chains[SHOP]]


def otp_closed() -> Rights:
    world = Rights()
    world.put_otp(token="t", code=b"c", until=NOON)
    return world


def duplicate() -> Rights:
    world = Rights()
    world.put_otp(1)
    world.put(2)
    return world


def finishing(right: Right) -> Callable[[], Rights]:
    def make() -> Rights:
        world = running(right)
        world.step("close")
        world.change(correction=b"c")
        return world

    return make


STEPS: dict[str, tuple[str, Callable[[], Rights]]] = {
    "unverified": ("unverified", otp_closed),
    "verified": ("verified", lambda: _put(Rights(), otp=True)),
    "duplicate": ("verified", duplicate),
    "begin": ("begin", lambda: _put(Rights(), otp=False)),
    "start": ("start", lambda: _put(Rights(), otp=False)),
    "close held": ("close", lambda: running(messages=Found(Outcome.HELD, 1, 2))),
    "close partial": ("close", lambda: running(messages=Found(Outcome.FAILED))),
    "close": ("close", lambda: running(messages=Found(Outcome.ERASED, 3))),
    "finish access": ("finish", finishing(Right.ACCESS)),
    "finish erasure": ("finish", finishing(Right.ERASURE)),
    "broken": ("broken", running),
}


def _put(world: Rights, *, otp: bool) -> Rights:
    world.put_otp(token="t", code=b"c") if otp else world.put(until=NOON)
    return world


@pytest.mark.parametrize(("step", "make"), STEPS.values(), ids=STEPS.keys())
def test_whoever_dies_at_any_call_leaves_the_same_end(step: str, make: Callable[[], Rights]) -> None:
    """Before and after every call, enumerated: run once more it ends like one that nobody disturbed."""

    def fresh() -> Rights:
        world = make()
        world.calls = Calls()
        return world

    calm = fresh()
    calm.step(step)
    worlds = crashes(fresh, lambda world: world.step(step), lambda world: world.calls)

    assert worlds
    for world in worlds:
        assert _without_version(world.case()) == _without_version(calm.case())
        assert told(world) == told(calm)
        assert world.seals.keys == calm.seals.keys
        assert world.requests.claims == calm.requests.claims
        assert world.agenda.rows.keys() == calm.agenda.rows.keys()


def _without_version(case: Case) -> Case:
    return replace(case, version=0)

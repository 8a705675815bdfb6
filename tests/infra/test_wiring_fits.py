"""What a function is told by the deployment is what its wiring asks for."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fugace.adapters.session import shared
from infra.duties import DUTIES
from infra.parts.function import variables
from tests.edge.test_wiring import VARIABLES

WIRED = {
    "auth": ("functions.auth.authorizer.door",),
    "keys": ("functions.auth.handler.ring",),
    "send": ("functions.send.handler.outbox",),
    "relay": ("functions.send.events._relay",),
    "dispatch": ("functions.send.events._dispatch", "functions.send.events._queue_names"),
    "receive": ("functions.dlr.handler.receiver",),
    "webhooks": ("functions.dlr.handler.desk", "functions.dlr.handler.replays"),
    "receipts": ("functions.dlr.events.messages",),
    "notify": ("functions.dlr.events.notifier",),
    "reconcile": ("functions.purge.events._reconcile",),
    "retention": tuple(f"functions.purge.handler.{name}" for name in ("policies", "foresight", "holds", "account")),
    "plan": ("functions.purge.events._plan",),
    "sweep": ("functions.purge.events._sweep", "functions.purge.events._queue"),
    "tally": ("functions.purge.events._tally",),
    "checkpoint": ("functions.purge.events._checkpointing",),
    "requests": tuple(
        f"functions.dsar.counter.handler.{name}"
        for name in ("intake", "desk", "listing", "codes", "links", "certifier", "address")
    ),
    "settle": ("functions.dsar.course.settle_task._settle",),
    "verify": ("functions.dsar.course.verify_task._verify",),
    "export": ("functions.dsar.archive.export_task._export",),
    "erase": ("functions.dsar.erasure.erase_task._erasure",),
    "depart": ("functions.dsar.departure.depart_task._depart",),
    "leave": ("functions.dsar.departure.leave_task._leave",),
    "recall": ("functions.dsar.erasure.recall_task._recall",),
    "amend": ("functions.dsar.amendment.amend_task.amend",),
    "certify": ("functions.dsar.course.certify_task._certify",),
    "watch": ("functions.dsar.course.events._watch",),
    "callback": ("functions.dsar.course.events._callback",),
    "restore": tuple(
        f"functions.dsar.restoring.restore_task.{name}" for name in ("_quarantine", "_now", "_restore", "_planting")
    ),
}


def makers(name: str) -> list[Callable[[], Any]]:
    """What wires a function, uncached."""
    found = []
    for path in WIRED[name]:
        module, _, maker = path.rpartition(".")
        made = getattr(importlib.import_module(module), maker)
        found.append(getattr(made, "__wrapped__", made))
    return found


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    shared.cache_clear()
    yield
    shared.cache_clear()


def test_every_function_is_looked_at() -> None:
    """A new row in infra.duties needs a line here."""
    assert set(WIRED) == set(DUTIES)


@pytest.mark.parametrize("name", WIRED)
def test_a_function_is_wired_from_what_it_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is missing would show at the first request after a deployment, and not before."""
    for variable, value in VARIABLES.items():
        monkeypatch.delenv(variable, raising=False)
        if variable in variables(DUTIES[name]):
            monkeypatch.setenv(variable, value)

    for make in makers(name):
        assert make() is not None

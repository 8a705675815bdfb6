"""A dispatch with everything it needs, for tests of what it promises."""

import json
from dataclasses import replace

import pytest

from fugace.domain.errors import CarrierSilentError, UnavailableError
from fugace.domain.message import OnUnknown
from fugace.ports import HttpAnswer
from functions.send.clearance import Clearance
from functions.send.dispatch import Dispatch
from functions.send.task import Task
from tests.fakes import (
    FIRST,
    FakeCarrier,
    FakeClock,
    FakeMessages,
    FakeTenants,
    FakeTimer,
    FakeVault,
    FakeWeb,
    sealed_record,
    tenant,
)

BUSY = HttpAnswer(503, {}, b"")
SILENT = CarrierSilentError("timeout")
AT_LEAST_ONCE = {"on_unknown": OnUnknown.AT_LEAST_ONCE}


class DiedError(BaseException):
    """The process is gone: nothing of ours can catch it."""


class FailingNotes(FakeMessages):
    """A store that refuses the next `refuse` notes."""

    refuse = 0

    def note(self, *args, **more):
        if self.refuse:
            self.refuse -= 1
            raise UnavailableError
        return super().note(*args, **more)


class Desk:
    """A dispatch with everything it needs, and hands on all of it."""

    def __init__(self, *script, deduplicates=False, own_callback=True, **fields):
        self.clock, self.vault, self.timer, self.web = FakeClock(), FakeVault(), FakeTimer(), FakeWeb(*script)
        self.tenants = FakeTenants(tenant())
        self.messages = FailingNotes(self.clock, sealed_record(self.vault, **fields))
        self.carrier = FakeCarrier()
        self.carrier.terms = replace(self.carrier.terms, deduplicates=deduplicates, callback_per_message=own_callback)
        self.pauses, self.heard = [], []
        carriers = {"simulator": self.carrier, "other": FakeCarrier()}
        simulators = frozenset({"simulator"})
        clearance = Clearance(self.tenants, self.vault, carriers, simulators, "https://sms.example")
        self.dispatch = Dispatch(
            self.messages,
            clearance,
            self.web,
            self.timer,
            self.clock,
            carriers,
            pause=self.pauses.append,
            draw=lambda: 1.0,
            hear=lambda carrier, what: self.heard.append((carrier, what)),
        )

    def run(self, attempt=1, silent=0, carrier="simulator"):
        return self.dispatch.run(carrier, Task(FIRST, attempt, silent))

    def bury(self, *, in_doubt=False, silent=0):
        self.dispatch.bury("simulator", Task(FIRST, 1, silent), in_doubt=in_doubt)

    @property
    def record(self):
        return self.messages.rows[FIRST]

    @property
    def last(self):
        return self.record.history[-1]

    @property
    def sent(self):
        return [json.loads(request.body) for request in self.web.requests]


def dies_in_the_call(desk):
    """The first dispatcher dies between hand-over and note."""
    ask = desk.web.carrier

    def die(request):
        ask(request)
        raise DiedError

    desk.web.carrier = die
    with pytest.raises(DiedError):
        desk.run()
    desk.web.carrier = ask

"""A house of fakes that a tenant leaves, and the machine's order of doing it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.ids import SubjectId
from fugace.domain.message import Record, Status
from fugace.domain.tenant import ApiKey, Attempt, Role, Webhook
from fugace.keeping import Statistic
from functions.dsar.departure.leave import Leave
from functions.dsar.task import Task
from tests.erasing import ASL, House, case_key
from tests.fakes import BAKERY, BOB, CAROL, NOON, SHOP, key_number
from tests.fakes_leaving import FakeEstate

GONE = CaseKey(SHOP, "00000000-0000-8000-8000-0000000000ff")
WEEK = timedelta(days=7)


def api_key(number: int, owner: Any = SHOP) -> ApiKey:
    created = NOON - timedelta(days=9)
    return ApiKey(owner, f"key_abcdefg{'abcdefgh'[number]}", Role.ADMIN, live=True, digest=b"", created=created)


def steps() -> list[tuple[str, str]]:
    """(`Leave` or `Recall`, step), as the state machine has them."""
    states = json.loads(ASL.read_text().replace("${DrainSeconds}", "1"))["States"]
    found, name = [], "Leave"
    while name != "Close":
        state = states[name]
        asked = state.get("Parameters", {})
        if asked:
            found.append((asked["FunctionName"].strip("${}"), asked["Payload"]["step"]))
        name = state.get("Next") or state["Default"]
    return found


class Leaving(House):
    """The shop leaves; the bakery has one of everything as well, and stays."""

    def __init__(self) -> None:
        super().__init__()
        self.estate = FakeEstate(self.keeping, self.requests, self.recalls)
        for owner in (SHOP, BAKERY):
            self._furnish(owner)
        self.gone = Case(
            key=GONE,
            right=Right.OFFBOARDING,
            state=CaseState.RUNNING,
            submitted=NOON,
            received=NOON,
            due=NOON + timedelta(days=31),
            identity=Identity.ATTESTED,
            filed_by="key_abcdefga",
            run=1,
            begun=NOON,
            records=5,
            version=1,
        )
        self.requests.rows[GONE] = self.gone
        self.seals.make(GONE)
        self.archives.objects[GONE] = b"sealed"

    def _furnish(self, owner: Any) -> None:
        its, first = self.keeping, {SHOP: 0, BAKERY: 100}[owner]
        future = NOON + timedelta(days=9)
        self.send(first + 1, owner=owner)
        self.send(first + 2, owner=owner, status=(Status.ACCEPTED, Status.SUBMITTED), carrier_ref=f"ref{first}")
        self.send(first + 3, BOB, owner, carrier="deaf", status=(Status.ACCEPTED, Status.SUBMITTED), carrier_ref="deaf")
        self.send(first + 4, BOB, owner, at=future)
        self.send(first + 5, BOB, owner, at=NOON)
        self.timer.at(future, "carrier/simulator", {"message": "x"}, name=f"m-{key_number(first + 4, owner).id}")
        self.persons.object(owner, self.subject(CAROL, owner), NOON)
        for number, right in enumerate((Right.ACCESS, Right.ERASURE)):
            case = self.file(case_key(first + number, owner), right, BOB)
            self.archives.objects[case.key] = b"archive"
        self.recalls.add(case_key(first, owner), "carriers/000001/x", [])
        its.tenants.add_api_key(api_key(0, owner))
        its.tenants.add_api_key(api_key(1, owner))
        webhook = Webhook(owner, f"wh_{owner[4:]}", "https://shop.example/", frozenset(), (), NOON)
        self.estate.webhooks.put(webhook)
        self.estate.webhooks.log(owner, webhook.id, [Attempt("m", 1, 1, NOON, "200", 5)])
        its.agenda.ensure(owner, "record/0", NOON)
        its.statistics.rows[owner, NOON, 1] = [Statistic(NOON, "", "2026-01", Status.DELIVERED, 1, 1)]

    # What is done.

    def leave(self) -> Leave:
        watch = self.calls.of
        return Leave(
            requests=watch(self.requests),
            recalls=watch(self.recalls),
            estate=watch(self.estate),
            disposal=watch(self.keeping.disposal),
            holds=watch(self.holds),
            ledger=watch(self.ledger),
            archives=watch(self.archives),
            shredder=watch(self.seals),
            timer=watch(self.timer),
            clock=self.clock,
            terms={name: carrier.terms for name, carrier in self.carriers.items()},
        )

    def step_out(self, who: str, step: str) -> None:
        """As the machine does it: again while there is more."""
        if who == "Recall":
            self.step(who, step, GONE)
            return
        while self.leave().run(Task(GONE, step), self.left).more:
            pass

    def run(self, key: CaseKey = GONE) -> None:
        assert key == GONE
        for who, step in steps():
            self.step_out(who, step)
            if step == "begin":
                self.drained()

    def again(self, key: CaseKey = GONE) -> None:
        self.requests.rows[key] = replace(self.requests.rows[key], run=2, version=self.requests.rows[key].version + 1)
        self.run(key)

    # What is there.

    @property
    def case(self) -> Case:
        return self.requests.rows[GONE]

    def persons_of(self, owner: Any) -> set[SubjectId]:
        return {who for who, row in self.vault.rows.items() if row.tenant == owner}

    def of(self, owner: Any) -> dict[str, Any]:
        """Everything that is kept of a tenant, but its ledger and the request to leave."""
        its = self.keeping
        return {
            "messages": {key: row for key, row in self.messages.rows.items() if key.tenant == owner},
            "persons": {who: str(self.vault.rows[who]) for who in self.persons_of(owner)},
            "cases": {key: row for key, row in self.requests.rows.items() if key.tenant == owner and key != GONE},
            "claims": [each for each in self.requests.claims if each[0] == owner],
            "recalls": {page: lines for page, lines in self.recalls.rows.items() if page[0].tenant == owner},
            "keys of requests": [key for key in self.seals.keys if key.tenant == owner],
            "archives": [key for key in self.archives.objects if key.tenant == owner],
            "schedules": [each for each in self.timer.pending if each in self._schedules(owner)],
            "tenant": its.tenants.tenants.get(owner),
            "api keys": [each for each in its.tenants.keys if each[0] == owner],
            "webhooks": self.estate.webhooks.of(owner),
            "logs": [line for line in self.estate.webhooks.lines if line[0] == owner],
            "holds": self.holds.of(owner),
            "jobs": its.agenda.of(owner),
            "statistics": [each for each in its.statistics.rows if each[0] == owner],
        }

    def _schedules(self, owner: Any) -> set[str]:
        first = {SHOP: 0, BAKERY: 100}[owner]
        return {f"m-{key_number(first + 4, owner).id}"}

    def record(self, number: int) -> Record:
        return self.messages.rows[key_number(number)]

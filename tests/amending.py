"""A tenant's messages and a request to correct, restrict or object, for tests of what comes of it."""

import json
from dataclasses import replace
from datetime import timedelta

from fugace.domain.case import Case, CaseKey, CaseState, Found, Identity, Right
from fugace.domain.deadlines import due
from fugace.domain.ids import MessageKey
from fugace.domain.ledger import Action
from fugace.domain.message import Status
from fugace.domain.msisdn import Msisdn
from functions.dsar.amendment.amend import Amend
from functions.dsar.amendment.journal import Journal
from functions.dsar.amendment.rectify import Rectify
from functions.dsar.amendment.restraint import Restraint, hold_of
from functions.dsar.task import Task
from functions.purge.holding import Holding
from functions.purge.task import Task as Body
from tests.crashing import Calls
from tests.fakes import ALICE, BOB, CAROL, FIRST, NOON, SECOND, SHOP, key_number, sealed_record, tenant
from tests.fakes_keeping import Keeping, commit
from tests.fakes_rights import FakeAmendments, FakeCaseSeals, FakePersons, FakeRequests

REQUEST = CaseKey(SHOP, "11111111-2222-4333-8444-555555555555")
LIFT = CaseKey(SHOP, "11111111-2222-4333-8444-666666666666")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLENTY = timedelta(minutes=5)
SENT = (Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED)
THIRD = key_number(3)


class House(Keeping):
    """Alice: one message that was sent, and two that are to be. Bob: one to be sent."""

    def __init__(self) -> None:
        super().__init__(tenant())
        self.calls = Calls()
        self.requests, self.persons = FakeRequests(), FakePersons(self.vault)
        self.seals, self.amendments = FakeCaseSeals(), FakeAmendments(self.messages)
        self.alice, self.bob = (self.vault.subject(SHOP, each) for each in (ALICE, BOB))
        self.write(FIRST, status=SENT, carrier_ref="c-1")
        self.write(SECOND, anchor=NOON + DAY, reference="order-1")
        self.write(THIRD, text="Another parcel")
        self.write(key_number(4), BOB)

    def write(self, key: MessageKey, to: Msisdn = ALICE, reference: str = "", **more: object) -> None:
        record = sealed_record(self.vault, key, to, **more)  # type: ignore[arg-type]  # checked by it
        person = self.vault.keys_of([record])[key]
        given = person.seal(str(key), "reference", reference) if reference else None
        self.messages.rows[key] = replace(record, sealed=replace(record.sealed, reference=given))

    def file(self, right: Right, key: CaseKey = REQUEST, **correction: str) -> "House":
        """Alice's request, as it is when the machine comes to this step."""
        self.seals.make(key)
        sealed = self.seals.seal(key, "correction", json.dumps(correction).encode()) if correction else b""
        case = Case(
            key=key,
            right=right,
            state=CaseState.RUNNING,
            submitted=NOON,
            received=NOON,
            due=due(NOON),
            identity=Identity.ATTESTED,
            filed_by="key_filedfil" if key == REQUEST else "key_liftedli",
            subject=self.alice,
            correction=sealed,
            reason="accuracy" if right is Right.RESTRICTION else "",
        )
        commit(self.requests.file(case))
        return self

    def amend(self) -> Amend:
        watched = self.calls.of
        requests, persons, ledger = watched(self.requests), watched(self.persons), watched(self.ledger)
        agenda, policies, journal = watched(self.agenda), self.policies, Journal(requests, ledger, self.clock)
        rectify = Rectify(
            requests=requests,
            persons=persons,
            seals=self.seals,
            vault=self.vault,
            disposal=watched(self.disposal),
            amendments=watched(self.amendments),
            departures=watched(self.departures),
            policies=policies,
            journal=journal,
            clock=self.clock,
        )
        queue = watched(self.queue)
        restraint = Restraint(requests, watched(self.holds), ledger, agenda, queue, self.clock)
        return Amend(requests, persons, agenda, policies, rectify, restraint, journal, self.clock)

    def run(self, key: CaseKey = REQUEST, left: timedelta = PLENTY) -> bool:
        return self.amend().run(Task(key), lambda: left)

    def hold_job(self, key: CaseKey = REQUEST) -> None:
        """The purge's job of the hold, to its end."""
        job = Holding(self.agenda, self.policies, self.holds, self.disposal, self.ledger, self.tenants, self.clock)
        task: Body | None = Body(f"hold/{hold_of(key)}", SHOP)
        while task:
            task = job.run(task, lambda: PLENTY).again

    def told(self) -> list[Action]:
        return [entry.draft.action for entry in self.ledger.chains[SHOP]]

    def facts(self) -> object:
        return self.ledger.chains[SHOP][-1].draft.facts

    def places(self) -> dict[str, Found]:
        return dict(self.requests.rows[REQUEST].places)

    def of(self, person: Msisdn) -> set[MessageKey]:
        subject = self.vault.subject(SHOP, person)
        return {key for key, row in self.messages.rows.items() if row.subject == subject}

    def opened(self, key: MessageKey) -> tuple[str, str, str]:
        record = self.messages.rows[key]
        person, name, sealed = self.vault.keys_of([record])[key], str(key), record.sealed
        fields = {"to": sealed.to, "text": sealed.text, "reference": sealed.reference}
        to, text, reference = (person.open(name, field, each) if each else "" for field, each in fields.items())
        return to, text, reference


def corrected(house: House, to: Msisdn = CAROL) -> House:
    return house.file(Right.RECTIFICATION, field="to", value=to.reveal())


def referred(house: House) -> House:
    return house.file(Right.RECTIFICATION, field="reference", value="order-2")

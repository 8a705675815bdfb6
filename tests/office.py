"""The office that takes persons' requests, over fakes: every use case of the API of requests, on one state."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fugace.domain.actor import Actor
from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action
from fugace.domain.msisdn import Msisdn
from fugace.domain.retention import Period
from functions.dsar.counter.codes import Codes
from functions.dsar.counter.desk import Desk
from functions.dsar.counter.ending import Ending
from functions.dsar.counter.intake import Filed, Intake, Wish
from functions.dsar.counter.leaving import Leaving
from functions.dsar.counter.links import Links
from functions.dsar.counter.listing import Listing
from functions.dsar.herald import Herald
from tests.fakes import ALICE, BAKERY, NOON, SHOP, FakeQueue, tenant
from tests.fakes_keeping import Keeping
from tests.fakes_rights import FakeArchives, FakeCaseSeals, FakeMachine, FakeRequests

OFFICER = Actor(SHOP, "key_officerr", live=True)
NOTEBOOK = Actor(SHOP, "key_notebook", live=False)
BAKER = Actor(BAKERY, "key_bakerbak", live=True)
WAITING = Period(seconds=86_400)
ADDRESS = "https://api.example/live"
CALLBACK = "https://shop.example/dsr"
ASKED = NOON - timedelta(hours=1)


def request_id(number: int) -> str:
    """A UUID v4 of its own for each number."""
    return f"a7551968-d5d6-44b2-9831-{number:012x}"


ID = request_id(1)


def wish(number: int = 1, right: Right = Right.ERASURE, to: Msisdn = ALICE, **more: Any) -> Wish:
    """What a controller asks for; `more` replaces any other field of it."""
    plain = Wish(request_id(number), right, ASKED, to, Identity.ATTESTED, f"{number} {right} {to.reveal()}".encode())
    return replace(plain, **more)


class Office:
    """Fakes, and what works with them. `broken`: what the machine raises when it is started."""

    def __init__(self, now: datetime = NOON) -> None:
        self.keeping = Keeping(tenant(), tenant(BAKERY), now=now)
        self.clock, self.vault, self.ledger = self.keeping.clock, self.keeping.vault, self.keeping.ledger
        self.tenants, self.agenda, self.signer = self.keeping.tenants, self.keeping.agenda, self.keeping.signer
        self.requests, self.seals, self.archives = FakeRequests(), FakeCaseSeals(), FakeArchives()
        self.machine, self.queue = FakeMachine(), FakeQueue()

    @property
    def ending(self) -> Ending:
        return Ending(
            self.requests,
            self.ledger,
            self.keeping.policies,
            self.agenda,
            self.seals,
            self.machine,
            Herald(self.queue),
        )

    @property
    def intake(self) -> Intake:
        return Intake(
            requests=self.requests,
            seals=self.seals,
            ledger=self.ledger,
            tenants=self.tenants,
            vault=self.vault,
            machine=self.machine,
            clock=self.clock,
            waiting=WAITING,
        )

    @property
    def desk(self) -> Desk:
        return Desk(self.requests, self.ledger, self.tenants, self.vault, self.ending, self.clock)

    @property
    def listing(self) -> Listing:
        return Listing(self.requests, self.tenants, self.vault, self.clock)

    @property
    def codes(self) -> Codes:
        return Codes(self.desk, self.requests, self.vault, self.machine, self.clock)

    @property
    def links(self) -> Links:
        return Links(
            desk=self.desk,
            requests=self.requests,
            archives=self.archives,
            seals=self.seals,
            ledger=self.ledger,
            tenants=self.tenants,
            vault=self.vault,
            clock=self.clock,
        )

    @property
    def leaving(self) -> Leaving:
        return Leaving(
            requests=self.requests,
            seals=self.seals,
            ledger=self.ledger,
            tenants=self.tenants,
            vault=self.vault,
            holds=self.keeping.holds,
            machine=self.machine,
            ending=self.ending,
            clock=self.clock,
        )

    def file(self, asked: Wish | None = None, actor: Actor = OFFICER) -> Filed:
        return self.intake.file(actor, asked or wish())

    def case(self, number: int = 1, tenant: TenantId = SHOP) -> Case:
        """As it is kept."""
        return self.requests.rows[CaseKey(tenant, request_id(number))]

    def put(self, number: int = 1, **more: Any) -> Case:
        """Somebody else has changed it."""
        seen = self.case(number)
        assert self.requests.move(replace(seen, **more), seen)
        return self.case(number)

    def answered(self, number: int = 1, right: Right = Right.ACCESS) -> Case:
        """An access request, with an archive to fetch."""
        self.file(wish(number, right))
        self.archives.objects[self.case(number).key] = b"sealed"
        return self.put(number, state=CaseState.COMPLETED, begun=self.clock(), finished=self.clock(), look_at=None)

    def actions(self, tenant: TenantId = SHOP) -> list[Action]:
        """What the ledger says was done."""
        return [entry.draft.action for entry in self.ledger.chains[tenant]]

    def kept(self) -> str:
        """All that is stored or travels, as a text to search in."""
        everything = [
            self.requests.rows,
            self.ledger.chains,
            self.queue.sent,
            self.machine.started,
            self.agenda.rows,
        ]
        return json.dumps([repr(each) for each in everything])

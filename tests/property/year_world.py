"""Everything of a year on fakes: the real use cases over ports that may fail, and a table that tells what goes.

Laws that are broken inside a port are kept and shown later: raised there, the code under test might swallow them.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from random import Random
from typing import Any

from fugace.domain import apikey
from fugace.domain.bounds import read
from fugace.domain.errors import UnavailableError
from fugace.domain.hold import Hold
from fugace.domain.ids import MessageKey, SubjectId, TenantId
from fugace.domain.message import Record
from fugace.domain.retention import Kind
from fugace.domain.tenant import ApiKey, Role, Tenant
from fugace.keeping import Book
from fugace.ports import ConflictError, Place, Write
from functions.auth.authorizer import Door
from functions.auth.keys import KeyRing
from functions.purge.holds import HoldDesk
from functions.purge.plan import Plan
from functions.purge.policy import PolicyDesk
from functions.purge.sweep import Ports, Sweep
from functions.purge.tally import Removal, Tally
from functions.purge.task import Task
from functions.send.accept import Outbox
from functions.send.clearance import Clearance
from functions.send.dispatch import Dispatch
from functions.send.read import Reader
from functions.send.schema import Wish
from tests.fakes import FakeCarrier, FakeClock, FakeMessages, FakeTenants, FakeTimer, FakeWeb
from tests.fakes_keeping import (
    FakeCases,
    FakeDisposal,
    FakeExports,
    FakeHolds,
    FakeKeyChain,
    FakeObjections,
    FakeOldKeys,
    FakeStatistics,
    FakeWrite,
    Keeping,
)
from tests.property.year_model import BEGINNING, Letter, Model, Order

HIDDEN = timedelta(minutes=30)
"""How long the sweep queue hides a body that it has given out."""
REMEMBERED = timedelta(seconds=30)
REMEMBERED_BY_GATEWAY = timedelta(seconds=45)
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
PLENTY = timedelta(minutes=5)


class DiedError(BaseException):
    """The process is gone: nothing of ours can catch it."""


class Fuse:
    """Burns down with every call of a port, before and after its effect; then something happens, once."""

    def __init__(self) -> None:
        self.left = 0
        self.effect: Callable[[], None] = lambda: None

    def light(self, moments: int, effect: Callable[[], None]) -> None:
        self.left, self.effect = moments, effect

    def burn(self) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                self.effect()


def die() -> None:
    raise DiedError


def fail() -> None:
    raise UnavailableError


class Fused:
    """Any port, behind the fuse."""

    def __init__(self, port: object, fuse: Fuse) -> None:
        self._port, self._fuse = port, fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **more: Any) -> Any:
            self._fuse.burn()
            answer = method(*args, **more)
            self._fuse.burn()
            return answer

        return call


class Table(FakeMessages):
    """Messages with their stream, which holds every removal of a row or of a text against the model."""

    def __init__(self, clock: FakeClock, model: Model, broken: list[str]) -> None:
        super().__init__(clock)
        self.model, self.broken, self.hand = model, broken, "purge"
        self.stream: list[Removal] = []
        self.expected: tuple[SubjectId, datetime, Wish] | None = None
        """Who is being written to, since when, and what."""

    def _remove(self, key: MessageKey) -> None:
        row, letter = self.rows[key], self.model.letters[key]
        super()._remove(key)
        self._text_gone(row, letter)
        letter.gone = self.clock()
        self._judge(row, self.model.over(letter), "record")
        self.model.lost(key.tenant, Kind.RECORD.value)
        self.model.sums[key.tenant, row.campaign, f"{row.anchor:%Y-%m}", row.status.value] += 1
        self._tell(row, deleted=True)

    def _keep(self, record: Record) -> Record:
        before, letter = self.rows.get(record.key), self.model.letters.get(record.key)
        if before and letter:
            if letter.left is None and record.left_at:
                letter.left, letter.noted = record.left_at, self.clock()
            if before.sealed.text is not None and record.sealed.text is None:
                self._judge(before, self.model.bare(letter), "text")
                self._text_gone(before, letter)
                self._tell(before, deleted=False)
            self._holds(before, record, letter)
        if letter is None or letter.gone:
            self._arrive(record)
        return super()._keep(record)

    def _arrive(self, record: Record) -> None:
        assert self.expected is not None, record.key
        subject, now, wish = self.expected
        anchor = max(now, wish.send_at or now)
        letter = Letter(record.key, subject, now, anchor, wish.validity, wish.content_retention, wish.campaign)
        self.model.letters[record.key] = letter

    def _text_gone(self, row: Record, letter: Letter) -> None:
        if row.sealed.text is not None:
            letter.bare = self.clock()
            self.model.lost(row.key.tenant, Kind.CONTENT.value)

    def _judge(self, row: Record, end: datetime, what: str) -> None:
        now = self.clock()
        if now < end.replace(microsecond=0):
            self.broken.append(f"{what} of {row.key} gone at {now}, before {end}, by {self.hand}")
        # What DynamoDB deletes by itself before a hold has reached it was over, and nobody could have stopped it.
        unreached = self.hand == "ttl" and not row.held
        if self.model.holding(row.key, end, now) and not unreached:
            self.broken.append(f"{what} of {row.key} gone at {now} under a hold, by {self.hand}")

    def _holds(self, before: Record, record: Record, letter: Letter) -> None:
        for added in record.held - before.held:
            order = self.model.orders[added]
            at_once = letter.collected == order.set_at  # whichever was first: nobody can tell
            if record.key not in order.covers | order.may and not at_once:
                self.broken.append(f"{record.key} held by {added}, which does not cover it")
        for freed in before.held - record.held:
            order = self.model.orders[freed]
            if self.clock() < order.ends:
                self.broken.append(f"{record.key} freed from {freed} before its end")
        if before.held and not record.held:
            letter.freed = self.clock()

    def _tell(self, row: Record, *, deleted: bool) -> None:
        text = row.sealed.text is not None
        self.stream.append(Removal(str(len(self.stream)), row.key, self.clock(), row, deleted=deleted, text=text))


class Keys(FakeKeyChain):
    """Keys, and the count of those that were really destroyed."""

    def __init__(self, plain: FakeKeyChain, model: Model) -> None:
        super().__init__(plain.vault, plain.tallies)
        self.model = model

    def _forget(self, subject: Any, row: Any) -> Any:
        write = super()._forget(subject, row)

        def apply() -> None:
            write.item.apply()
            self.model.lost(row.tenant, "keys")

        return replace(write, item=FakeWrite(write.item.check, apply))


class Holds(FakeHolds):
    """Holds, of which the model learns in the moment in which one is written."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        self.expected: Order | None = None

    def put(self, hold: Hold, seen: Hold | None) -> Any:
        write = super().put(hold, seen)

        def apply() -> None:
            if seen is None and self.expected:
                self.model.orders[hold.id] = replace(self.expected, id=hold.id)
            write.item.apply()

        return replace(write, item=FakeWrite(write.item.check, apply))


class OldKeys(FakeOldKeys):
    """API keys that open nothing any more, held against the model when they go."""

    def __init__(self, tenants: FakeTenants, model: Model, broken: list[str], clock: FakeClock) -> None:
        super().__init__(tenants)
        self.model, self.broken, self.clock = model, broken, clock

    def forget(self, seen: ApiKey, counted: Write) -> bool:
        done = super().forget(seen, counted)
        if done:
            self.model.lost(seen.tenant, Kind.ACCESS.value)
            over = self.model.ends(seen.tenant, Kind.ACCESS, ended(seen))
            if self.clock() < over:
                self.broken.append(f"{seen.id} gone at {self.clock()}, before {over}")
        return done


def ended(key: ApiKey) -> datetime:
    """Since when it opens nothing."""
    return min(each for each in (key.revoked, key.expires, FOREVER) if each)


class Statistics(FakeStatistics):
    """Counts of what has gone, held against the model when they go themselves."""

    def __init__(self, model: Model, broken: list[str], clock: FakeClock) -> None:
        super().__init__()
        self.model, self.broken, self.clock = model, broken, clock
        self.sums: Counter[tuple[TenantId, str, str, str]] = Counter()
        """All that was ever entered."""

    def enter(self, hour: datetime, book: Book) -> None:
        super().enter(hour, book)
        for line in self.rows.get((book.tenant, hour, book.version), []):
            self.sums[book.tenant, line.campaign, line.month, line.status.value] += line.messages

    def _drop(self, place: tuple[TenantId, datetime, int]) -> Write:
        write = super()._drop(place)
        over = self.model.ends(place[0], Kind.STATISTICS, place[1])
        if self.clock() < over:
            self.broken.append(f"statistics of {place} gone at {self.clock()}, before {over}")

        def apply() -> None:
            write.item.apply()
            self.model.lost(place[0], Kind.STATISTICS.value)

        return replace(write, item=FakeWrite(write.item.check, apply))


class Disposal(FakeDisposal):
    """What was written a moment ago may not be in an index yet: `unseen`."""

    unseen: frozenset[MessageKey] = frozenset()

    def _page(self, records: Sequence[Record], after: Place | None, limit: int) -> list[Place]:
        return super()._page([record for record in records if record.key not in self.unseen], after, limit)


class Remembering:
    """Tenants as a process knows them, which reads a row again after half a minute."""

    def __init__(self, plain: Any, clock: FakeClock) -> None:
        self._plain, self._clock = plain, clock
        self._known: dict[TenantId, tuple[datetime, Tenant | None]] = {}

    def get(self, tenant: TenantId) -> Tenant | None:
        until, known = self._known.get(tenant, (self._clock(), None))
        if self._clock() >= until:
            known = self._plain.get(tenant)
            self._known[tenant] = (self._clock() + REMEMBERED, known)
        return known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)


@dataclass
class Body:
    """A body on the queue, visible from some time on."""

    text: str
    visible: datetime


class Box:
    """The sweep queue: at least once, in any order."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.bodies: list[Body] = []

    def send(self, bodies: Any, *, delay: timedelta = timedelta(0)) -> None:
        self.bodies += [Body(json.dumps(dict(body)), self.clock() + delay) for body in bodies]

    def visible(self) -> list[Body]:
        return [body for body in self.bodies if body.visible <= self.clock()]


class World(Keeping):
    """All fakes of one year, and the use cases over them."""

    def __init__(self, *tenants: Tenant, now: datetime) -> None:
        self.model, self.broken, self.fuse = Model(), [], Fuse()
        clock = FakeClock(now)
        self.table = Table(clock, self.model, self.broken)
        super().__init__(*tenants, messages=self.table)
        self.keychain, self.holds = Keys(self.keychain, self.model), Holds(self.model)
        self.disposal, self.statistics = Disposal(self.table), Statistics(self.model, self.broken, clock)
        self.statistics.tallies, self.tallies.statistics = self.tallies, self.statistics
        self.old_keys = OldKeys(self.tenants, self.model, self.broken, clock)
        self.box, self.remembering, self.read = Box(clock), Remembering(self.tenants, clock), 0
        self.carrier = FakeCarrier(terms=replace(FakeCarrier().terms, deduplicates=True))
        self.admitted: dict[TenantId, datetime] = {}
        self.headers = {shop.id: self._first_key(shop.id) for shop in tenants}
        self._wire()

    def _first_key(self, shop: TenantId) -> str:
        shown, key_id = apikey.make(shop, live=True)
        digest = apikey.digest(shown)
        self.tenants.add_api_key(ApiKey(shop, key_id, Role.ADMIN, live=True, digest=digest, created=self.clock()))
        return shown

    def _wire(self) -> None:
        def fused(port: object) -> Any:
            return Fused(port, self.fuse)

        agenda, tallies, departures = fused(self.agenda), fused(self.tallies), fused(self.departures)
        tenants, box, clock = fused(self.tenants), fused(self.box), self.clock
        policies, holds, ledger, disposal = map(fused, (self.policies, self.holds, self.ledger, self.disposal))
        self.plan = Plan(agenda, tallies, departures, tenants, box, clock)
        self.sweep = Sweep.over(
            Ports(
                agenda=agenda,
                policies=policies,
                holds=holds,
                disposal=disposal,
                departures=departures,
                keychain=fused(self.keychain),
                tallies=tallies,
                statistics=fused(self.statistics),
                exports=FakeExports(self.tallies),  # nothing is stored in either
                cases=FakeCases(self.tallies),
                objections=FakeObjections(self.vault, self.tallies),
                ledger=ledger,
                old_keys=fused(self.old_keys),
                tenants=tenants,
                clock=clock,
            )
        )
        self.tally = Tally(tallies, departures)
        bounds = read(resources.files("fugace").joinpath("retention.toml").read_text("utf-8"), "retention.toml")
        self.policy = PolicyDesk(policies, tenants, ledger, agenda, bounds, clock)
        self.desk = HoldDesk(holds, policies, ledger, agenda, disposal, self.vault, box, clock)
        remembering = fused(self.remembering)
        self.door, self.keyring = Door(remembering, agenda, clock), KeyRing(remembering, agenda, clock)
        terms = {"simulator": self.carrier.terms}
        self.outbox = Outbox(clock, fused(self.vault), fused(self.table), self.remembering, terms)
        self.reader = Reader(clock, self.vault, self.table, self.remembering)
        carriers = {"simulator": self.carrier}
        clearance = Clearance(self.remembering, self.vault, carriers, frozenset(carriers), "https://sms.example")
        self.web = FakeWeb()
        self.dispatch = Dispatch(self.table, clearance, self.web, FakeTimer(), clock, carriers)

    # --- what runs ---

    def knock(self, shop: TenantId) -> None:
        """A request comes in; for a while, the authorizer's last answer counts."""
        if self.admitted.get(shop, BEGINNING) + REMEMBERED_BY_GATEWAY < self.clock():
            assert isinstance(self.door.open(f"Bearer {self.headers[shop]}"), ApiKey)
            self.admitted[shop] = self.clock()

    def survive(self, act: Callable[[], Any]) -> Any:
        """Whatever the fuse does to it; None where it came to nothing."""
        try:
            return act()
        except (DiedError, UnavailableError, ConflictError):
            return None
        finally:
            self.fuse.light(0, die)

    def serve(self, body: Body, budget: int) -> bool:
        """One delivery, as the entry point does it. Whether the body is done with."""
        calls = iter(range(budget))
        body.visible = self.clock() + HIDDEN

        def run() -> bool:
            outcome = self.sweep.run(
                Task.read(json.loads(body.text)), lambda: timedelta(0) if next(calls, None) is None else PLENTY
            )
            if outcome.again:
                self.box.send([outcome.again.body()], delay=outcome.delay)
            return True

        done = bool(self.survive(run))
        if done and body in self.box.bodies:
            self.box.bodies.remove(body)
        return done

    def tell(self, upto: int, again: int, cut: int) -> None:
        """The stream up to some place, in batches of `cut`, beginning `again` places before where it stood."""
        place = max(self.read - again, 0)
        while place < upto:
            batch = self.table.stream[place : min(place + cut, upto)]
            noted = self.survive(lambda batch=batch: self.tally.run(batch))
            if noted is None:
                return
            if noted.back is not None:
                self.read = max(self.read, int(noted.back))
                return
            place += len(batch)
            self.read = max(self.read, place)

    def expire(self, chance: float, draw: Random) -> None:
        """DynamoDB's own TTL, which asks nobody."""
        self.table.hand = "ttl"
        for key, row in list(self.table.rows.items()):
            if row.expires_at < self.clock() and draw.random() < chance:
                self.table._remove(key)
        self.table.hand = "purge"

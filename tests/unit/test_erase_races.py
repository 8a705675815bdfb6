"""Whatever happens to a person at the same time, or comes late: nothing survives, and nothing is sent any more."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from fugace.domain import callbacks
from fugace.domain.case import CaseState, Outcome, Right, Stage
from fugace.domain.errors import BlockedError, MissingKeyError, NotFoundError
from fugace.domain.ids import MessageKey
from fugace.domain.ledger import Action
from fugace.domain.message import Category, Change, Evidence, OnUnknown, Status
from fugace.domain.tenant import Webhook
from fugace.ports import ConflictError, HttpAnswer, HttpRequest
from functions.dlr import record as reports
from functions.dlr.letter import Letter
from functions.dlr.notify import Notifier
from functions.dlr.receive import Receiver
from functions.dlr.replay import Replay
from functions.send.accept import Accepted, Outbox, Sender
from functions.send.clearance import Clearance
from functions.send.dispatch import LEASE, Dispatch
from functions.send.once import Once
from functions.send.relay import Relay, Step
from functions.send.schema import Wish
from functions.send.task import Task
from tests.erasing import ERASURE, House, case_key, machine
from tests.fakes import ALICE, NOON, SHOP, FakeQueue, FakeTenants, FakeWeb, FakeWebhooks, key_number
from tests.fakes import report as callback
from tests.fakes import tenant as a_tenant
from tests.fakes_keeping import commit
from tests.turns import Turns

WISH = Wish(at="", to=ALICE, text="Your parcel is here", category=Category.TRANSACTIONAL)
HOOK = Webhook(SHOP, "wh_aaaaaaaaaaaaaaaa", "https://shop.example", secrets=(), created=NOON, events=frozenset())
TAKEN = HttpAnswer(200, {}, b'{"id": "carrier-1"}')


def _plain(port: Any) -> Any:
    return port


class Office:
    """The rest of the product over the same rows: it accepts, relays, hands over, takes receipts and tells."""

    def __init__(self, house: House, watch: Callable[[Any], Any] = _plain) -> None:
        self.house = house
        self.web = FakeWeb(otherwise=TAKEN)
        self.tenants = FakeTenants(a_tenant())
        self.notify, self.late, self.queue = FakeQueue(), FakeQueue(), FakeQueue()
        messages, vault = watch(house.messages), watch(house.vault)
        clearance = Clearance(self.tenants, vault, house.carriers, frozenset({"simulator"}), "https://sms.example")
        terms = {name: carrier.terms for name, carrier in house.carriers.items()}
        self.outbox = Outbox(house.clock, vault, messages, self.tenants, terms)
        self.dispatch = Dispatch(
            messages, clearance, watch(self.web), house.timer, house.clock, house.carriers, pause=lambda _seconds: None
        )
        self.relay = Relay({"simulator": self.queue, "deaf": self.queue}, self.notify, house.timer, house.clock)
        self.receiver = Receiver(house.carriers, vault, messages, self.late, house.clock)
        hooks = FakeWebhooks(house.clock, HOOK)
        self.notifier = Notifier(hooks, self.tenants, messages, vault, self.web, house.timer, house.clock)
        self.replay = Replay(hooks, messages, vault, self.tenants, self.notify, house.clock)

    def accept(self, once: Once | None = None) -> Any:
        (answer,) = self.outbox.accept(Sender(SHOP, live=True), [WISH], once)
        return answer

    @property
    def sent(self) -> list[HttpRequest]:
        return [request for request in self.web.requests if request.method == "POST"]


@pytest.fixture
def house() -> House:
    """One message under way, one that was handed over, one that is planned; then the person is forgotten."""
    house = House()
    house.send(1)
    house.send(2, status=[Status.ACCEPTED, Status.SUBMITTED], carrier_ref="ref-2")
    house.send(3, at=NOON + timedelta(days=1))
    house.file(ERASURE)
    return house


# --- what comes late ------------------------------------------------------------------------------


def report_of(office: Office, key: MessageKey) -> Any:
    return reports.record(
        office.house.messages, reports.Report(key, "simulator", Change(Status.DELIVERED, NOON, Evidence.HANDSET))
    )


def receive(office: Office, key: MessageKey) -> Any:
    token = callbacks.token(office.house.vault.sign, "simulator", key.reference)
    return office.receiver.receive("simulator", token, callback({"status": "delivered"}))


def replayed_stream(office: Office, key: MessageKey) -> Any:
    """The stream gives its batch again; what it puts on the queue finds nothing."""
    record = replace(office.house.plant(77), key=key)
    del office.house.messages.rows[key_number(77)]
    office.relay.run([Step("1", None, record)])
    return [office.dispatch.run("simulator", Task.read(body)) for body in office.queue.sent]


def replay_of_webhook(office: Office, key: MessageKey) -> Any:
    with suppress(NotFoundError):
        office.replay.message(SHOP, HOOK.id, key.id)


LATE: dict[str, Callable[[Office, MessageKey], Any]] = {
    "a receipt": receive,
    "a receipt from the queue": report_of,
    "a first hand-over": lambda office, key: office.dispatch.run("simulator", Task(key)),
    "a retry": lambda office, key: office.dispatch.run("simulator", Task(key, 3)),
    "a retry after a silence": lambda office, key: office.dispatch.run("simulator", Task(key, 3, 2)),
    "a dead letter that is put back": lambda office, key: office.dispatch.run("simulator", Task(key, 9)),
    "the burial of a dead letter": lambda office, key: office.dispatch.bury("simulator", Task(key), in_doubt=True),
    "the stream once more": replayed_stream,
    "a letter to a webhook": lambda office, key: office.notifier.deliver({"1": Letter(SHOP, key.id, 2)}),
    "a replay to a webhook": replay_of_webhook,
}


@pytest.mark.parametrize("act", LATE.values(), ids=LATE.keys())
@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_comes_after_an_erasure_creates_and_sends_nothing(
    house: House, number: int, act: Callable[[Office, MessageKey], Any]
) -> None:
    """Everything that is still under way carries an id, and what it names is not there."""
    house.run()
    before = dict(house.messages.rows), dict(house.vault.rows), dict(house.timer.pending)
    office = Office(house)
    act(office, key_number(number))

    assert (house.messages.rows, house.vault.rows, house.timer.pending) == before
    assert not office.web.requests
    assert not office.notify.sent
    assert not office.late.sent


@pytest.mark.parametrize("name", LATE)
def test_each_of_them_would_have_done_something_before(house: House, name: str) -> None:
    """Else the test above would see nothing."""
    before = dict(house.messages.rows)
    office = Office(house)
    LATE[name](office, key_number(2 if "webhook" in name else 1))

    assert house.messages.rows != before or office.web.requests or office.notify.sent


def test_while_it_runs_the_person_cannot_be_written_to(house: House) -> None:
    """Neither with a new key, nor with the old one, nor as the repetition of a request that was accepted."""
    office = Office(house)
    once = Once("key-1", b"body")
    first = office.accept(once)
    assert isinstance(first, Accepted)
    house.step("Erase", "begin")
    for answer in (office.accept(), office.accept(once)):
        assert isinstance(answer, BlockedError)
    house.run()

    assert not house.rows_of()


# --- at the same time -----------------------------------------------------------------------------


def beside(make: Callable[[], House], act: Callable[[Office], object], calls: int) -> Iterator[tuple[House, Office]]:
    """An erasure, and something that is done at the same time: every way in which their calls can follow each other.

    It begins before the machine has waited, and then it is over before the machine goes on; or it begins later.
    `calls`: how many the erasure makes before the machine waits.
    """
    for order in _orders(calls):
        house = make()
        turns = Turns()
        office = Office(house, turns.of)
        counted = _Counted(house, turns, partial(act, office), order)
        house.drained = counted.drain
        house.run()
        turns.finish()
        assert counted.waited
        yield house, office


def _orders(calls: int) -> Iterator[list[int]]:
    """Before which calls of the erasure the other makes its own: up to three are moved, the others follow at once."""
    for first in range(calls + 1):
        for second in range(first, calls + 1):
            for third in range(second, calls + 1):
                yield [first, first, second, third]


class _Counted:
    """Lets the other make a call before certain calls of the erasure."""

    def __init__(self, house: House, turns: Turns, act: Callable[[], object], order: list[int]) -> None:
        self.turns, self.act, self.order = turns, act, order
        self.waited = False
        made, number = house.calls.made, [0]

        def watched(name: str, args: Any, call: Callable[[], Any]) -> Any:
            self.let(number[0])
            number[0] += 1
            return made(name, args, call)

        house.calls.made = watched  # type: ignore[method-assign]  # between two calls of the erasure

    def let(self, number: int) -> None:
        while self.order and self.order[0] <= number:
            self.order.pop(0)
            if not self.turns.started:
                self.turns.start(self.act)
            else:
                self.turns.step()

    def drain(self) -> None:
        """Whoever began before has ended."""
        self.waited = True
        self.turns.finish()


def first_calls() -> int:
    """How many the erasure makes before the machine waits."""
    house = one_message()
    house.step("Erase", "begin")
    return house.calls.names.total()


def one_message() -> House:
    house = House()
    house.send(1)
    house.file(ERASURE)
    return house


def done(house: House) -> None:
    """Nothing of the person is there, and the erasure says so."""
    assert not house.rows_of()
    assert house.persons.standing(house.subject()).erased == NOON
    assert house.case.stage is Stage.ENDED
    assert {found.outcome for found in house.case.places.values()} <= {Outcome.ERASED, Outcome.NOT_SUPPORTED}
    assert house.entries().count(Action.ERASURE_BEGUN) == house.entries().count(Action.KEY_DESTROYED) == 1


def test_what_is_accepted_at_the_same_time_is_forgotten_too() -> None:
    """With a key that was taken before the tombstone: the row comes after it, and goes all the same."""
    kept = 0
    for house, office in beside(one_message, lambda office: office.accept(), first_calls()):
        done(house)
        kept += house.messages.writes > 1
        assert not office.sent
    assert kept  # in some order it was there


@pytest.mark.parametrize("deduplicates", [False, True])
def test_what_is_handed_over_at_the_same_time_is_over_when_the_machine_goes_on(*, deduplicates: bool) -> None:
    """Whoever read the key before the tombstone may send; what the carrier then has is asked back."""

    def make() -> House:
        house = one_message()
        terms = replace(house.carriers["simulator"].terms, deduplicates=deduplicates)
        house.carriers["simulator"] = replace(house.carriers["simulator"], terms=terms)
        return house

    outcomes = set()
    for house, office in beside(
        make, lambda office: office.dispatch.run("simulator", Task(key_number(1))), first_calls()
    ):
        done(house)
        outcomes.add((len(office.sent), len(house.web.requests)))
    assert outcomes == {(0, 0), (1, 1)}


@pytest.mark.parametrize("late", range(len(machine())))
def test_nothing_that_begins_after_the_tombstone_sends(late: int) -> None:
    """Before each step of the rest: accepted is nothing, handed over neither, whatever is still in the queues."""
    house = one_message()
    office = Office(house)
    for number, (who, step) in enumerate(machine()):
        house.step(who, step)
        if number == late:
            if house.case.stage is not Stage.ENDED:
                assert isinstance(office.accept(), BlockedError)
            house.clock.tick(seconds=LEASE.total_seconds() * 2)
            office.dispatch.run("simulator", Task(key_number(1)))
    assert not office.sent
    assert not house.rows_of()


# --- an export ------------------------------------------------------------------------------------


def export(house: House, turns: Turns, key: Any) -> None:
    """What an exporter does of consequence: looks whether it may, reads, opens, and writes an archive."""
    requests, messages, vault = turns.of(house.requests), turns.of(house.messages), turns.of(house.vault)
    seals, archives = turns.of(house.seals), turns.of(house.archives)
    if requests.get(key).state is not CaseState.RUNNING:
        return
    seals.secret(key, "archive")
    upload = archives.upload(key)
    found = messages.get(key_number(1))
    for opened in vault.keys_of([found] if found else []).values():
        upload.write(opened.open(str(found.key), "text", found.sealed.text).encode())
    turns.wait()
    upload.close()


def test_an_export_at_the_same_time_leaves_no_archive() -> None:
    """One that had begun is over when archives are removed; one that begins afterwards finds its request cancelled."""
    access, calls, made = case_key(1), 12, 0
    for first in range(calls):
        for second in range(first, calls):
            house = one_message()
            house.file(access, Right.ACCESS)
            turns = Turns()
            order = [first, first, second, second, second]
            counted = _Counted(house, turns, partial(export, house, turns, access), order)
            house.drained = counted.drain
            house.run()
            with suppress(MissingKeyError):  # its key was taken away: it has no archive
                turns.finish()
            done(house)
            made += turns.made > 3
            assert not house.archives.objects
            assert access not in house.seals.keys
            assert house.requests.rows[access].subject is None
            assert house.requests.rows[access].state is CaseState.CANCELLED
    assert made


# --- two erasures ---------------------------------------------------------------------------------


def test_a_second_erasure_cannot_be_filed_while_one_is_under_way() -> None:
    """One claim for each person and kind: both of them could not end each other."""
    house = one_message()
    second = replace(house.case, key=case_key(2))
    with pytest.raises(ConflictError):
        commit(house.requests.file(second))


def test_two_executions_of_one_erasure_come_to_one_end() -> None:
    """The watch starts another where it believes that one broke: at every call of both, one may overtake the other."""
    whole = one_message()
    whole.run()
    total = whole.calls.names.total()
    for first in range(total):
        for second in range(0, total, 3):
            house = one_message()
            turns = Turns()
            other = House.__new__(House)
            other.__dict__.update(house.__dict__)
            other.calls = _Paced(turns)  # type: ignore[assignment]  # the other's calls wait for their turn
            counted = _Counted(house, turns, other.run, [first] * (second + 1))
            assert not counted.waited
            house.run()
            turns.finish()
            done(house)
            assert not house.recalls.rows
            # Each counts what it saw: of what the other was faster with, one may not have heard.
            assert all(found.count <= whole.case.places[place].count for place, found in house.case.places.items())


class _Paced:
    """Calls that wait for their turn."""

    def __init__(self, turns: Turns) -> None:
        self.of = turns.of


def test_at_least_once_is_no_reason_to_send_to_somebody_erased(house: House) -> None:
    """A claim whose holder died would be tried again: not any more."""
    key = house.send(5, on_unknown=OnUnknown.AT_LEAST_ONCE).key
    office = Office(house)
    house.messages.claim(key, NOON, stale=NOON)
    house.step("Erase", "begin")
    house.clock.tick(seconds=LEASE.total_seconds() * 2)
    office.dispatch.run("simulator", Task(key, 1, 1))

    assert not office.sent
    assert house.messages.rows[key].status is Status.CANCELLED

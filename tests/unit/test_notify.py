"""What tenants are told, how often, and when we stop."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from fugace.domain import webhooks as rules
from fugace.domain.errors import UnavailableError, WebhookFailedError, WebhookRefusedError
from fugace.domain.ids import MessageKey, TenantId, uuid7
from fugace.domain.message import Record, Sealed, Status
from fugace.domain.tenant import Secret, Webhook
from fugace.ports import HttpAnswer, HttpRequest
from functions.dlr.letter import Letter
from functions.dlr.notify import Notifier, Summary
from tests.fakes import (
    ALICE,
    BAKERY,
    BOB,
    FIRST,
    NOON,
    SECOND,
    SHOP,
    FakeClock,
    FakeMessages,
    FakeTenants,
    FakeTimer,
    FakeVault,
    FakeWebhooks,
    key_number,
    sealed_record,
)
from tests.fakes import tenant as tenant_

HOOK, OTHER = "wh_aaaaaaaaaaaaaaaa", "wh_bbbbbbbbbbbbbbbb"
DONE = (Status.ACCEPTED, Status.QUEUED, Status.SUBMITTED, Status.DELIVERED)
SECRET = bytes(32)
GOOD = HttpAnswer(200, {}, b"")
Answer = HttpAnswer | Exception


class Web:
    """Answers by URL, from any thread."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Callable[[HttpRequest], Answer]] = {}
        self.requests: list[HttpRequest] = []

    def webhook(self, request: HttpRequest) -> HttpAnswer:
        self.requests.append(request)
        answer = self.answers.get(request.url, GOOD)
        answer = answer(request) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def carrier(self, request: HttpRequest) -> HttpAnswer:
        raise NotImplementedError

    def said(self) -> list[Any]:
        return [json.loads(request.body) for request in self.requests]


@dataclass
class Room:
    """A notifier and what it works with: one webhook of the shop's, two messages of the shop's that were delivered."""

    clock: FakeClock = field(default_factory=FakeClock)
    vault: FakeVault = field(default_factory=FakeVault)
    web: Web = field(default_factory=Web)
    timer: FakeTimer = field(default_factory=FakeTimer)

    def __post_init__(self) -> None:
        self.messages = FakeMessages(
            self.clock, *(sealed_record(self.vault, key, status=DONE) for key in (FIRST, SECOND))
        )
        self.webhooks = FakeWebhooks(self.clock)
        self.tenants = FakeTenants(tenant_(), tenant_(BAKERY))
        self.hook()

    def hook(self, webhook_id: str = HOOK, tenant: TenantId = SHOP, **more: Any) -> str:
        url = f"https://{webhook_id[3:]}.example/hook"
        secret = Secret(self.vault.seal(tenant, rules.sealing(webhook_id), SECRET))
        plain = Webhook(tenant, webhook_id, url, frozenset(), (secret,), NOON)
        self.webhooks.put(replace(plain, **more))
        return url

    def kept(self, webhook_id: str = HOOK) -> Webhook:
        return self.webhooks.webhooks[SHOP, webhook_id]

    def tell(self, *letters: Letter) -> Summary:
        notifier = Notifier(
            self.webhooks, self.tenants, self.messages, self.vault, self.web, self.timer, self.clock, draw=lambda: 0.0
        )
        return notifier.deliver({str(number): letter for number, letter in enumerate(letters)})

    def answering(self, answer: Answer | Callable[[HttpRequest], Answer], webhook_id: str = HOOK) -> None:
        self.web.answers[f"https://{webhook_id[3:]}.example/hook"] = answer

    def log(self, webhook_id: str = HOOK, tenant: TenantId = SHOP) -> list[tuple[str, int, int, str]]:
        lines = self.webhooks.logged(tenant, webhook_id, 100)
        return [(line.message_id, line.sequence, line.number, line.outcome) for line in lines]


@pytest.fixture
def room() -> Room:
    return Room()


def news(key: MessageKey = FIRST, sequence: int = 4, **more: Any) -> Letter:
    return Letter(key.tenant, key.id, sequence, **more)


def retry(attempt: int, webhook: str = HOOK) -> Letter:
    return news(webhook=webhook, attempt=attempt)


# --- telling ------------------------------------------------------------------------------------


def test_a_webhook_is_told_what_became_of_a_message(room: Room) -> None:
    """One signed call; the log has a line of it, and nothing else is written."""
    done = room.tell(news())

    assert [said["type"] for said in room.web.said()] == ["message.delivered"]
    assert room.log() == [(FIRST.id, 4, 1, "200")]
    assert (done.told, done.undone) == (1, {})


def test_the_reference_implementation_accepts_what_is_sent(room: Room) -> None:
    """Headers, signature and body belong together as the specification says."""
    room.clock.now = now = datetime.now(UTC)  # the library has a clock of its own
    room.messages.rows[FIRST] = sealed_record(room.vault, at=now, status=DONE)

    room.tell(news())

    request = room.web.requests[0]
    said = Verifier(rules.shown(SECRET)).verify(request.body, dict(request.headers))
    assert said["data"]["id"] == FIRST.id
    assert request.headers["webhook-id"] == rules.event_id(FIRST.id, 4)


def test_during_a_rotation_both_secrets_sign_and_afterwards_the_new_one_alone(room: Room) -> None:
    """Neither side needs to change over in the same second as the other."""
    old = Secret(room.vault.seal(SHOP, rules.sealing(HOOK), b"o" * 32), NOON + timedelta(hours=1))
    room.hook(secrets=(*room.kept().secrets, old))

    room.tell(news())
    room.clock.tick(hours=1)
    room.tell(news())

    assert [len(request.headers["webhook-signature"].split()) for request in room.web.requests] == [2, 1]


def test_a_webhook_is_told_only_of_what_it_asked_for(room: Room) -> None:
    """Each event costs its receiver something."""
    room.hook(events=frozenset({"message.undeliverable"}))
    wanted = room.hook(OTHER, events=frozenset({"message.delivered", "message.expired"}))

    room.tell(news())

    assert [request.url for request in room.web.requests] == [wanted]


@pytest.mark.parametrize("sequence", [1, 2])
def test_what_follows_at_once_from_a_request_is_not_told(room: Room, sequence: int) -> None:
    """`accepted` was the answer to it, and `queued` is our own affair."""
    room.tell(news(sequence=sequence))

    assert room.web.requests == []


def test_another_tenant_s_webhook_hears_nothing(room: Room) -> None:
    """Tenants are walls (I8), in a batch of both too."""
    bakery = room.hook(OTHER, BAKERY)
    mine = key_number(7, BAKERY)
    room.messages.rows[mine] = sealed_record(room.vault, mine, status=DONE)

    room.tell(news(), news(mine))

    told = {(request.url, json.loads(request.body)["data"]["id"]) for request in room.web.requests}
    assert told == {(room.kept().url, FIRST.id), (bakery, mine.id)}
    assert room.log(OTHER, BAKERY) == [(mine.id, 4, 1, "200")]


def test_the_tenant_s_own_reference_is_opened_for_the_moment_of_telling(room: Room) -> None:
    """It is kept sealed: a customer number is a personal datum too."""
    record = sealed_record(room.vault, status=DONE)
    key = room.vault.keys_of([record])[FIRST]
    sealed = replace(record.sealed, reference=key.seal(str(FIRST), "reference", "order-7"))
    room.messages.rows[FIRST] = replace(record, sealed=sealed)

    room.tell(news(), news(SECOND))

    told = {said["data"]["id"]: said["data"].get("reference") for said in room.web.said()}
    assert told == {FIRST.id: "order-7", SECOND.id: None}


def referenced(room: Room, key: MessageKey, **more: Any) -> Record:
    record = sealed_record(room.vault, key, status=DONE, **more)
    person = room.vault.keys_of([record])[key]
    room.messages.rows[key] = replace(
        record, sealed=Sealed(b"", reference=person.seal(str(key), "reference", "order-7"))
    )
    return record


@pytest.mark.parametrize("erasing", ["block", "destroy"])
def test_of_a_person_who_is_being_erased_nothing_is_told(room: Room, erasing: str) -> None:
    """The letter may have been written before (I4)."""
    record = referenced(room, FIRST)
    getattr(room.vault, erasing)(record.subject)

    assert room.tell(news()).undone == {}
    assert room.web.requests == []


def test_of_a_message_that_is_over_nothing_is_told(room: Room) -> None:
    """A retry may come after the message's end (I4)."""
    room.clock.tick(days=200)

    assert room.tell(news()).undone == {}
    assert room.web.requests == []


def test_a_missing_key_stops_one_letter_and_not_its_neighbours(room: Room) -> None:
    """It is an operational fault of one person's row, and fails closed."""
    lost = referenced(room, FIRST, to=BOB)
    referenced(room, SECOND, to=ALICE)
    room.vault.lose(lost.subject)

    done = room.tell(news(), news(SECOND))

    assert done.undone == {"0": "MissingKeyError"}
    assert [said["data"]["id"] for said in room.web.said()] == [SECOND.id]


class Behind(FakeMessages):
    """Its replicas do not know of the second message yet, nor of the last change of the first."""

    def get_many(self, keys: Any) -> dict[MessageKey, Record]:
        found = super().get_many(keys)
        found.pop(SECOND, None)
        return {key: replace(record, history=record.history[:3]) for key, record in found.items()}


def test_a_cheap_read_that_is_behind_is_followed_by_a_true_one(room: Room) -> None:
    """The letter can be faster than the table's replicas: what it speaks of must not be taken for missing."""
    room.messages = Behind(room.clock, *room.messages.rows.values())

    room.tell(news(), news(SECOND))

    assert sorted(said["data"]["id"] for said in room.web.said()) == [FIRST.id, SECOND.id]


@pytest.mark.parametrize("letters", [(news(sequence=9), news(sequence=4)), (news(sequence=4), news(sequence=9))])
def test_a_change_that_never_was_is_told_to_nobody(room: Room, letters: tuple[Letter, ...]) -> None:
    """After a restore the table can be behind the queue for good. What it still knows of is told."""
    assert room.tell(*letters).undone == {}
    assert [said["data"]["sequence"] for said in room.web.said()] == [4]


def test_two_changes_of_one_message_are_both_told(room: Room) -> None:
    """A batch often has them side by side; the cheap read may know of one only."""
    room.messages = Behind(room.clock, *room.messages.rows.values())

    room.tell(news(sequence=4), news(sequence=3))

    assert sorted(said["data"]["sequence"] for said in room.web.said()) == [3, 4]


def test_all_calls_of_a_batch_are_made_at_the_same_time(room: Room) -> None:
    """One webhook that takes its fifteen seconds must not keep the others waiting."""
    together = threading.Barrier(2, timeout=5)
    room.hook(OTHER)

    def meet(_: HttpRequest) -> HttpAnswer:
        together.wait()
        return GOOD

    room.answering(meet)
    room.answering(meet, OTHER)

    assert room.tell(news()).told == 2


# --- failing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (HttpAnswer(500, {}, b""), "500"),
        (HttpAnswer(302, {"location": "https://elsewhere.example"}, b""), "302"),
        (HttpAnswer(404, {}, b""), "404"),
        (WebhookFailedError("timeout"), "timeout"),
        (WebhookFailedError("tls"), "tls"),
        (WebhookRefusedError(reason="address"), "address"),
    ],
)
def test_what_is_no_success_is_tried_again(room: Room, answer: Answer, outcome: str) -> None:
    """After five seconds first; the body for the next attempt names the one webhook."""
    room.answering(answer)

    done = room.tell(news())

    when, queue, body = room.timer.pending[f"n-{HOOK}-{FIRST.id.replace('-', '')}_4-2"]
    assert (when, queue) == (NOON + timedelta(seconds=5), "notify")
    assert body == {"message": str(FIRST), "sequence": 4, "webhook": HOOK, "attempt": 2}
    assert room.log() == [(FIRST.id, 4, 1, outcome)]
    assert (done.told, done.retried, done.undone) == (0, 1, {})


def test_one_webhook_s_failure_is_not_told_again_to_the_others(room: Room) -> None:
    """They have heard it."""
    other = room.hook(OTHER)
    room.answering(HttpAnswer(500, {}, b""), OTHER)
    room.tell(news())

    (_, _, body) = next(iter(room.timer.pending.values()))
    room.web.requests.clear()
    room.tell(Letter.read(body))

    assert [request.url for request in room.web.requests] == [other]


def test_a_retry_is_the_same_event_at_another_time(room: Room) -> None:
    """By its id receivers know that they have seen it; by its time that it is fresh."""
    room.tell(news())
    room.clock.tick(hours=2)
    room.tell(retry(4))

    first, second = room.web.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 7200


def test_a_webhook_that_asks_for_time_gets_it(room: Room) -> None:
    """Calling sooner would make its overload worse."""
    room.answering(HttpAnswer(429, {"retry-after": "3600"}, b""))

    room.tell(news())

    assert [when for when, _, _ in room.timer.pending.values()] == [NOON + timedelta(hours=1)]


def test_after_the_last_attempt_an_event_is_given_up(room: Room) -> None:
    """It can be replayed for as long as the message is kept."""
    room.answering(HttpAnswer(500, {}, b""))

    done = room.tell(retry(10))

    assert (done.given_up, room.timer.pending) == (1, {})
    assert room.log() == [(FIRST.id, 4, 10, "500")]


def test_the_first_failure_is_noted_once_and_the_first_success_ends_it(room: Room) -> None:
    """Patience is counted from there; a webhook that answers costs no write."""
    writes: list[Any] = []
    noted = room.webhooks.failing
    room.webhooks.failing = lambda *args, **named: (writes.append(args), noted(*args, **named))

    room.answering(HttpAnswer(500, {}, b""))
    room.tell(news(), news(SECOND))
    assert room.kept().failing_since == NOON

    room.clock.tick(hours=1)
    room.tell(retry(4))
    assert room.kept().failing_since == NOON

    room.answering(GOOD)
    room.tell(retry(5))
    room.tell(news(SECOND))
    assert room.kept().failing_since is None
    assert len(writes) == 2


def test_one_success_in_a_batch_is_a_success(room: Room) -> None:
    """A webhook that answers now and then is not dead."""
    room.hook(failing_since=NOON - timedelta(days=9))
    room.answering(lambda request: GOOD if SECOND.id.encode() in request.body else HttpAnswer(500, {}, b""))

    room.tell(retry(10), news(SECOND))

    assert room.kept().failing_since is None
    assert not room.kept().disabled


def test_a_webhook_that_has_been_dead_for_days_is_disabled_when_an_event_is_given_up(room: Room) -> None:
    """And whoever runs this is told, for the tenant cannot be told by webhook."""
    room.hook(failing_since=NOON - timedelta(days=5))
    room.answering(WebhookFailedError("refused"))

    done = room.tell(retry(10))

    assert room.kept().disabled == "failing"
    assert [(webhook.id, why) for webhook, why in done.disabled] == [(HOOK, "failing")]


@pytest.mark.parametrize(("days", "attempt"), [(4.9, 10), (30, 1)])
def test_it_is_not_disabled_before_it_had_its_days_and_its_attempts(room: Room, days: float, attempt: int) -> None:
    """One failed call after a quiet month says little; neither does one lost event."""
    room.hook(failing_since=NOON - timedelta(days=days))
    room.answering(HttpAnswer(500, {}, b""))

    done = room.tell(retry(attempt))

    assert not room.kept().disabled
    assert done.disabled == []


def test_a_webhook_that_is_gone_is_disabled_at_once(room: Room) -> None:
    """410 is its owner's word: no retry."""
    room.answering(HttpAnswer(410, {}, b""))

    done = room.tell(news())

    assert room.kept().disabled == "gone"
    assert room.timer.pending == {}
    assert [why for _, why in done.disabled] == ["gone"]


@pytest.mark.parametrize("letter", [news(), retry(3)])
def test_a_disabled_webhook_is_not_called(room: Room, letter: Letter) -> None:
    """Retries that were scheduled before end with it."""
    room.hook(disabled="failing")

    assert room.tell(letter).undone == {}
    assert room.web.requests == []


def test_a_webhook_that_was_removed_is_not_called(room: Room) -> None:
    """Its retries may still be scheduled."""
    room.webhooks.remove(SHOP, HOOK)

    assert room.tell(retry(3)).undone == {}
    assert room.web.requests == []


# --- tests --------------------------------------------------------------------------------------


def probe(**more: Any) -> Letter:
    return Letter(SHOP, uuid7(NOON), webhook=HOOK, **more)


def test_a_test_event_goes_the_way_of_all_events(room: Room) -> None:
    """Signed, logged, and to the one webhook that was asked for."""
    room.hook(OTHER)

    room.tell(letter := probe())

    assert [said["type"] for said in room.web.said()] == ["webhook.test"]
    assert room.log() == [(letter.id, 0, 1, "200")]


@pytest.mark.parametrize("since", [NOON, None])
def test_a_test_that_is_answered_enables_a_disabled_webhook(room: Room, since: datetime | None) -> None:
    """Its owner has repaired it, and shows so."""
    room.hook(disabled="gone", failing_since=since)

    room.tell(probe())

    assert (room.kept().disabled, room.kept().failing_since) == ("", None)


@pytest.mark.parametrize("answer", [HttpAnswer(500, {}, b""), HttpAnswer(410, {}, b"")])
def test_a_test_that_fails_leaves_it_as_it_was(room: Room, answer: Answer) -> None:
    """Neither enabled, nor reported as newly disabled."""
    room.hook(disabled="failing", failing_since=NOON)
    room.answering(answer)

    done = room.tell(probe())

    assert room.kept().disabled == "failing"
    assert done.disabled == []


def test_a_failed_test_is_tried_again_like_any_event(room: Room) -> None:
    """What is tested is the way of events, retries included."""
    room.answering(HttpAnswer(500, {}, b""))

    room.tell(letter := probe())

    (_, _, body) = next(iter(room.timer.pending.values()))
    assert body == {"tenant": SHOP, "test": letter.id, "webhook": HOOK, "attempt": 2}
    assert Letter.read(body) == replace(letter, attempt=2)


# --- when something of ours fails ---------------------------------------------------------------


def test_if_the_messages_cannot_be_read_all_their_letters_come_again(room: Room) -> None:
    """Nothing was told, so nothing is lost."""
    room.messages.broken = True

    assert room.tell(news(), news(SECOND)).undone == {"0": "UnavailableError", "1": "UnavailableError"}


def test_if_a_retry_cannot_be_scheduled_the_letter_comes_again(room: Room) -> None:
    """A failed event with no next attempt would be lost silently."""
    room.answering(HttpAnswer(500, {}, b""))
    room.timer.broken = True

    assert room.tell(news()).undone == {"0": "UnavailableError"}


def test_a_tenant_whose_webhooks_cannot_be_read_does_not_stop_another(room: Room) -> None:
    """A hot partition is one tenant's."""
    room.hook(OTHER, BAKERY)
    mine = key_number(7, BAKERY)
    room.messages.rows[mine] = sealed_record(room.vault, mine, status=DONE)
    of = room.webhooks.of

    def busy(tenant: TenantId) -> list[Webhook]:
        if tenant == SHOP:
            raise UnavailableError
        return of(tenant)

    room.webhooks.of = busy

    done = room.tell(news(), news(mine))

    assert done.undone == {"0": "UnavailableError"}
    assert done.told == 1


def test_without_its_secret_a_webhook_is_not_called(room: Room) -> None:
    """Unsigned, its receiver would have to refuse it, and should."""
    room.hook(secrets=(Secret(b"not sealed"),))
    told = room.hook(OTHER)

    done = room.tell(news())

    assert list(done.undone) == ["0"]
    assert [request.url for request in room.web.requests] == [told]


def test_a_fault_of_ours_in_one_call_gives_its_letter_back(room: Room) -> None:
    """What we did not foresee is no reason to lose an event, or to stop the others."""
    room.hook(OTHER)
    room.answering(RuntimeError(ALICE.reveal()), OTHER)

    done = room.tell(news())

    assert (done.told, done.undone) == (1, {"0": "RuntimeError"})


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"message": str(FIRST)},
        {"message": "ten_x/1", "sequence": 2},
        {"message": str(FIRST), "sequence": "2"},
        {"tenant": "ten_x", "test": FIRST.id, "webhook": HOOK, "attempt": 1},
    ],
)
def test_what_is_no_letter_is_refused(body: object) -> None:
    """It becomes a dead letter."""
    with pytest.raises(ValueError, match=r"not a|badly"):
        Letter.read(body)


@pytest.mark.parametrize("letter", [news(), retry(3), probe()])
def test_a_letter_survives_the_queue(letter: Letter) -> None:
    """And a timer's name keeps to what the scheduler allows."""
    assert Letter.read(json.loads(json.dumps(letter.body()))) == letter
    assert len(letter.again(HOOK).timer) <= 64

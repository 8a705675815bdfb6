"""A webhook that does not answer, a test event, and what fails on our side: told again, later, and not for ever."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fugace.domain.errors import UnavailableError, WebhookFailedError, WebhookRefusedError
from fugace.domain.ids import TenantId, uuid7
from fugace.domain.tenant import Secret, Webhook
from fugace.ports import HttpAnswer
from functions.dlr.letter import Letter
from tests.fakes import ALICE, BAKERY, FIRST, NOON, SECOND, SHOP, key_number, sealed_record
from tests.notifying import DONE, GOOD, HOOK, OTHER, Answer, Room, news


@pytest.fixture
def room() -> Room:
    return Room()


def retry(attempt: int, webhook: str = HOOK) -> Letter:
    return news(webhook=webhook, attempt=attempt)


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

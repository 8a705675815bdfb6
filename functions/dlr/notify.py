"""Use case: tell a tenant's webhooks what became of its messages, for days if need be."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from fugace.domain import webhooks
from fugace.domain.errors import WebhookFailedError, WebhookRefusedError
from fugace.domain.ids import TenantId
from fugace.domain.tenant import Attempt, Webhook
from fugace.ports import Clock, HttpRequest, Messages, Tenants, Timer, Vault, Web, Webhooks
from functions.dlr.letter import Letter
from functions.dlr.news import Event, News

THREADS = 25
GONE = str(HTTPStatus.GONE.value)

_NO_WAIT = timedelta(0)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(slots=True)
class Summary:
    """What came of a batch of letters."""

    told: int = 0
    retried: int = 0
    given_up: int = 0
    disabled: list[tuple[Webhook, str]] = field(default_factory=list)
    """Webhooks that are not called any more, and why: whoever runs this has to tell the tenant otherwise."""
    undone: dict[str, str] = field(default_factory=dict)
    """Letters to give back to the queue, and the kind of error."""

    def fail(self, numbers: Iterable[str], error: Exception) -> None:
        """These letters come again."""
        self.undone.update(dict.fromkeys(numbers, type(error).__name__))


@dataclass(frozen=True, slots=True)
class _Call:
    """One attempt to tell one webhook of one event."""

    number: str
    """Of the letter, in its batch."""
    letter: Letter
    webhook: Webhook
    secrets: Sequence[bytes]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Result:
    """What a webhook said to it."""

    call: _Call
    at: datetime
    outcome: str
    ok: bool
    millis: int
    asked: timedelta = _NO_WAIT

    @property
    def attempt(self) -> Attempt:
        """The line in the delivery log."""
        letter = self.call.letter
        return Attempt(letter.id, letter.sequence, letter.attempt, self.at, self.outcome, self.millis)


@dataclass(frozen=True, slots=True)
class Notifier:
    """From the notify queue to tenants' webhooks.

    A letter that is given back to the queue is told again to webhooks that have
    heard it: the event's id tells them.
    """

    webhooks: Webhooks
    tenants: Tenants
    messages: Messages
    vault: Vault
    web: Web
    timer: Timer
    clock: Clock
    draw: Callable[[], float] = random.random
    """Jitter, from 0 to 1."""

    def deliver(self, letters: Mapping[str, Letter]) -> Summary:
        """Tell all webhooks concerned, at the same time; what one of them does is not the others' trouble."""
        summary = Summary()
        events, summary.undone = News(self.messages, self.vault, self.tenants, self.clock).of(letters)
        calls: list[_Call] = []
        for tenant in {letters[number].tenant for number in events}:
            mine = {number: letters[number] for number in events if letters[number].tenant == tenant}
            calls += self._calls(tenant, mine, events, summary)
        for webhook, results in self._made(calls, summary):
            try:
                self._settle(webhook, results, summary)
            except Exception as error:  # noqa: BLE001  # told, but not written down: told again
                summary.fail((each.call.number for each in results), error)
        return summary

    # Whom to tell.

    def _calls(
        self, tenant: TenantId, letters: Mapping[str, Letter], events: Mapping[str, Event], summary: Summary
    ) -> list[_Call]:
        calls: list[_Call] = []
        try:
            everyone = self.webhooks.of(tenant)
        except Exception as error:  # noqa: BLE001  # this tenant's letters come again, the others go on
            summary.fail(letters, error)
            return calls
        for webhook in everyone:
            mine = [number for number, letter in letters.items() if _concerns(letter, webhook, events[number].type)]
            try:
                secrets = self._secrets(webhook) if mine else ()
            except Exception as error:  # noqa: BLE001  # unsigned it must not go out
                summary.fail(mine, error)
                continue
            calls += (_Call(number, letters[number], webhook, secrets, events[number].body) for number in mine)
        return calls

    def _secrets(self, webhook: Webhook) -> Sequence[bytes]:
        """The current one, and those that it has replaced not long ago."""
        now = self.clock()
        valid = (secret for secret in webhook.secrets if secret.until is None or now < secret.until)
        return [self.vault.open(webhook.tenant, webhooks.sealing(webhook.id), secret.sealed) for secret in valid]

    # Telling.

    def _made(self, calls: Sequence[_Call], summary: Summary) -> list[tuple[Webhook, list[_Result]]]:
        """Make all calls; the results of each webhook together, since they are written down together."""
        results: dict[str, list[_Result]] = defaultdict(list)
        called = {call.webhook.id: call.webhook for call in calls}
        with ThreadPoolExecutor(min(THREADS, len(calls)) or 1) as pool:
            for call, made in [(call, pool.submit(self._tell, call)) for call in calls]:
                try:
                    results[call.webhook.id].append(made.result())
                except Exception as error:  # noqa: BLE001  # a fault of ours, in one call
                    summary.fail([call.number], error)
        return [(called[webhook], told) for webhook, told in results.items()]

    def _tell(self, call: _Call) -> _Result:
        at = self.clock()
        headers = webhooks.headers(call.letter.event_id, at, call.body, call.secrets)
        asked = _NO_WAIT
        try:
            answer = self.web.webhook(HttpRequest("POST", call.webhook.url, headers, call.body))
        except WebhookRefusedError:
            outcome, ok = "address", False
        except WebhookFailedError as error:
            outcome, ok = error.outcome, False
        else:
            outcome, ok = str(answer.status), HTTPStatus(200) <= answer.status < HTTPStatus(300)
            asked = webhooks.asked_wait(answer.status, answer.headers.get("retry-after", ""), at)
        return _Result(call, at, outcome, ok, (self.clock() - at) // _MILLISECOND, asked)

    # What follows from it.

    def _settle(self, webhook: Webhook, results: Sequence[_Result], summary: Summary) -> None:
        lost = 0
        for result in results:
            if result.ok:
                summary.told += 1
            elif result.outcome != GONE and self._again(result):
                summary.retried += 1
            else:
                lost += 1
        summary.given_up += lost
        self.webhooks.log(webhook.tenant, webhook.id, [result.attempt for result in results])
        if why := self._judge(webhook, results, lost=lost > 0):
            summary.disabled.append((webhook, why))

    def _again(self, result: _Result) -> bool:
        """Have it told again later; False where that was the last attempt."""
        letter = result.call.letter
        wait = webhooks.wait_after(letter.attempt, asked=result.asked, chance=self.draw())
        if wait is None:
            return False
        following = letter.again(result.call.webhook.id)
        self.timer.at(self.clock() + wait, "notify", following.body(), name=following.timer)
        return True

    def _judge(self, webhook: Webhook, results: Sequence[_Result], *, lost: bool) -> str:
        """Note whether it answers; give the reason where it is disabled now. Mostly there is nothing to write."""
        now, since = self.clock(), webhook.failing_since
        if any(result.outcome == GONE for result in results):
            why, since = "gone", since or now
        elif any(result.ok for result in results):
            if since or webhook.disabled:
                self.webhooks.failing(webhook.tenant, webhook.id, None)
            return ""
        elif lost and since and now - since >= webhooks.PATIENCE:
            why = "failing"
        elif since:
            return ""
        else:
            why, since = "", now
        why = webhook.disabled or why
        self.webhooks.failing(webhook.tenant, webhook.id, since, disabled=why)
        return "" if webhook.disabled else why


def _concerns(letter: Letter, webhook: Webhook, event: str) -> bool:
    if letter.test:
        return letter.webhook == webhook.id
    return letter.webhook in {"", webhook.id} and not webhook.disabled and webhooks.wants(webhook, event)

"""A notifier with everything it needs, for tests of what it promises."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from fugace.domain import webhooks as rules
from fugace.domain.ids import MessageKey, TenantId
from fugace.domain.message import Status
from fugace.domain.tenant import Secret, Webhook
from fugace.ports import HttpAnswer, HttpRequest
from functions.dlr.letter import Letter
from functions.dlr.notify import Notifier, Summary
from tests.fakes import (
    BAKERY,
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


def news(key: MessageKey = FIRST, sequence: int = 4, **more: Any) -> Letter:
    return Letter(key.tenant, key.id, sequence, **more)

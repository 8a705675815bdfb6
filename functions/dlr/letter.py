"""A body of the notify queue: one event, for every webhook of its tenant that wants it or for one alone."""

from dataclasses import dataclass, replace

from fugace.domain import webhooks
from fugace.domain.ids import MessageKey, TenantId


@dataclass(frozen=True, slots=True)
class Letter:
    """An event and whom to tell: ids and counters, never what it says (I2)."""

    tenant: TenantId
    id: str
    """Of the message, or of the test."""
    sequence: int = 0
    """Which change of the message, from 1; 0: a test."""
    webhook: str = ""
    """The one webhook to tell; '': all that want it."""
    attempt: int = 1

    @classmethod
    def read(cls, body: object) -> "Letter":
        """Raises ValueError for anything that is not such a body, without quoting it."""
        match body:
            case {"message": str(message), "sequence": int(sequence), "webhook": str(webhook), "attempt": int(attempt)}:
                key = MessageKey.read(message)
                return cls(key.tenant, key.id, sequence, webhook, attempt)
            case {"message": str(message), "sequence": int(sequence)}:
                key = MessageKey.read(message)
                return cls(key.tenant, key.id, sequence)
            case {"tenant": str(tenant), "test": str(test), "webhook": str(webhook), "attempt": int(attempt)}:
                key = MessageKey.read(f"{tenant}/{test}")  # two ids of the same forms
                return cls(key.tenant, key.id, 0, webhook, attempt)
        raise ValueError("not a body of the notify queue")

    def body(self) -> dict[str, str | int]:
        """The inverse of `read`."""
        to: dict[str, str | int] = {"webhook": self.webhook, "attempt": self.attempt}
        if self.test:
            return {"tenant": self.tenant, "test": self.id, **to}
        message: dict[str, str | int] = {"message": str(self.key), "sequence": self.sequence}
        return {**message, **to} if self.webhook else message

    def again(self, webhook: str) -> "Letter":
        """The next attempt, at one webhook."""
        return replace(self, webhook=webhook, attempt=self.attempt + 1)

    @property
    def test(self) -> bool:
        """Whether it is not about a message at all."""
        return self.sequence == 0

    @property
    def key(self) -> MessageKey:
        """Which message, where it is about one."""
        return MessageKey.read(f"{self.tenant}/{self.id}")

    @property
    def event_id(self) -> str:
        """The `webhook-id`: the same on every attempt."""
        return webhooks.event_id(self.id, self.sequence)

    @property
    def timer(self) -> str:
        """A name for the schedule of this attempt: asked for twice, it is made once."""
        return f"n-{self.webhook}-{self.event_id.removeprefix('evt_')}-{self.attempt}"

"""The environment of a function: read once, typed, without defaults."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from fugace.domain.plans import Plan, Plans
from fugace.domain.retention import Period


class MissingSettingError(Exception):
    """A variable that this function needs is not set, or cannot be read. The message is its name, never its value."""


@dataclass(frozen=True, slots=True)
class CarrierSetting:
    """A configured carrier: its name, which adapter speaks to it, and where."""

    name: str
    adapter: str
    url: str
    queue: str
    """URL of its queue."""
    secret: str
    """Name of its secret in Secrets Manager."""


class Settings:
    """A snapshot of the environment.

    A function is given only the variables that it needs, so each is looked up when it is asked for; asking for
    one that is not set is an error, never a guess.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = dict(variables)

    @classmethod
    def read(cls) -> "Settings":
        """Take the snapshot. Called once, where a function is wired."""
        return cls(os.environ)

    def _text(self, name: str) -> str:
        try:
            return self._variables[name]
        except KeyError:
            raise MissingSettingError(name) from None

    @property
    def environment(self) -> str:
        """`laptop`, or the name given at deployment; half of every resource's name."""
        return self._text("FUGACE_ENVIRONMENT")

    @property
    def tenants_table(self) -> str:
        """Tenants, keys, webhooks, registers."""
        return self._text("TENANTS_TABLE")

    @property
    def messages_table(self) -> str:
        """Messages."""
        return self._text("MESSAGES_TABLE")

    @property
    def subject_keys_table(self) -> str:
        """The key of each person."""
        return self._text("SUBJECT_KEYS_TABLE")

    @property
    def purge_table(self) -> str:
        """What is due, and what was destroyed until it is in the ledger."""
        return self._text("PURGE_TABLE")

    @property
    def cases_table(self) -> str:
        """Persons' requests."""
        return self._text("CASES_TABLE")

    @property
    def exports_bucket(self) -> str:
        """Name of the bucket of archives made for them."""
        return self._text("EXPORTS_BUCKET")

    @property
    def ledger_table(self) -> str:
        """The chains of proof."""
        return self._text("LEDGER_TABLE")

    @property
    def sweep_queue(self) -> str:
        """URL."""
        return self._text("SWEEP_QUEUE")

    @property
    def ledger_bucket(self) -> str:
        """Name of the bucket of signed checkpoints."""
        return self._text("LEDGER_BUCKET")

    @property
    def ledger_key(self) -> str:
        """Alias of the key that signs them."""
        return self._text("LEDGER_KEY")

    @property
    def request_machine(self) -> str:
        """ARN of the state machine that answers persons' requests."""
        return self._text("REQUEST_MACHINE")

    @property
    def certificate_key(self) -> str:
        """Alias of the key that signs certificates and callbacks."""
        return self._text("CERTIFICATE_KEY")

    @property
    def callback_queue(self) -> str:
        """URL."""
        return self._text("CALLBACK_QUEUE")

    @property
    def waiting(self) -> Period:
        """How long an erasure waits before it begins, and can be cancelled."""
        return self._period("WAITING")

    @property
    def leave_waiting(self) -> Period:
        """How long a tenant that leaves has to fetch its archive before everything is erased."""
        return self._period("LEAVE_WAITING")

    def _period(self, name: str) -> Period:
        try:
            return Period.parse(self._text(name))
        except ValueError:
            raise MissingSettingError(name) from None

    @property
    def notify_queue(self) -> str:
        """URL."""
        return self._text("NOTIFY_QUEUE")

    @property
    def receipts_queue(self) -> str:
        """URL."""
        return self._text("RECEIPTS_QUEUE")

    @property
    def public_url(self) -> str:
        """Where the API is seen from outside, without a slash at its end."""
        return self._text("PUBLIC_URL").rstrip("/")

    @property
    def schedule_group(self) -> str:
        """EventBridge Scheduler's group for one-off schedules."""
        return self._text("SCHEDULE_GROUP")

    @property
    def schedule_role(self) -> str:
        """ARN of the role that schedules take to reach a queue."""
        return self._text("SCHEDULE_ROLE")

    @property
    def webhook_exceptions(self) -> tuple[str, ...]:
        """Origins that may be called although plain or private: the laptop's sink. Empty on AWS."""
        return tuple(self._text("WEBHOOK_EXCEPTIONS").split())

    @cached_property
    def plans(self) -> Plans:
        """How many requests tenants may make at a time."""
        try:
            return Plans(self.environment, tuple(Plan(**row) for row in json.loads(self._text("PLANS"))))
        except (ValueError, TypeError):
            name = "PLANS"
            raise MissingSettingError(name) from None

    @cached_property
    def carriers(self) -> tuple[CarrierSetting, ...]:
        """The configured carriers, in order."""
        try:
            rows = json.loads(self._text("CARRIERS"))
            return tuple(CarrierSetting(**row) for row in rows)
        except (ValueError, TypeError):
            name = "CARRIERS"
            raise MissingSettingError(name) from None

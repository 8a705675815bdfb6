"""How much of the API a tenant may have at a time: an operator's plans, and which of them a tenant is on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fugace.domain.ids import TenantId

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_MOST_A_SECOND, _MOST_AT_ONCE, _MOST_A_DAY = 10_000, 5_000, 1_000_000_000
DAY_SECONDS = 86_400


class PlanError(ValueError):
    """A plan that cannot be. The message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests a second, at once, and, where said, a day."""

    name: str
    rate: int
    burst: int
    day: int | None = None
    """Counted by API Gateway from midnight (UTC), as well as it can: a few more may pass."""

    def __post_init__(self) -> None:
        """Raises PlanError."""
        kept = {
            "its name is a word of small letters, digits and hyphens": _NAME.fullmatch(self.name),
            f"its rate is 1 to {_MOST_A_SECOND} requests a second": 1 <= self.rate <= _MOST_A_SECOND,
            f"its burst is its rate or more, and at most {_MOST_AT_ONCE}": self.rate <= self.burst <= _MOST_AT_ONCE,
            f"its day is 1 to {_MOST_A_DAY} requests": self.day is None or 1 <= self.day <= _MOST_A_DAY,
        }
        for sentence, holds in kept.items():
            if not holds:
                message = f"plan {self.name}: {sentence}"
                raise PlanError(message)

    @property
    def limits(self) -> str:
        """The value of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): `"second";q=50;w=1`.

        What remains is not told on the way: to know it, every request would have to be counted with a write.
        """
        policies = [f'"second";q={self.rate};w=1']
        if self.day is not None:
            policies.append(f'"day";q={self.day};w={DAY_SECONDS}')
        return ", ".join(policies)


@dataclass(frozen=True, slots=True)
class Plans:
    """An environment's plans. The first is for whoever was put on none."""

    environment: str
    plans: Sequence[Plan]

    def __post_init__(self) -> None:
        """Raises PlanError."""
        if not self.plans or len({plan.name for plan in self.plans}) < len(self.plans):
            raise PlanError("there is one plan or more, and each has a name of its own")

    @property
    def usual(self) -> Plan:
        """The first."""
        return self.plans[0]

    def named(self, name: str) -> Plan | None:
        """The plan of that name."""
        return next((plan for plan in self.plans if plan.name == name), None)

    @property
    def shared(self) -> str:
        """What API Gateway counts all those under who were put on no plan."""
        return on_no_plan(self.environment)


def prefix(environment: str) -> str:
    """What the names of an environment's usage plans and keys begin with in API Gateway.

    No name of an environment has an underscore: `prod` can never take what is `prod-2`'s for its own.
    """
    return f"fugace-{environment}_"


def on_no_plan(environment: str) -> str:
    """The name and the value of the one key for all tenants that were put on no plan."""
    return f"{prefix(environment)}tenants-on-no-plan"


def usage_plan(environment: str, plan: str) -> str:
    """The name of a plan in API Gateway."""
    return prefix(environment) + plan


def counted_under(environment: str, plan: str, tenant: TenantId) -> str:
    """The name and the value of the key that API Gateway counts a tenant's requests by.

    It is no secret. The gateway takes it from the authorizer alone, so there is nowhere to present it. The plan is a
    part of it: who changes plans gets a second key before the first one goes, and is never without.
    """
    return f"{usage_plan(environment, plan)}_{tenant}"

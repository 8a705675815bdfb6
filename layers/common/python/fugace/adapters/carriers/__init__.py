"""One file per carrier: how it is asked, how it answers, how it reports, what its codes mean."""

from collections.abc import Mapping
from typing import Protocol

from fugace.adapters.carriers.simulator import Simulator
from fugace.ports import Carrier, Clock


class Factory(Protocol):
    """Makes a carrier of what is configured for it."""

    def __call__(self, *, url: str, secret: Mapping[str, str], clock: Clock) -> Carrier:
        """`url` is the base of its API; `secret` is what Secrets Manager holds for it."""
        ...


ADAPTERS: Mapping[str, Factory] = {
    "simulator": Simulator.per_message,
    "simulator-account": Simulator.per_account,
}
"""What `adapter` may say in a carrier's configuration."""

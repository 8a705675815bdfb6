"""Keys of persons in a table, and what may become of them."""

from dataclasses import dataclass
from datetime import timedelta

from fugace.domain.ids import SubjectId
from fugace.domain.msisdn import Msisdn
from fugace.keeping import KeyChain, Tallies
from fugace.ports import Vault
from tests.fakes import ALICE, NOON, SHOP, FakeClock

HOUR = timedelta(hours=1)
EVENING = NOON + 8 * HOUR
"""Keys of the tests are made at noon, and looked at in the evening."""


@dataclass
class Kit:
    """A vault, and its keys as the purge sees them."""

    vault: Vault
    chain: KeyChain
    tallies: Tallies
    clock: FakeClock

    def meet(self, *people: Msisdn) -> list[SubjectId]:
        """Their keys, made where there are none."""
        return list(self.vault.keys_for(SHOP, people))

    def epoch(self, to: Msisdn = ALICE) -> int:
        key = self.vault.keys_for(SHOP, [to])[self.vault.subject(SHOP, to)]
        assert key is not None
        return key.epoch

    def destroy(self, *subjects: SubjectId, before=EVENING - HOUR, tenant=SHOP) -> int:
        return self.chain.destroy(tenant, subjects, before, EVENING)

    def destroyed(self) -> int:
        """As the tally has it."""
        return sum(book.told.counts["keys"] for book in self.tallies.books(EVENING))

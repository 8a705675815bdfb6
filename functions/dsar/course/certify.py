"""Use case: sign what became of each place, once for each stage, and hang it on the ledger.

The certificate and the entry of the ledger that tells of it are one transaction with the request's own row: there is
never one without the other, and whoever comes second finds what the first one made.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from fugace.datamap.manifest import manifest
from fugace.domain.case import ERASING, Case, CaseKey
from fugace.domain.certificate import Certificate, Kept, Stage, certificate_id, sealed, stage_of
from fugace.domain.jose import raw_signature, thumbprint
from fugace.domain.ledger import Action, Draft, Entry
from fugace.keeping import Ledger, Signer
from fugace.ports import Clock, ConflictError, Terms
from fugace.rights import Requests
from functions.dsar.newest import newest_first
from functions.dsar.task import ACTOR, Task

_ATTEMPTS = 5
"""How often somebody else may change the request meanwhile."""


class NotCountedError(Exception):
    """The ledger has not counted what was erased: then there is nothing to sign."""


class RestlessError(Exception):
    """Others change the request all the time: the machine asks again."""


@dataclass(frozen=True, slots=True)
class Certify:
    """Signs with a key that never leaves KMS."""

    requests: Requests
    ledger: Ledger
    signer: Signer
    clock: Clock
    terms: Mapping[str, Terms]
    """Of the configured carriers, by name: what each of them keeps."""
    environment: str

    def run(self, task: Task) -> Stage | None:
        """Give the stage that is certified now; None: of such a request there is no certificate.

        Raises:
            NotCountedError, RestlessError, NoRequestError.
        """
        for _ in range(_ATTEMPTS):
            case = task.case(self.requests)
            if case.right not in ERASING:
                return None
            now = self.clock()
            kept = Kept.read(case.certificate) if case.certificate else None
            # What is final stays so, though the request may have forgotten by now when it was due.
            stage = Stage.FINAL if kept and kept.stage is Stage.FINAL else stage_of(case, now)
            if not self._certified(case, kept, stage, now):
                continue
            if stage is Stage.FINAL:  # no back-up can bring anything back: nobody has to know whose it was
                self.requests.unlink(case.key)
            return stage
        raise RestlessError

    def _certified(self, case: Case, kept: Kept | None, stage: Stage, now: datetime) -> bool:
        """Whether there is a certificate of this stage, made now or before. False: the request is not as it was."""
        entry = self._counted(case.key, kept, stage)
        if kept and kept.id == certificate_id(self.environment, case.key, stage, entry):
            return True
        found = manifest(case.places, entry.draft.at, {name: terms.keeps for name, terms in self.terms.items()})
        made = Certificate(self.environment, stage, now, case, entry, found.entries, found.horizon)
        facts = {"stage": stage.value, "certificate": made.id}
        draft = Draft(case.tenant, now, Action.CERTIFIED, ACTOR, case.key.id, facts)
        certified = replace(case, certificate=self._signed(made), final_at=found.horizon)
        try:
            self.ledger.append(draft, self.requests.change(certified, case))
        except ConflictError:
            return False
        return True

    def _signed(self, made: Certificate) -> str:
        """KMS sees the digest alone."""
        signed = made.signed(thumbprint(self.signer.public_key()))
        return sealed(signed, raw_signature(self.signer.sign(hashlib.sha256(signed).digest())))

    def _counted(self, key: CaseKey, kept: Kept | None, stage: Stage) -> Entry:
        """The newest entry that counts what was erased for this request."""
        if kept and stage is Stage.FINAL:  # nothing was erased since: it hangs on the same entry
            return self.ledger.page(key.tenant, after=kept.ledger - 1, limit=1)[0]
        for entry in newest_first(self.ledger, key.tenant, kept.ledger if kept else 1):
            if entry.draft.action is Action.ERASED and entry.draft.object == key.id:
                return entry
        raise NotCountedError

"""Use case: decide, and record in one write (I1). What happens next is read from the table's stream."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from fugace.domain.composing import Letter, compose
from fugace.domain.encoding import Segments, split
from fugace.domain.errors import (
    BadRequestError,
    BlockedError,
    FieldError,
    FugaceError,
    IdempotencyMismatchError,
    TooLongError,
    UnauthorizedError,
    UnavailableError,
)
from fugace.domain.ids import MessageId, MessageKey, SubjectId, TenantId, uuid7
from fugace.domain.message import Category, Record
from fugace.domain.retention import Kind
from fugace.domain.tenant import Tenant
from fugace.domain.times import whole
from fugace.domain.wishes import Obstacle, Wishes, obstacle
from fugace.ports import Clock, Messages, SubjectKey, Tenants, Terms, Vault
from functions.send.once import Once
from functions.send.schema import Wish

SIMULATOR = "simulator"
"""Where messages of test keys go, whatever the tenant's carrier."""
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that we have, durably."""

    record: Record
    again: bool = False
    """This was accepted before: it is the first answer, repeated."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asks: a tenant, by a live or a test key."""

    tenant: TenantId
    live: bool


@dataclass(frozen=True, slots=True)
class _Draft:
    """A wish with everything that can be decided without a key."""

    wish: Wish
    key: MessageKey
    cut: Segments


@dataclass(frozen=True, slots=True)
class Outbox:
    """Takes messages in."""

    clock: Clock
    vault: Vault
    messages: Messages
    tenants: Tenants
    terms: Mapping[str, Terms]
    """What each configured carrier offers."""

    def accept(
        self, sender: Sender, wishes: Sequence[Wish | FugaceError], once: Once | None
    ) -> list[Accepted | FugaceError]:
        """Accept each wish, or say why not, in their order; one look-up of keys for all, one write for each.

        Refusals come in as they are and go out again, unless the message was accepted when the request came first:
        a `send_at` that has passed since is no reason for another answer.

        Raises:
            IdempotencyMismatchError: another payload came with this key before. Nothing is written.
            UnavailableError: the tenant's carrier is not configured.
        """
        return _Acceptance(self, sender, self._tenant(sender), self._now(), once).run(wishes)

    def _tenant(self, sender: Sender) -> Tenant:
        tenant = self.tenants.get(sender.tenant)
        if tenant is None:
            raise UnauthorizedError
        return tenant

    def _now(self) -> datetime:
        """To the millisecond, as it is kept (ends: to the second): a repeated answer is the first one to the letter."""
        return whole(self.clock())


@dataclass(frozen=True, slots=True)
class _Acceptance:
    """One request."""

    box: Outbox
    sender: Sender
    tenant: Tenant
    now: datetime
    once: Once | None

    def run(self, wishes: Sequence[Wish | FugaceError]) -> list[Accepted | FugaceError]:
        found = self._earlier(len(wishes)) if len(wishes) > 1 or isinstance(wishes[0], FugaceError) else {}
        drafts = [found.get(place) or self._draft(place, wish) for place, wish in enumerate(wishes)]
        keys = self._keys([draft.wish for draft in drafts if isinstance(draft, _Draft)])
        records = [self._record(draft, keys) if isinstance(draft, _Draft) else draft for draft in drafts]
        if len(records) == 1:
            return [self._add(records[0])]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._try, records))

    def _keys(self, wishes: Sequence[Wish]) -> Mapping[SubjectId, SubjectKey | None]:
        """One look-up. Nobody who is not going to be written to gets a key: it would outlast what they wished for."""
        if not wishes:
            return {}
        wanted = {wish.to: set[Category]() for wish in wishes}
        for wish in wishes:
            wanted[wish.to].add(wish.category)
        categories = {self.box.vault.subject(self.tenant.id, to): each for to, each in wanted.items()}

        def refusing(subject: SubjectId, person: Wishes) -> bool:
            return all(self._obstacle(person, category) for category in categories[subject])

        return self.box.vault.keys_for(self.tenant.id, list(wanted), refusing=refusing)

    def _obstacle(self, person: Wishes | None, category: Category) -> Obstacle | None:
        if person is None:
            return Obstacle.ERASURE
        return obstacle(person, category, self.tenant.retention, self.now)

    def _earlier(self, count: int) -> dict[int, Accepted]:
        """What this request brought in when it came first, by place."""
        if self.once is None:
            return {}
        keys = {self._key(place): place for place in range(count)}
        there = self.box.messages.get_many(list(keys))
        if any(record.fingerprint != self._fingerprint() for record in there.values()):
            raise IdempotencyMismatchError
        return {keys[key]: Accepted(record, again=True) for key, record in there.items()}

    def _key(self, place: int) -> MessageKey:
        if self.once is None:
            return MessageKey(self.tenant.id, MessageId(uuid7(self.now)))
        return self.once.id_of(self.box.vault, self.tenant.id, place, live=self.sender.live)

    def _fingerprint(self) -> bytes:
        return self.once.fingerprint(self.box.vault, self.tenant.id) if self.once else b""

    @property
    def _carrier(self) -> str:
        return self.tenant.carrier if self.sender.live else SIMULATOR

    def _draft(self, place: int, wish: Wish | FugaceError) -> _Draft | FugaceError:
        if isinstance(wish, FugaceError):
            return wish
        terms = self.box.terms.get(self._carrier)
        if terms is None:
            raise UnavailableError
        cut, allowed = split(wish.text), min(wish.max_segments, terms.max_segments)
        if len(cut.parts) > allowed:
            where = FieldError(f"{wish.at}/text", "too many segments")
            return TooLongError(where, segments=len(cut.parts), allowed=allowed)
        longest, own = self.tenant.retention.period(Kind.CONTENT), wish.content_retention
        if own is not None and not own.within(longest):
            where = FieldError(f"{wish.at}/content_retention", f"longer than this tenant keeps texts: {longest}")
            return BadRequestError(where)
        return _Draft(wish, self._key(place), cut)

    def _record(self, draft: _Draft, keys: Mapping[SubjectId, SubjectKey | None]) -> Record | FugaceError:
        wish = draft.wish
        person = keys[self.box.vault.subject(self.tenant.id, wish.to)]
        refused = self._obstacle(person, wish.category)
        if person is None or refused:
            return BlockedError(FieldError(f"{wish.at}/to", "blocked"), reason=(refused or Obstacle.ERASURE).value)
        letter = Letter(
            key=draft.key,
            to=wish.to,
            text=wish.text,
            cut=draft.cut,
            category=wish.category,
            carrier=self._carrier,
            validity=wish.validity,
            on_unknown=wish.on_unknown,
            anchor=max(self.now, whole(wish.send_at or self.now)),
            live=self.sender.live,
            content=wish.content_retention,
            sender=wish.sender,
            reference=wish.reference,
            campaign=wish.campaign,
            fingerprint=self._fingerprint(),
        )
        return compose(letter, person, self.tenant, self.now)

    def _add(self, record: Record | Accepted | FugaceError) -> Accepted | FugaceError:
        if not isinstance(record, Record):
            return record
        there = self.box.messages.add(record)
        if there is None:
            return Accepted(record)
        if there.fingerprint != record.fingerprint:
            return IdempotencyMismatchError()
        return Accepted(there, again=self.once is not None)

    def _try(self, record: Record | Accepted | FugaceError) -> Accepted | FugaceError:
        """As one of several: whatever happens to it, the tenant is told what became of the others."""
        try:
            return self._add(record)
        except FugaceError as error:
            return error
        except Exception as error:  # noqa: BLE001  # the handler logs the cause
            unavailable = UnavailableError()
            unavailable.__cause__ = error
            return unavailable

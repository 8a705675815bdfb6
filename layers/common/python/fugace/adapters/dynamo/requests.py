"""Persons' requests, their claims, and what carriers have to be asked, in the cases table."""

from binascii import crc32
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from fugace.adapters.dynamo.attributes import from_millis, to_millis
from fugace.adapters.dynamo.cases import CASE
from fugace.adapters.dynamo.table import ConditionFailedError, Raw, Table
from fugace.adapters.dynamo.tables.cases import CaseItem, ClaimItem, RecallItem
from fugace.adapters.dynamo.transactions import TransactionCancelledError, TransactItem, transact
from fugace.adapters.dynamo.writes import items_of, write_of
from fugace.adapters.session import Aws
from fugace.domain.case import Case, CaseKey, Found, Identity, Outcome, Right, Stage
from fugace.domain.ids import SubjectId, TenantId
from fugace.domain.retention import BEGINNING
from fugace.ports import Write
from fugace.rights import Abroad

LOTS = 8
"""Partitions of the index of what has to be looked at. Not to be changed while there are rows."""
_NOTHING = "NONE"


class DynamoRequests:
    """A `fugace.rights.Requests`."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._aws = aws
        self._table = Table(aws, table, CaseItem)
        self._claims = Table(aws, table, ClaimItem)

    # Writing.

    def file(self, case: Case) -> Write:
        """A conditional PutItem for the case, and one for its claim."""
        item = CaseItem(case.tenant, _item(case.key), places={}, version=1, **_attributes(case))
        writes = [self._table.put_write(item, CaseItem.tenant.does_not_exist())]
        if case.claims:
            writes.append(self._claim(case))
        return write_of(*writes)

    def change(self, case: Case, seen: Case) -> Write:
        """A conditional UpdateItem; with it, a conditional PutItem or DeleteItem where it begins or ends to claim."""
        writes = [
            self._table.update_write(case.tenant, _item(case.key), actions=_changes(case, seen), only_if=_as_seen(seen))
        ]
        if case.claims and not seen.claims:
            writes.append(self._claim(case))
        if seen.claims and seen.subject and case.state.final:
            mine = ClaimItem.tenant.does_not_exist() | (ClaimItem.case == case.key.id)
            writes.append(self._claims.delete_write(case.tenant, _claim(seen.subject, case.right), only_if=mine))
        return write_of(*writes)

    def _claim(self, case: Case) -> TransactItem:
        claim = ClaimItem(case.tenant, _claim(case.subject or SubjectId(""), case.right), case=case.key.id)
        return self._claims.put_write(claim, ClaimItem.tenant.does_not_exist())

    def move(self, case: Case, seen: Case) -> bool:
        """One transaction."""
        try:
            transact(self._aws, items_of([self.change(case, seen)]))
        except TransactionCancelledError as cancelled:
            if not cancelled.failed:
                raise
            # The answer of one that was carried out may be lost: then what is there is ours.
            there = self.get(case.key)
            return there is not None and there.version == seen.version + 1 and _same(there, case)
        return True

    def note(self, key: CaseKey, place: str, found: Found) -> None:
        """One UpdateItem."""
        there = CaseItem.tenant.exists()
        actions = [CaseItem.places[place].set(_write_found(found))]
        self._table.update(key.tenant, _item(key), actions=actions, only_if=there, give=_NOTHING)

    def unlink(self, key: CaseKey) -> None:
        """One UpdateItem, conditional on the row."""
        actions = [
            CaseItem.subject.remove(),
            CaseItem.sealed.remove(),
            CaseItem.correction.remove(),
            CaseItem.digest.remove(),
        ]
        try:
            self._table.update(key.tenant, _item(key), actions=actions, only_if=CaseItem.tenant.exists(), give=_NOTHING)
        except ConditionFailedError:
            return

    # Reading.

    def claimed(self, tenant: TenantId, subject: SubjectId, right: Right) -> CaseKey | None:
        """One consistent GetItem."""
        item = self._claims.get(tenant, _claim(subject, right))
        return CaseKey(tenant, item.case) if item else None

    def get(self, key: CaseKey) -> Case | None:
        """One consistent GetItem."""
        item = self._table.get(key.tenant, _item(key))
        return _case(item) if item and item.right else None

    def open(self, tenant: TenantId, *, after: Case | None, limit: int) -> list[Case]:
        """One Query of the index, and a GetItem for each.

        More where it still has some that were finished a moment ago: others take their places, so that a page which is
        not full is the last one.
        """
        found: list[Case] = []
        start = _deadline(after.key, after.due) if after else None
        while wanted := limit - len(found):
            items = list(self._table.query(tenant, index="by-deadline", after=start, limit=wanted))
            cases = (self.get(CaseKey(tenant, item.item.removeprefix(CASE))) for item in items)
            found += [case for case in cases if case and not case.state.final]
            if len(items) < wanted or items[-1].open_until is None:
                break
            start = _deadline(CaseKey(tenant, items[-1].item.removeprefix(CASE)), items[-1].open_until)
        return found

    def count_open(self, tenant: TenantId, most: int) -> int:
        """One Query of the index, which gives a number: 5,000 of its entries are less than a megabyte."""
        return self._table.count(tenant, CaseItem.open_until > BEGINNING, index="by-deadline", most=most)

    def all(self, tenant: TenantId, *, after: str, limit: int) -> list[Case]:
        """One consistent Query for each megabyte."""
        start: Raw | None = {"tenant": {"S": tenant}, "item": {"S": CASE + after}} if after else None
        within = CaseItem.item.startswith(CASE)
        items = self._table.query(tenant, within, after=start, limit=limit, consistent=True)
        return [_case(item) for item in items if item.right]

    def of_person(self, subject: SubjectId) -> list[Case]:
        """One Query of the index, and a GetItem for each."""
        keys = [
            CaseKey(TenantId(item.tenant), item.item.removeprefix(CASE))
            for item in self._table.query(subject, index="by-person")
        ]
        return [case for case in map(self.get, keys) if case and case.subject == subject]

    def due(self, now: datetime, limit: int) -> list[CaseKey]:
        """One Query for each lot."""
        over = CaseItem.look_at <= now
        found = [
            (item.look_at, CaseKey(TenantId(item.tenant), item.item.removeprefix(CASE)))
            for number in range(LOTS)
            for item in self._table.query(str(number), over, index="by-look", limit=limit)
        ]
        return [key for _, key in sorted(found, key=lambda each: (each[0], str(each[1])))][:limit]


class DynamoRecalls:
    """A `fugace.rights.Recalls`."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._table = Table(aws, table, RecallItem)

    def add(self, key: CaseKey, page: str, messages: Sequence[Abroad]) -> None:
        """One PutItem."""
        if messages:
            lines = [f"{each.carrier} {each.reference}" for each in messages]
            self._table.put(RecallItem(key.tenant, _recall(key, page), lines=lines))

    def pages(self, key: CaseKey, limit: int, prefix: str = "") -> list[tuple[str, list[Abroad]]]:
        """One consistent Query for each megabyte: some 10,000 of them."""
        own = _recall(key, "")
        within = RecallItem.item.startswith(own + prefix)
        items = self._table.query(key.tenant, within, limit=limit, consistent=True)
        return [(item.item.removeprefix(own), [_abroad(str(line)) for line in item.lines]) for item in items]

    def last(self, key: CaseKey, prefix: str) -> str:
        """One consistent Query."""
        own = _recall(key, "")
        within = RecallItem.item.startswith(own + prefix)
        items = self._table.query(key.tenant, within, newest_first=True, limit=1, consistent=True)
        return next((item.item.removeprefix(own) for item in items), "")

    def done(self, key: CaseKey, page: str) -> None:
        """One DeleteItem."""
        self._table.delete(key.tenant, _recall(key, page))


def _item(key: CaseKey) -> str:
    return CASE + key.id


def _deadline(key: CaseKey, due: datetime) -> Raw:
    """Where a request stands in the index of open ones."""
    return {"tenant": {"S": key.tenant}, "item": {"S": _item(key)}, "open_until": {"N": str(to_millis(due))}}


def _claim(subject: SubjectId, right: Right) -> str:
    return f"claim/{subject}/{right}"


def _recall(key: CaseKey, page: str) -> str:
    return f"recall/{key.id}/{page}"


def _abroad(line: str) -> Abroad:
    carrier, _, reference = line.partition(" ")
    return Abroad(carrier, reference)


def _lot(tenant: TenantId) -> str:
    return str(crc32(tenant.encode()) % LOTS)


def _as_seen(seen: Case) -> Condition:
    same: Condition = CaseItem.version == seen.version
    return same


def _attributes(case: Case) -> dict[str, Any]:
    """What is written of a case. None: there is no such attribute."""
    return {
        "right": case.right,
        "state": case.state,
        "submitted": case.submitted,
        "received": case.received,
        "due": case.due,
        "identity": case.identity,
        "filed_by": case.filed_by,
        "subject": case.subject,
        "sealed": case.sealed or None,
        "correction": case.correction or None,
        "digest": case.digest or None,
        "commitment": case.commitment or None,
        "callbacks": list(case.callbacks) or None,
        "regulation": case.regulation,
        "language": case.language,
        "reason": case.reason or None,
        "extended": case.extended or None,
        "until": case.until,
        "epoch": case.epoch or None,
        "stage": case.stage or None,
        "run": case.run or None,
        "lot": _lot(case.tenant) if case.look_at else None,
        "look_at": case.look_at,
        "open_until": None if case.state.final else case.due,
        "reminded": case.reminded or None,
        "told": case.told or None,
        "token": case.token or None,
        "code": case.code or None,
        "tries": case.tries or None,
        "records": case.records,
        "links": case.links or None,
        "link_until": case.link_until,
        "certificate": case.certificate or None,
        "final_at": case.final_at,
        "begun": case.begun,
        "closed": case.closed,
        "amended": case.amended,
        "finished": case.finished,
    }


def _changes(case: Case, seen: Case) -> list[Action]:
    old, new = _attributes(seen), _attributes(case)
    actions: list[Action] = [CaseItem.version.set(seen.version + 1)]
    known: Mapping[str, Attribute[Any]] = CaseItem.get_attributes()
    for name, value in new.items():
        if value != old[name]:
            actions.append(known[name].remove() if value is None else known[name].set(value))
    return actions


def _same(one: Case, other: Case) -> bool:
    return _written(one) == _written(other)


def _written(case: Case) -> dict[str, Any]:
    """Times to the millisecond, as they are kept."""
    found = _attributes(case).items()
    return {name: to_millis(value) if isinstance(value, datetime) else value for name, value in found}


def read_case(item: CaseItem) -> Case:
    """A request out of its row."""
    return _case(item)


def write_case(case: Case) -> CaseItem:
    """The whole row, for whoever puts one back."""
    places = {place: _write_found(found) for place, found in case.places.items()}
    return CaseItem(case.tenant, _item(case.key), places=places, version=case.version, **_attributes(case))


def claim_of(case: Case) -> ClaimItem | None:
    """What keeps a second request of the kind out while it is open; see `Case.claims`."""
    if not case.claims or not case.subject:
        return None
    return ClaimItem(case.tenant, _claim(case.subject, case.right), case=case.key.id)


def _case(item: CaseItem) -> Case:
    return Case(
        key=CaseKey(TenantId(item.tenant), item.item.removeprefix(CASE)),
        right=item.right,
        state=item.state,
        submitted=item.submitted,
        received=item.received,
        due=item.due,
        identity=item.identity or Identity.ATTESTED,
        filed_by=item.filed_by or "",
        subject=SubjectId(item.subject) if item.subject else None,
        sealed=item.sealed or b"",
        correction=item.correction or b"",
        digest=item.digest or b"",
        commitment=item.commitment or "",
        callbacks=tuple(map(str, item.callbacks or ())),
        regulation=item.regulation or "",
        language=item.language or "",
        reason=item.reason or "",
        extended=item.extended or "",
        until=item.until,
        epoch=item.epoch or 0,
        stage=item.stage or Stage.NOTHING,
        places={place: _read_found(line) for place, line in (item.places or {}).items()},
        run=item.run or 0,
        look_at=item.look_at,
        reminded=item.reminded or "",
        told=item.told or "",
        token=item.token or "",
        code=item.code or b"",
        tries=item.tries or 0,
        records=item.records,
        links=item.links or 0,
        link_until=item.link_until,
        certificate=item.certificate or "",
        final_at=item.final_at,
        begun=item.begun,
        closed=item.closed,
        amended=item.amended,
        finished=item.finished,
        version=item.version or 0,
    )


def _write_found(found: Found) -> str:
    """`held 40 3 legal-claim 1768478400000 0`: outcome, gone, left, why, until when, kept; `-` where it is not said."""
    until = to_millis(found.until) if found.until else "-"
    return f"{found.outcome} {found.count} {found.left} {found.ground or '-'} {until} {found.kept}"


def _read_found(line: str) -> Found:
    outcome, count, left, ground, until, kept = line.split(" ")
    return Found(
        Outcome(outcome),
        int(count),
        int(left),
        until=None if until == "-" else from_millis(int(until)),
        ground="" if ground == "-" else ground,
        kept=int(kept),
    )

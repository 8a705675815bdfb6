"""One walk through a shard of a tenant's time index: remove what is over, and find out what will be over next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fugace.domain.expiry import AHEAD, content_expiry, record_expiry
from fugace.domain.ids import TenantId
from fugace.domain.message import Record
from fugace.domain.retention import Kind
from fugace.keeping import Disposal, Disposed
from fugace.ports import Place
from functions.purge.spans import INSTANT, Rule, Span, soonest
from functions.purge.task import ENOUGH, Left

PAGE = 1_000
PAGES = 25
"""As many in one run; then the next tenant's turn comes."""
BEYOND = AHEAD + timedelta(days=1)
"""No anchor lies further ahead."""


@dataclass(slots=True)
class Walk:
    """Through the spans of one shard, oldest first, for the moment `at`."""

    disposal: Disposal
    rule: Rule
    tenant: TenantId
    shard: int
    at: datetime
    clean: datetime
    """No place before this has anything left that could be removed."""
    after: Place | None = None
    """The last place that was dealt with."""
    done: int = 0
    throttled: bool = False
    open: bool = False
    """Something behind `clean` was left where it is: what comes after it makes nothing clean, in later runs neither."""
    waiting: bool = False
    """There are texts that go with a hand-over, of which no index tells: look again soon."""
    _pages: int = 0
    _left: Place | None = None
    """The first that was looked at and is not over: `clean` stays before it."""
    _since: datetime | None = None
    _next: list[Place] = field(default_factory=list)
    """What the last page showed from `_since` on, and is not over."""
    _complete: bool = False
    """There was nothing behind it."""

    def through(self, spans: Sequence[Span], left: Left) -> bool:
        """Remove what is over in `spans`. Whether all of it was dealt with."""
        for span in spans:
            more = self.after is None or self.after.anchor <= span.until
            while more:
                if left() <= ENOUGH or self._pages >= PAGES:
                    return False
                more = self._page(span, last=span is spans[-1])
                if self.throttled:
                    return False
        return True

    def following(self) -> list[datetime]:
        """When what remains may be over: lower bounds, none where nothing remains."""
        ends = [*self.rule.announced(self.at), *([self.at] if self.waiting else [])]
        for cap, front in self.rule.fronts(self.at):
            place = self._behind(front)
            if place and cap.binds(place.anchor - AHEAD):
                ends.append(soonest(cap, place.anchor, self.at))
        return ends

    def _page(self, span: Span, *, last: bool) -> bool:
        """Deal with a page. Whether the span goes on behind it."""
        since = max(span.since, self.after.anchor) if self.after else span.since
        # One more than a page; the last span's goes on behind it: what is to be looked for next is seen without asking.
        until = max(span.until, self.at + BEYOND) if last else span.until
        places = self._oldest(span.since, until, self.after, PAGE + 1)
        inside = [place for place in places if place.anchor <= span.until]
        page = inside[:PAGE]
        self._pages += bool(page)  # an empty span is no progress, and must not be all that a run does
        self._since, self._next, self._complete = since if last else None, [], last and len(places) <= PAGE
        more, joined = len(inside) > PAGE, not self.open and since <= self.clean + INSTANT
        self._deal(page)
        self._next += places[len(page) :]
        if joined and not self.throttled:
            end = self._left.anchor if self._left else page[-1].anchor if more else span.until
            self.clean = max(self.clean, end)
        return more

    def _deal(self, page: Sequence[Place]) -> None:
        sure = {place for place in page if self.rule.sure(place.anchor, self.at)}
        over = sure | self._read([place for place in page if place not in sure])
        told = self._dispose([place for place in page if place in over])
        self.done += len(told.done)
        left = set(told.left)
        self.throttled = bool(left)
        for place in page:
            if place in left:
                break
            self.after = place

    def _read(self, places: Sequence[Place]) -> set[Place]:
        """Those that are over, by what is written in them."""
        records = self.disposal.records([place.key for place in places]) if places else {}
        over = set()
        for place in places:
            record = records.get(place.key)
            if record is None or record.held or not self._has(record):
                continue
            if self._end(record) <= self.at:
                over.add(place)
                continue
            self._left, self.open = self._left or place, True
            self._next.append(place)
            self.waiting |= self.rule.by_state(record.collected, self.at)
        return over

    def _has(self, record: Record) -> bool:
        return self.rule.kind is Kind.RECORD or record.sealed.text is not None

    def _end(self, record: Record) -> datetime:
        expiry = record_expiry if self.rule.kind is Kind.RECORD else content_expiry
        return expiry(record, self.rule.retention)

    def _dispose(self, places: Sequence[Place]) -> Disposed:
        if not places:
            return Disposed([], [], [])
        return self.disposal.delete(places) if self.rule.kind is Kind.RECORD else self.disposal.redact(places)

    def _behind(self, front: datetime) -> Place | None:
        """The first place behind `front`, of which the last page may have told already."""
        if self._since is not None and self._since <= front:
            if place := next((place for place in self._next if place.anchor > front), None):
                return place
            if self._complete:
                return None
        found = self._oldest(front + INSTANT, self.at + BEYOND, None, 1)
        return found[0] if found else None

    def _oldest(self, since: datetime, until: datetime, after: Place | None, limit: int) -> list[Place]:
        return self.disposal.oldest(self.tenant, self.shard, since=since, until=until, after=after, limit=limit)

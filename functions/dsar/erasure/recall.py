"""Use case: have carriers erase what they have of a person, where they take such a request."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from http import HTTPStatus

from fugace.datamap.entry import Branch
from fugace.domain.case import Case, CaseKey, Found, Outcome, Stage
from fugace.domain.errors import CarrierSilentError, CarrierUnavailableError, UnavailableError
from fugace.ports import Carrier, HttpRequest, Web
from fugace.rights import Abroad, Recalls, Requests
from functions.dsar.task import ENOUGH, Left, Task

PLACE = Branch.CARRIERS
_PAGES = f"{PLACE}/"
PAUSES = (0.5, 2.0)
"""Seconds before each further attempt. After the last a carrier is not asked again in this run."""
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_OURS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
"""Not about the message: the next one would be answered alike."""


class _Said(Enum):
    ERASED = auto()
    REFUSED = auto()  # this one
    DOWN = auto()  # any of its


@dataclass(slots=True)
class _Walk:
    """One run."""

    left: Left
    down: set[str] = field(default_factory=set)
    """Carriers that do not answer, or refuse us: not asked again in this run."""
    failing: int = 0
    """Records that carriers still have."""
    pages: int = 0
    """Pages they are in: those at the beginning."""


@dataclass(frozen=True, slots=True)
class Recall:
    """From what was written down before our rows went, page by page, to an answer of each carrier.

    To ask twice does no harm: what is not there is erased. What fails stays on its page, for the next run.
    """

    requests: Requests
    recalls: Recalls
    carriers: Mapping[str, Carrier]
    """By configured name."""
    web: Web
    pause: Callable[[float], None] = time.sleep

    def run(self, task: Task, left: Left) -> bool:
        """Whether there is more. Raises NoRequestError."""
        case = task.case(self.requests)
        if case.state.final or case.stage.reached(Stage.ENDED):
            return False
        if PLACE not in case.places and not self.recalls.last(case.key, _PAGES):
            self.requests.note(case.key, PLACE, Found(Outcome.ERASED))  # nobody has anything
            return False
        walk = _Walk(left)
        found = case.places.get(PLACE, Found(Outcome.FAILED))
        while page := self.recalls.pages(case.key, walk.pages + 1, _PAGES)[walk.pages :]:
            name, lines = page[0]
            found = self._foreign(case, found, lines)
            again, more = self._page(lines, walk)
            self._keep(case.key, name, lines, again)
            if more:
                return True
            if again:
                walk.failing, walk.pages = walk.failing + len(again), walk.pages + 1
        self.requests.note(case.key, PLACE, _outcome(found, walk.failing))
        return False

    def _keep(self, key: CaseKey, name: str, before: Sequence[Abroad], again: Sequence[Abroad]) -> None:
        if not again:
            self.recalls.done(key, name)
        elif len(again) < len(before):
            self.recalls.add(key, name, again)

    def _foreign(self, case: Case, found: Found, lines: Sequence[Abroad]) -> Found:
        """Of a carrier that takes no such request any more, or is not ours any more, it is said before they go."""
        foreign = sum(self._request(line) is None for line in lines)
        if not foreign:
            return found
        found = replace(found, kept=found.kept + foreign)
        self.requests.note(case.key, PLACE, found)
        return found

    def _page(self, lines: Sequence[Abroad], walk: _Walk) -> tuple[list[Abroad], bool]:
        """What is to be asked again, and whether that is because the time is over."""
        again: list[Abroad] = []
        for number, line in enumerate(lines):
            request = self._request(line)
            if request is None:
                continue
            if walk.left() <= ENOUGH:
                return [*again, *lines[number:]], True
            if line.carrier in walk.down:
                again.append(line)
                continue
            said = self._ask(request)
            if said is _Said.DOWN:
                walk.down.add(line.carrier)
            if said is not _Said.ERASED:
                again.append(line)
        return again, False

    def _request(self, line: Abroad) -> HttpRequest | None:
        try:
            return self.carriers[line.carrier].build_erasure(line.reference)
        except KeyError:
            return None

    def _ask(self, request: HttpRequest) -> _Said:
        said = self._once(request)
        for pause in PAUSES:
            if said is not _Said.DOWN:
                break
            self.pause(pause)
            said = self._once(request)
        return said

    def _once(self, request: HttpRequest) -> _Said:
        try:
            status = self.web.carrier(request).status
        except (CarrierUnavailableError, CarrierSilentError, UnavailableError):
            return _Said.DOWN
        if status // 100 == HTTPStatus.OK // 100 or status in _GONE:
            return _Said.ERASED
        return _Said.DOWN if status in _OURS or status >= HTTPStatus.INTERNAL_SERVER_ERROR else _Said.REFUSED


def _outcome(found: Found, failing: int) -> Found:
    """What is gone, what should be and is not, and what a carrier keeps."""
    seen = replace(found.seen(failing + found.kept), until=None, ground="")
    if failing:
        return replace(seen, outcome=Outcome.FAILED)
    return replace(seen, outcome=Outcome.NOT_SUPPORTED if found.kept else Outcome.ERASED)

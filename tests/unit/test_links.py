"""Links to archives: once, for a day, for whoever was given one, and for nobody who was not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fugace.domain import jose
from fugace.domain.case import ARCHIVED, CaseState, Right
from fugace.domain.errors import ForbiddenError, NotFoundError, RequestClosedError, UnavailableError
from fugace.domain.ledger import Action
from tests.fakes import NOON, SHOP
from tests.office import BAKER, ID, NOTEBOOK, OFFICER, Office, wish


@pytest.fixture
def office() -> Office:
    office = Office()
    office.answered()
    return office


def token(office: Office) -> str:
    return office.links.make(OFFICER, ID)[1]


def gone(act: Callable[[], object]) -> bool:
    try:
        act()
    except NotFoundError as error:
        return (error.errors, error.facts) == ((), {})
    return False


def test_a_link_leads_to_the_archive_and_to_what_opens_it(office: Office) -> None:
    """For five minutes; and it is in the ledger that it was fetched."""
    fetched = office.links.follow(token(office))

    case = office.case()
    assert fetched.url == office.archives.link(case.key, timedelta(minutes=5))
    assert fetched.key == office.seals.secret(case.key, "archive")
    assert office.actions() == [Action.REQUEST_FILED, Action.ARCHIVE_FETCHED]
    assert office.ledger.chains[SHOP][-1].draft.actor == "request"


def test_it_works_once(office: Office) -> None:
    """Whoever reads it later in a log, a mail, a history, gets what a stranger gets."""
    link = token(office)
    office.links.follow(link)

    assert gone(lambda: office.links.follow(link))
    assert office.actions().count(Action.ARCHIVE_FETCHED) == 1


def test_of_two_at_once_one_gets_it(office: Office) -> None:
    """One conditional change decides."""
    link = token(office)
    got = []
    office.ledger.race = lambda: got.append(office.links.follow(link))

    assert gone(lambda: office.links.follow(link))
    assert len(got) == 1


def test_another_change_meanwhile_does_not_use_it_up(office: Office) -> None:
    """The second look finds the link still good."""
    link = token(office)
    office.ledger.race = lambda: office.put(told="completed")

    assert office.links.follow(link)


def test_what_never_comes_to_rest_is_told_to_come_again(office: Office) -> None:
    """And the link stays good."""
    link = token(office)

    def again() -> None:
        office.put(told="")
        office.ledger.race = again

    office.ledger.race = again
    with pytest.raises(UnavailableError):
        office.links.follow(link)
    office.ledger.race = None
    assert office.links.follow(link)


def test_a_failure_takes_nothing_away(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given is made before the link is used up."""
    link = token(office)

    def fail(*_: Any) -> bytes:
        raise UnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(office.seals, "secret", fail)
        with pytest.raises(UnavailableError):
            office.links.follow(link)

    assert office.links.follow(link)


def test_the_last_one_made_is_the_one_that_works(office: Office) -> None:
    """One that went astray is put out of use by a new one."""
    first, second = token(office), token(office)

    assert gone(lambda: office.links.follow(first))
    assert office.links.follow(second)


def test_it_is_over_after_a_day(office: Office) -> None:
    """To the millisecond; a new one can be made."""
    link = token(office)
    office.clock.now = NOON.replace(day=16)
    assert gone(lambda: office.links.follow(link))

    link = token(office)
    office.clock.tick(hours=23, minutes=59)
    assert office.links.follow(link)


def test_nobody_can_make_one(office: Office) -> None:
    """Any bit that is changed, anything that is no token, another purpose's signature: all are the same 404."""
    link = token(office)
    raw = jose.unb64url(link)
    forged = [jose.b64url(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]) for place in range(len(raw))]
    said = raw[:30]
    forged += ["", "x", "é", link + "=", link[:-1], link + "AAAA", jose.b64url(said)]
    forged += [jose.b64url(said + office.vault.sign("other", said)), jose.b64url(said + bytes(32))]

    assert all(gone(lambda each=each: office.links.follow(each)) for each in forged)
    assert office.links.follow(link)


def test_nothing_of_the_person_is_in_it(office: Office) -> None:
    """I2: a URL carries opaque ids; whoever reads one learns a tenant's and a request's."""
    case = office.case()
    assert case.subject
    assert case.subject.encode() not in jose.unb64url(token(office))


@pytest.mark.parametrize("change", [{"state": CaseState.RUNNING}, {"link_until": None}, {"links": 7}])
def test_the_request_itself_has_the_last_word(office: Office, change: dict[str, Any]) -> None:
    """A signature alone opens nothing."""
    link = token(office)
    office.put(**change)

    assert gone(lambda: office.links.follow(link))


def test_what_an_erasure_took_is_not_there(office: Office) -> None:
    """The row, or the key that opens the archive."""
    link = token(office)
    office.seals.destroy(office.case().key)
    assert gone(lambda: office.links.follow(link))
    del office.requests.rows[office.case().key]
    assert gone(lambda: office.links.follow(link))


def test_an_archive_that_is_over_has_no_link(office: Office) -> None:
    """I4: its own class decides, swept or not; and one that was swept has none."""
    link = token(office)
    office.put(link_until=NOON.replace(year=2099))
    office.clock.now = NOON.replace(year=2027)  # exports are kept for a year here, counted from the work's beginning
    assert gone(lambda: office.links.follow(link))
    assert gone(lambda: office.links.make(OFFICER, ID))


def test_one_that_was_swept_has_none(office: Office) -> None:
    """There is nothing to fetch."""
    office.archives.remove(office.case().key)
    assert gone(lambda: token(office))


@pytest.mark.parametrize("right", [right for right in Right if right is not Right.OFFBOARDING])
@pytest.mark.parametrize("state", CaseState)
def test_only_what_has_an_archive_has_a_link(right: Right, state: CaseState) -> None:
    """Completed, and of a kind that is answered with one."""
    office = Office()
    office.file(wish(1, right))
    office.put(state=state, finished=NOON if state.final else None)
    office.archives.objects[office.case().key] = b""

    if right in ARCHIVED and state is CaseState.COMPLETED:
        assert token(office)
    else:
        with pytest.raises(RequestClosedError):
            token(office)


def test_nobody_elses_key_and_no_test_key_makes_one(office: Office) -> None:
    """I8; and everything about somebody is nothing for a notebook's key."""
    assert gone(lambda: office.links.make(BAKER, ID))
    with pytest.raises(ForbiddenError):
        office.links.make(NOTEBOOK, ID)
    assert office.case().links == 0

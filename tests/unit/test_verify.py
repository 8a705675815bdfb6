"""One-time codes: one SMS a token, through the same way as every message, and never too many to one number."""

import re
from datetime import timedelta

import pytest

from fugace.domain.case import CaseState, Right
from fugace.domain.encoding import Alphabet, split
from fugace.domain.errors import MissingKeyError, UnavailableError
from fugace.domain.message import Category, Record
from functions.dsar.course.verify import TEXTS, UNSENT, UnsentError
from functions.dsar.onetime import digest
from functions.dsar.task import NoRequestError, Task
from tests.crashing import Calls, crashes
from tests.fakes import ALICE, NOON
from tests.rights_world import HOUR, Rights, case_key

TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def world() -> Rights:
    world = Rights()
    world.put_otp()
    return world


def send(world: Rights, number: int = 1, token: str = "token") -> None:  # noqa: S107  # as opaque as AWS's
    world.verify.run(Task(case_key(number), token=token))


def sent(world: Rights) -> list[Record]:
    return list(world.messages.rows.values())


def text(world: Rights, record: Record) -> str:
    return world.vault.keys_of([record])[record.key].open(str(record.key), "text", record.sealed.text or b"")


def code(world: Rights) -> str:
    """What the person reads."""
    (found,) = re.findall("[0-9]{6}", text(world, sent(world)[-1]))
    return str(found)


def test_a_code_is_sent_as_every_message_is(world: Rights) -> None:
    """One record, accepted: a code of six digits for ten minutes, whose text goes with its hand-over."""
    send(world)

    (record,) = sent(world)
    assert (record.category, record.validity, record.carrier) == (Category.OTP, TEN_MINUTES, "simulator")
    assert (record.drop_content, record.live, record.segments, record.encoding) == (True, True, 1, "GSM-7")
    assert record.subject == world.case().subject
    assert world.vault.keys_of([record])[record.key].open(str(record.key), "to", record.sealed.to) == ALICE.reveal()
    assert f"Code {code(world)} confirms your data request." in text(world, record)


def test_what_is_kept_of_it_is_a_digest(world: Rights) -> None:
    """With the token that is answered when it comes back, and until when it may."""
    world.step("begin")
    send(world)

    case = world.case()
    assert (case.token, case.tries, case.until) == ("token", 0, NOON + TEN_MINUTES)
    assert case.code == digest(world.vault, case.key, code(world))
    assert case.code != digest(world.vault, case_key(2), code(world))
    assert code(world) not in repr(case)
    assert case.look_at == NOON + timedelta(minutes=25)  # if the machine dies


@pytest.mark.parametrize("language", ["en", "fr", "pl", "xx"])
def test_it_is_one_segment_in_the_tenants_language(language: str) -> None:
    """Polish goes without its marks; a language that we have not is answered in English."""
    world = Rights()
    world.put_otp(language=language)
    send(world)
    cut = split(text(world, sent(world)[0]))
    assert (cut.alphabet, len(cut.parts)) == (Alphabet.GSM7, 1)
    assert text(world, sent(world)[0]) == TEXTS.get(language, TEXTS["en"]).format(code=code(world))


def test_a_step_that_is_repeated_sends_no_second_code(world: Rights) -> None:
    """Nor does it give back the tries."""
    send(world)
    world.change(tries=3)
    send(world)
    assert (len(sent(world)), world.case().tries) == (1, 3)


def test_a_repeat_that_sends_what_the_first_one_did_not_gives_no_tries_back(world: Rights) -> None:
    """It died before the message was there: the code is the same one, and may be guessed at since."""
    send(world)
    world.messages.rows.clear()
    world.change(tries=3)
    send(world)
    assert (len(sent(world)), world.case().tries) == (1, 3)


def test_another_run_sends_another_code(world: Rights) -> None:
    """The machine waits under another token; the old code is worth nothing."""
    send(world)
    first = code(world)
    world.change(tries=5, run=2)
    world.clock.tick(minutes=1)
    send(world, token="other")
    case = world.case()
    assert (len(sent(world)), case.token, case.tries) == (2, "other", 0)
    assert case.code not in {b"", digest(world.vault, case.key, first)}


@pytest.mark.parametrize("state", [each for each in CaseState if each is not CaseState.VERIFYING])
def test_what_is_over_or_proved_is_sent_none(world: Rights, state: CaseState) -> None:
    """Cancelled in the moment in which the machine asked."""
    world.change(state=state)
    send(world)
    assert sent(world) == []


def test_a_code_that_was_used_is_not_followed_by_another(world: Rights) -> None:
    """It was given back, and the machine is on its way."""
    send(world)
    world.change(code=b"")
    world.messages.rows.clear()
    send(world)
    assert sent(world) == []


def test_nothing_is_sent_to_somebody_who_is_being_erased(world: Rights) -> None:
    """It ends unverified, like any number that nobody answers from."""
    world.vault.block(world.case().subject)  # type: ignore[arg-type]  # it is somebody's
    with pytest.raises(UnsentError):
        send(world)
    assert (sent(world), world.case().reason, world.case().code) == ([], UNSENT, b"")
    world.step("unverified")
    assert world.case().state is CaseState.UNVERIFIED


# How many.


def filed(world: Rights, count: int, apart: timedelta, first: int = 10) -> list[bool]:
    """So many requests to be proved, one after the other; of which a code was sent."""
    came = []
    for number in range(first, first + count):
        world.put_otp(number, right=list(Right)[number % 6])
        try:
            send(world, number)
            came.append(True)
        except UnsentError:
            came.append(False)
        world.clock.tick(seconds=apart.total_seconds())
    return came


def test_three_codes_an_hour(world: Rights) -> None:
    """The number's owner is not to be woken by whoever likes to; what was not sent does not count."""
    world.requests.rows.clear()
    assert filed(world, 5, timedelta(minutes=1)) == [True] * 3 + [False] * 2
    world.clock.now = NOON + HOUR
    assert filed(world, 1, timedelta(0), 20) == [True]


def test_ten_codes_a_day(world: Rights) -> None:
    """Whatever became of the requests."""
    world.requests.rows.clear()
    assert filed(world, 12, timedelta(minutes=30)) == [True] * 10 + [False] * 2


def test_of_several_at_once_the_first_ones_win(world: Rights) -> None:
    """And not none of them because each sees the others."""
    world.requests.rows.clear()
    for number in range(10, 15):
        world.put_otp(number, right=list(Right)[number % 6])
    for number in (14, 12, 10, 11, 13):
        try:
            send(world, number)
        except UnsentError:
            continue
    assert [number for number in range(10, 15) if world.case(number).code] == [10, 11, 12]


def test_every_run_of_a_request_counts(world: Rights) -> None:
    """A machine that dies again and again is not a way around it."""
    world.change(run=4)
    with pytest.raises(UnsentError):
        send(world)


def test_others_count_for_themselves(world: Rights) -> None:
    """Another person, and one whom the controller vouches for."""
    for number in range(2, 8):
        world.put(number, right=list(Right)[number])
    send(world)
    assert len(sent(world)) == 1


# What is amiss.


def test_what_nobody_waits_for_is_refused(world: Rights) -> None:
    """A step without a token is a mistake of ours, and so is one of a request that is not there."""
    with pytest.raises(ValueError, match="waits"):
        send(world, token="")
    with pytest.raises(NoRequestError):
        send(world, 9)


def test_a_number_that_cannot_be_read_is_an_error(world: Rights) -> None:
    """It fails closed."""
    world.seals.keys.clear()
    with pytest.raises(MissingKeyError):
        send(world)


def test_a_tenant_that_is_gone_sends_nothing(world: Rights) -> None:
    """Its key may be, too."""
    world.tenants.tenants.clear()
    with pytest.raises(UnavailableError):
        send(world)


def test_a_request_that_never_stands_still_is_asked_for_again(world: Rights) -> None:
    """By the watch, when this run has given up."""
    world.requests.move = lambda _case, _seen: False  # type: ignore[method-assign]  # always somebody faster
    with pytest.raises(UnavailableError):
        send(world)
    assert sent(world) == []


@pytest.mark.parametrize("refused", [False, True])
def test_whoever_dies_at_any_call_sends_one_code(*, refused: bool) -> None:
    """The same one, and it is the one that is kept."""

    def make() -> Rights:
        world = Rights()
        world.put_otp(**({"run": 4} if refused else {}))
        world.calls = Calls()
        return world

    def run(world: Rights) -> None:
        try:
            send(world)
        except UnsentError:
            assert refused

    worlds = crashes(make, run, lambda world: world.calls)
    assert worlds
    for world in worlds:
        assert len(sent(world)) == (not refused)
        if not refused:
            assert world.case().code == digest(world.vault, world.case().key, code(world))


def test_two_at_once_send_one_code(world: Rights) -> None:
    """Lambda may have been asked twice: whoever writes second sees the other's, and sends the same message."""
    move, twice = world.requests.move, []

    def rival(*args: object) -> bool:
        if not twice:
            twice.append(1)
            send(world)
        return move(*args)  # type: ignore[arg-type]  # as it was asked

    world.requests.move = rival  # type: ignore[method-assign,assignment]  # the race
    send(world)
    assert len(sent(world)) == 1
    assert world.case().code == digest(world.vault, world.case().key, code(world))

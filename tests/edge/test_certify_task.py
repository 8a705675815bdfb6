"""The step that signs, as the state machine calls it: nothing comes out, and nothing personal is told."""

from collections.abc import Callable

import pytest

from fugace.edge.observe import FailedError
from functions.dsar.course import certify_task
from tests.edge.events import CONTEXT
from tests.unit.test_certify import COMMITMENT, KEY, PERSON, World, made


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = made()
    monkeypatch.setattr(certify_task, "_certify", lambda: world.certify)
    return world


def test_it_keeps_the_certificate_and_tells_nothing(world: World, printed: Callable[[], str]) -> None:
    """Neither into the machine's history, which is kept for 90 days, nor into the log."""
    assert certify_task.handle({"request": str(KEY)}, CONTEXT) == {}

    seen = printed()
    assert '"event":"certified"' in seen
    assert '"kind":"erased"' in seen
    assert '"Certified"' in seen
    assert world.case.certificate
    for secret in (world.case.certificate, PERSON, COMMITMENT):
        assert secret not in seen


@pytest.mark.parametrize("event", [{}, {"request": "+33639980001"}, {"request": f"{KEY.tenant}/{'0' * 32}"}])
def test_what_it_cannot_do_is_an_error_that_says_nothing(
    world: World, event: dict[str, str], printed: Callable[[], str]
) -> None:
    """No such request, or no request at all."""
    with pytest.raises(FailedError) as failed:
        certify_task.handle(event, CONTEXT)

    assert str(failed.value) == "failed"
    assert "33639980001" not in printed()
    assert not world.certified

"""Whatever a test of an entry point makes it do: what is printed shows nobody."""

import re
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest

FORBIDDEN = re.compile(
    r"33639 ?98 ?\d\d ?\d\d|447700 ?900\d{3}"  # numbers kept for fiction: all that tests have
    r"|fug_(live|test)_\w{20,}|whsec_[\w+/=]{20,}"  # keys and secrets that we give out
)

DRIVEN = pytest.StashKey[set[str]]()
"""Events and codes that tests of this room have had printed."""
LAST = "_was_driven"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is asked of all other tests is asked last; where only some of them run, it is not asked."""
    room = Path(__file__).parent
    config.stash[DRIVEN] = set()
    last = [item for item in items if item.path.parent == room and LAST in item.name]
    items[:] = [item for item in items if item not in last]
    if set(room.glob("test_*.py")) <= {item.path for item in items} and not config.option.keyword:
        items += last
    else:
        config.hook.pytest_deselected(items=last)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """The log, which no capture of pytest's sees: the logger keeps the stream that it found on import."""
    from fugace.edge.observe import logger  # noqa: PLC0415  # it takes over logging

    log = StringIO()
    monkeypatch.setattr(logger.handlers[0], "stream", log)
    return log


@pytest.fixture
def taken() -> list[str]:
    """What a test has read of stdout and stderr itself."""
    return []


@pytest.fixture
def printed(seen: StringIO, taken: list[str], capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Everything written since it was last asked: the log, then stdout and stderr."""

    def read() -> str:
        taken.extend((*capsys.readouterr(), seen.getvalue()))
        seen.seek(0)
        seen.truncate()
        return taken[-1] + taken[-3] + taken[-2]

    return read


@pytest.fixture(autouse=True)
def _nobody_is_seen(printed: Callable[[], str], taken: list[str], request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test: nothing that was printed holds a number, or a key. What was driven is remembered."""
    yield
    printed()
    everything = "".join(taken)
    request.config.stash[DRIVEN].update(re.findall(r'"(?:event|code)":"([a-z0-9-]+)"', everything))
    assert FORBIDDEN.findall(everything) == []

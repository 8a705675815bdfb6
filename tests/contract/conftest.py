"""The simulator, started once for all tests of it."""

from collections.abc import Iterator

import pytest

from tests.contract.loop import Loop, running


@pytest.fixture(scope="session")
def _loop() -> Iterator[Loop]:
    with running() as it:
        yield it


@pytest.fixture
def loop(_loop: Loop) -> Loop:
    """The simulator, its adapters and a gateway, as new."""
    _loop.reset()
    return _loop

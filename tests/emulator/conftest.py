"""An embedded AWS of the tests' own, on a free port, in a folder that goes away with it."""

from collections.abc import Iterator

import pytest

from local import serve
from local.place import EMULATOR
from tests.emulator.cloud import Aws, free_place, left_out


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """One emulator for the whole run; tests share it, and use names of their own."""
    if not EMULATOR.exists():
        pytest.fail("the emulator is not installed: make install")
    place = free_place(tmp_path_factory.mktemp("emulator"))
    serve.start_emulator(place, FUGACE_TTL_SECONDS="0.5", **left_out())
    yield Aws(place)
    serve.stop(place, "emulator")

"""What every test gets: no credentials, no network but loopback, and eyes for all that is printed."""

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest

_connect = socket.socket.connect
_getaddrinfo = socket.getaddrinfo
_LOCAL_NAMES = {"localhost", "", None}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Journeys and proofs can be run on any instance."""
    parser.addoption("--stack", default=".fugace/test", help="the folder of the instance that is asked")


def _is_loopback(host: Any) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
        self.close()  # whoever made it sees no exception that it would close it for
        pytest.fail(f"a test wanted to connect to {address}")
    _connect(self, address)


def _guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    if not _is_loopback(host):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            pytest.fail(f"a test wanted to resolve {host}")
    return _getaddrinfo(host, *args, **kwargs)


def pytest_configure(config: pytest.Config) -> None:  # noqa: ARG001  # the hook's signature
    """Before anything is imported: whoever runs the tests, it is not against their account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION="eu-west-3",
        AWS_REGION="eu-west-3",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Bar every socket but loopback."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _guarded_connect)
        patch.setattr(socket, "getaddrinfo", _guarded_getaddrinfo)
        yield


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Everything written so far: the log, then stdout and stderr.

    The logger keeps the stream it found on import, which pytest's capture
    does not see; a leak test without this passes whatever leaks.
    """
    from fugace.edge.observe import logger  # noqa: PLC0415  # not every test that runs has an edge

    log = StringIO()
    monkeypatch.setattr(logger.handlers[0], "stream", log)
    return lambda: log.getvalue() + "".join(capsys.readouterr())

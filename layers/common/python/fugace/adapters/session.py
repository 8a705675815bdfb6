"""The one SDK session of a process: each costs two walks over the SDK's data, and a client ten times the next one."""

from functools import cache
from threading import Lock
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.session import Session

from fugace.adapters.denials import Denials

_QUICK = {"connect_timeout": 1, "read_timeout": 3}  # seconds; an API request as a whole has 29
_PATIENT = {"connect_timeout": 2, "read_timeout": 8}
_RETRIES = {"total_max_attempts": 3, "mode": "standard"}
_CONFIGS = {
    # What is sent is built by our own code: checking it against the service's model again is half of a batch's cost.
    "dynamodb": Config(retries=_RETRIES, max_pool_connections=50, parameter_validation=False, **_QUICK),
    "kms": Config(retries=_RETRIES, **_QUICK),
    # A link to an object that a key of ours encrypts has to be signed this way, whatever the SDK's default is. And it
    # has to name the Region: the SDK would make links to s3.amazonaws.com, which is in the United States.
    "s3": Config(
        retries=_RETRIES,
        max_pool_connections=25,
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},
        **_PATIENT,
    ),
}
_OTHERS = Config(retries=_RETRIES, max_pool_connections=25, **_PATIENT)


class Aws:
    """Clients of one session, each made when it is first asked for and then kept. Threads may share it."""

    def __init__(self, region: str | None = None) -> None:
        """`region`: where it is not what the environment says."""
        self._session = Session()
        if region:
            self._session.set_config_variable("region", region)
        self._clients: dict[str, BaseClient] = {}
        self._lock = Lock()
        self.denials = Denials()

    @property
    def region(self) -> str:
        """Where requests go."""
        return str(self._session.get_config_variable("region"))

    def client(self, service: str) -> Any:  # noqa: ANN401  # the SDK makes a client's methods while it runs
        """The process's client of `service`."""
        found = self._clients.get(service)
        if found is None:
            with self._lock:  # making clients is the one thing that a session does not bear from two threads
                found = self._clients.get(service)
                if found is None:
                    config = _CONFIGS.get(service, _OTHERS)
                    found = self._session.create_client(service, config=config)
                    self.denials.listen(found)
                    self._clients[service] = found
        return found


@cache
def shared() -> Aws:
    """The session of this process."""
    return Aws()

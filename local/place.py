"""Where an instance of the stack lives on this machine: its folder and its ports.

There are three: the one that `make up` starts for a person, and two that `make test` starts for itself, so that a test
never touches what somebody is looking at, and half of the journeys need not wait for the other half.
"""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
HOME = ROOT / ".fugace"
TOOLS = HOME / "tools"
EMULATOR = HOME / "emulator"
PYTHON = ROOT / ".venv/bin/python"
REGION = "eu-west-3"
ACCOUNT = "000000000000"
LOOPBACK = "127.0.0.1"


class Trouble(Exception):  # noqa: N818 - it is read by people, as one sentence
    """What a person has to know or do before this can go on."""


@dataclass(frozen=True, slots=True)
class Place:
    """One instance: everything that it writes is in `folder`, everything that it opens is on loopback."""

    folder: Path
    port: int
    knob: str = "FUGACE_PORT"
    """The variable that moves it to other ports."""

    @property
    def ports(self) -> dict[str, int]:
        """The emulator's, the carrier simulator's and the webhook sink's."""
        return {"emulator": self.port, "simulator": self.port + 4, "sink": self.port + 5}

    @property
    def endpoint(self) -> str:
        """Where the AWS SDK finds the emulator."""
        return f"https://{LOOPBACK}:{self.port}"

    def url(self, name: str) -> str:
        """Where a browser finds the simulator or the sink."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @property
    def ca(self) -> Path:
        """The authority that signed the emulator's certificate."""
        return self.folder / "ca.pem"

    @property
    def assembly(self) -> Path:
        """The synthesized CDK app."""
        return self.folder / "cdk.out"

    @property
    def rights(self) -> Path:
        """Which rights were used so far, and what was refused: lines of JSON."""
        return self.folder / "rights.jsonl"

    def aws(self) -> dict[str, str]:
        """The AWS environment of this instance, in the SDK's own words."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": str(self.ca),
            "AWS_EC2_METADATA_DISABLED": "true",
            "FUGACE_ENVIRONMENT": "laptop",
        }

    def environment(self) -> dict[str, str]:
        """This process's environment without its own AWS settings, and with this instance's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**kept, **self.aws()}


LAPTOP = Place(HOME, int(os.environ.get("FUGACE_PORT", "4566")))
TEST = Place(HOME / "test", int(os.environ.get("FUGACE_TEST_PORT", "4666")), "FUGACE_TEST_PORT")
BESIDE = Place(HOME / "beside", TEST.port + 50, TEST.knob)
PLACES = {"laptop": LAPTOP, "test": TEST, "beside": BESIDE}
TESTED = (TEST, BESIDE)


def taken(port: int) -> bool:
    """Whether something listens there already (or may not be listened to by us)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False

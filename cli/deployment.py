"""What an auditor asks about a deployment: its Region, and who gets data from it. Read from cdk.json, without AWS."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli.faults import CliError
from fugace.edge import wiring
from fugace.edge.settings import Settings
from fugace.ports import Terms

_CONFIGURATION = Path(__file__).resolve().parent.parent / "cdk.json"
_CITIES = {
    "eu-central-1": "Frankfurt, Germany",
    "eu-west-1": "Dublin, Ireland",
    "eu-west-3": "Paris, France",
    "eu-north-1": "Stockholm, Sweden",
    "eu-south-1": "Milan, Italy",
    "eu-south-2": "Aragón, Spain",
    "eusc-de-east-1": "Brandenburg, Germany (AWS European Sovereign Cloud)",
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """A carrier as it is configured."""

    name: str
    adapter: str
    host: str
    terms: Terms


@dataclass(frozen=True, slots=True)
class Deployment:
    """One environment of cdk.json."""

    name: str
    region: str
    log_days: int
    carriers: tuple[Recipient, ...]

    @property
    def place(self) -> str:
        """The Region, and where that is."""
        return f"{self.region} ({_CITIES[self.region]})"

    @classmethod
    def read(cls, name: str) -> "Deployment":
        """Raises CliError where there is no such environment, or it says something that is not known."""
        environments = json.loads(_CONFIGURATION.read_text(encoding="utf-8"))["context"]["environments"]
        if name not in environments:
            raise CliError(f"cdk.json has the environments {', '.join(sorted(environments))}, and no {name}.")
        found = environments[name]
        if found["region"] not in _CITIES:
            raise CliError(f"The Region {found['region']} is not inside the European Union.")
        return cls(name, found["region"], found["log_days"], tuple(_recipients(found["carriers"])))


def _recipients(configured: list[Mapping[str, Any]]) -> list[Recipient]:
    rows = [
        {"name": each["name"], "adapter": each["adapter"], "url": each["url"], "queue": "", "secret": ""}
        for each in configured
    ]
    terms = wiring.terms(Settings({"CARRIERS": json.dumps(rows)}))
    return [
        Recipient(row["name"], row["adapter"], urlsplit(row["url"]).hostname or row["url"], terms[row["name"]])
        for row in rows
    ]

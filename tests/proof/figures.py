"""What the proofs measured: noted as they run, printed by `python -m tests.proof.figures`."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(os.environ.get("FUGACE_STACK", ".fugace/test")) / "figures.jsonl"


def note(name: str, **figures: object) -> None:
    """Remember what a proof has found."""
    line = {"proof": name, "at": datetime.now(UTC).isoformat(timespec="seconds"), **figures}
    with FILE.open("a") as file:
        file.write(json.dumps(line) + "\n")


def main() -> None:
    """Print all that were noted."""
    for line in FILE.read_text().splitlines() if FILE.exists() else []:
        found = json.loads(line)
        shown = ", ".join(f"{name} {value}" for name, value in found.items() if name not in {"proof", "at"})
        sys.stdout.write(f"{found['at']}  {found['proof']}: {shown}\n")


if __name__ == "__main__":
    main()

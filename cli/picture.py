"""What an operator sees of an environment in one look: its parts, taken at the same time, and what is wrong in them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from cli.faults import sentence

Row = Mapping[str, object]

RUNBOOKS = "docs/runbooks.md"


@dataclass(slots=True)
class Part:
    """One thing that was looked at: what is shown of it, and what is wrong with it."""

    rows: Sequence[Row] = ()
    wrong: list[Row] = field(default_factory=list)

    def complain(self, what: str, runbook: str) -> None:
        """Something is wrong. `runbook` is a section, or a place with one."""
        self.wrong.append({"what": what, "runbook": runbook if "#" in runbook else f"{RUNBOOKS}#{runbook}"})


@dataclass(frozen=True, slots=True)
class Picture:
    """All parts, and those that could not be read."""

    parts: Mapping[str, Part]
    unknown: Sequence[Row]

    @classmethod
    def take(cls, looks: Mapping[str, Callable[[], Part]]) -> "Picture":
        """Look at everything at the same time. What is not known to go wrong is raised."""
        with ThreadPoolExecutor(len(looks)) as pool:
            asked = {name: pool.submit(each) for name, each in looks.items()}
        why = {name: reason for name, each in asked.items() if (reason := _reason(each))}
        parts = {name: each.result() for name, each in asked.items() if name not in why}
        return cls(parts, [{"what": name, "why": reason} for name, reason in why.items()])

    @property
    def wrong(self) -> list[Row]:
        """What is wrong, of all parts."""
        return [each for part in self.parts.values() for each in part.wrong]


def _reason(asked: "Future[Part]") -> str | None:
    """Why it cannot be seen; None where it can, and where nobody foresaw why not."""
    error = asked.exception()
    return sentence(error) if isinstance(error, Exception) else None

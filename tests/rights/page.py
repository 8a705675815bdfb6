"""docs/permissions.md: `python -m tests.rights.page` says what is granted for nothing, with `--write` also this page.

It is made after the journeys, from the stacks that they ran on.
"""

import sys
from collections.abc import Iterable, Iterator

from local.place import ROOT, TESTED
from tests.rights.rights import PREFIX, Rights, plain

PAGE = ROOT / "docs/permissions.md"
_HEAD = """# Permissions

What each role may do, on what, and how that is known to be needed. `seen`: with policies enforced, the end-to-end tests
were let in by this very right. Everything else is done by AWS itself in the role's name, and follows from what is
deployed; or it is `seldom`, and a test without AWS brings it about. The tests end with a comparison: a right that
nothing uses fails them, and so does a call that is refused.

Written by `python -m tests.rights.page --write` after the journeys, from the stacks that they ran on: the carriers of
those are `simulator` and `simulator-account`. A star at the end stays within what is named before it.
"""


def page(rights: Rights) -> str:
    """The table of it, role by role, in words that are the same in every deployment."""
    needed = rights.needed()
    lines = [_HEAD.rstrip("\n")]
    for role in sorted({each.role for each in needed}):
        lines += [f"\n## {role.removeprefix(PREFIX)}\n", "| action | on | |", "|---|---|---|"]
        rows = {(right.action, plain(right.on), why) for right, why in needed.items() if right.role == role}
        lines += [f"| {' | '.join(row)} |" for row in sorted(_together(rows))]
    return "\n".join(lines) + "\n"


def _together(rows: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Rows on the same thing, for the same reason, as one."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for action, on, why in rows:
        service, _, word = action.partition(":")
        found.setdefault((service, on, why), []).append(word)
    for (service, on, why), words in found.items():
        yield f"{service}: {' '.join(sorted(words))}", f"`{on}`", why or "**nothing**"


def main(*words: str) -> int:
    """Print what is granted and not used, and what was refused; write the page if told to."""
    rights = Rights(*TESTED)
    idle = [right for right, why in rights.needed().items() if not why]
    for right in idle:
        print(f"granted, and used by nothing: {right.role} {right.action} {right.on} {right.condition}")
    for each in sorted(rights.refused, key=str):
        print(f"refused: {each.role} {each.action} {each.on}")
    if "--write" in words:
        PAGE.write_text(page(rights), encoding="utf-8")
    return int(bool(idle or rights.refused))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

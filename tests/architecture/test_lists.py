"""Lists that people rely on say what the code says."""

import ast
import json
import re
from collections.abc import Iterator

from fugace.domain.errors import Code, FugaceError
from fugace.edge import problem
from fugace.edge.observe import FIELDS
from tests.architecture.rooms import LAYER, ROOT, sources

PROBLEMS = (ROOT / "docs/problems.md").read_text()
SECTIONS = {
    heading: text
    for heading, _, text in (section.partition("\n") for section in re.split(r"^## ", PROBLEMS, flags=re.MULTILINE)[1:])
}


def examples(text: str) -> Iterator[dict[str, object]]:
    return (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))


def test_every_code_has_a_section_and_nothing_else_has() -> None:
    """`type` in an answer leads to its explanation."""
    assert set(SECTIONS) == {*Code, "bug"}


def test_examples_are_what_is_answered() -> None:
    """Type, title and status as the code has them; and each section says what to do."""
    known = {error.code: error.title for error in FugaceError.__subclasses__()}
    for code, text in SECTIONS.items():
        (example,) = examples(text)
        status = 500 if code == "bug" else problem.STATUS[Code(code)].value
        assert example["type"] == f"/problems/{code}"
        assert example["status"] == status
        assert text.lstrip().startswith(str(status))
        assert example["title"] == known.get(Code(code) if code != "bug" else None, "Something went wrong on our side")
        assert "*What to do:*" in text


def test_the_glossary_is_in_order() -> None:
    """A word that is looked up and not found where it should be was not there, as far as the reader can tell."""
    lines = (ROOT / "docs/glossary.md").read_text().splitlines()
    words = [line.split("**")[1].lower() for line in lines if line.startswith("| **")]

    assert len(words) > 50
    assert words == sorted(set(words))


def calls(source: str, owner: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == owner
        ):
            yield node


def unlisted(source: str) -> list[str]:
    """Keywords given to the logger that its formatter would drop, and events that it would mask."""
    found = []
    for call in calls(source, "logger"):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "append_keys":
            continue
        found += [each.arg or "**" for each in call.keywords if each.arg not in FIELDS | {"exc_info"}]
        found += [
            str(each.value)
            for each in call.args
            if isinstance(each, ast.Constant) and not re.fullmatch("[a-z][a-z0-9-]{0,40}", str(each.value))
        ]
        found += [ast.unparse(each) for each in call.args if isinstance(each, ast.JoinedStr)]
    return found


def test_every_field_that_is_logged_is_listed() -> None:
    """What is not listed is not shown: whoever wrote the line would look for it in vain at night."""
    assert unlisted("logger.info('sent', number=1)") == ["number"]
    assert unlisted("logger.info('Sent it')") == ["Sent it"]
    assert unlisted("logger.info(f'sent {to}')")

    found = {
        str(path): bad
        for path in sources()
        if str(path).startswith((LAYER, "functions/")) and (bad := unlisted((ROOT / path).read_text()))
    }
    assert found == {}


REVEALERS = {
    LAYER + "fugace/domain/composing.py",  # seals it
    "functions/dsar/counter/intake.py",  # seals it with the request's own key, and commits to it
    "functions/dsar/amendment/rectify.py",  # seals it anew
    LAYER + "fugace/adapters/vault.py",  # makes the keyed hash of it
    LAYER + "fugace/adapters/carriers/simulator.py",  # hands it to the carrier
}


def test_numbers_are_revealed_where_it_was_reviewed() -> None:
    """`reveal()` is the only way from the type to the digits: a new caller is a line here, and somebody asks why."""
    found = {
        str(path)
        for path in sources()
        if str(path).startswith((LAYER, "functions/", "cli/"))
        and any(
            isinstance(node, ast.Attribute) and node.attr == "reveal"
            for node in ast.walk(ast.parse((ROOT / path).read_text()))
        )
    }
    assert found == REVEALERS

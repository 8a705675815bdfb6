"""The map as an operator and an auditor read it. It asks nobody: neither AWS nor a deployment."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from cli.app import app
from fugace.datamap.fields import FIELDS


def fugace(*words: str) -> Result:
    return CliRunner().invoke(app, ["map", *words])


def found(*words: str) -> Any:
    result = fugace(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_all_places_are_shown_with_their_state() -> None:
    """Those that must not be among them: their absence is a decision too."""
    places = found()

    assert [place["place"] for place in places] == list(range(1, 38))
    assert {place["state"] for place in places} == {"present", "bounded", "banned"}
    assert "point-in-time recovery" in fugace().stdout


def test_one_place_is_shown_in_full() -> None:
    """With what of a deployment belongs to it."""
    place = found("--place", "13")

    assert place["name"] == "dead-letter queues"
    assert "SQS::Queue" in place["resources"]
    assert place["outlives"] == "at most 14 days"


def test_a_place_that_is_none_is_a_sentence() -> None:
    """As every mistake of somebody who types."""
    result = fugace("--place", "38")

    assert result.exit_code == 1
    assert "There are places 1 to 37." in result.output


def test_places_can_be_asked_for_by_state_and_by_what_is_kept() -> None:
    """A text is in its table, in the stream and in the back-up, and nowhere else of ours."""
    assert {place["state"] for place in found("--state", "banned")} == {"banned"}
    assert {place["place"] for place in found("--kind", "content")} == {1, 2, 3, 4, 6, 26}


def test_fields_are_shown_with_what_becomes_of_them() -> None:
    """One line for each stored attribute."""
    fields = {field["field"]: field for field in found("--fields")}

    assert set(fields) == {entry.label for entry in FIELDS}
    assert fields["message.text"]["kept"] == "content"
    assert fields["message.to"]["protection"] == "sealed with the person's key"
    assert [field["field"] for field in found("--fields", "--kind", "content")] == ["message.text"]


def test_records_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    """And name the carriers of the deployment that is meant."""
    result = fugace("--write", str(tmp_path / "gdpr"), "--deployment", "laptop")

    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "gdpr").iterdir()} == {
        *("record-of-processing.md", "retention.md", "recipients.md")
    }
    assert "eu-west-3 (Paris, France)" in (tmp_path / "gdpr/recipients.md").read_text()
    assert "`127.0.0.1`" in (tmp_path / "gdpr/recipients.md").read_text()

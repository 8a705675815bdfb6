"""Nothing leaves the Union, wherever in it an environment runs (I9).

The pack of `infra.boundary` was on when these templates were made: a replica, an edge, a type that the map does not
know would have ended the synthesis. Here is what it cannot know: which partition an ARN belongs to.
"""

import json
import re

import pytest

from infra.config import ROOT, UNION

FOREIGN = re.compile(r"\b(?:us|ca|sa|ap|af|me|il|mx|cn)-(?:gov-)?[a-z]+-\d\b|\beu-west-2\b|\beu-central-2\b")


@pytest.fixture(params=UNION)
def anywhere(request, synthesized):
    """The same environment in each Region of the list."""
    return synthesized[request.param], request.param


def test_the_same_app_synthesizes_in_every_region_of_the_list(anywhere):
    """The Sovereign Cloud is another partition: a literal `arn:aws:` would name things that are not there."""
    stacks, region = anywhere

    for name, template in stacks.templates.items():
        text = json.dumps(template)
        assert "arn:aws:" not in text, name
        assert "arn:aws-" not in text, name
        assert not FOREIGN.search(text), name
        other = [each for each in UNION if each != region and each in text]
        assert not other, (name, other)


def test_the_address_of_the_api_ends_as_its_partition_does(anywhere):
    """amazonaws.eu in the Sovereign Cloud, amazonaws.com elsewhere: CloudFormation knows, we do not."""
    stacks, _ = anywhere

    url = json.dumps(stacks.templates["pipeline"]["Outputs"]["ApiUrl"]["Value"])

    assert "AWS::URLSuffix" in url
    assert "amazonaws" not in url


def test_no_source_names_a_partition():
    """What is not in today's template may be in tomorrow's."""
    for path in (ROOT / "infra").rglob("*.py"):
        assert "arn:aws" not in path.read_text(), path


def test_synthesis_asks_nobody(example):
    """No account (context look-ups), no Docker (image assets): the assembly says what it would still have to ask."""
    manifest = json.loads((example.folder / "manifest.json").read_text())
    assets = [json.loads(path.read_text()) for path in example.folder.glob("*.assets.json")]

    assert "missing" not in manifest
    assert assets
    assert not any(each["dockerImages"] for each in assets)

"""docs/requests.md says what is done: privacy officers answer persons by it."""

import base64
import hashlib
import hmac
import json
import re
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from fugace.domain import jose
from fugace.domain.case import CaseState, Denial, RestrictionGround
from functions.dsar.counter.intake import MOST
from functions.dsar.counter.schema import FILED
from tests.architecture.openapi import document, wrong
from tests.architecture.rooms import ROOT
from tests.fakes import ALICE, BOB
from tests.fakes_keeping import FakeSigner

GUIDE = (ROOT / "docs/requests.md").read_text()
SECTIONS = dict(re.findall(r"^##+ (.+?)\n(.*?)(?=^##|\Z)", GUIDE, re.MULTILINE | re.DOTALL))
SCHEMAS = document()["components"]["schemas"]


def first_cells(section: str) -> list[str]:
    table = re.findall(r"(?:^\|.*\n)+", SECTIONS[section], re.MULTILINE)[0]
    return [line.split("|")[1] for line in table.splitlines()[2:]]


def blocks(section: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", SECTIONS[section], re.DOTALL)


def test_the_kinds_are_the_ones_there_are() -> None:
    """Whoever looks for a right finds its word."""
    told = [word for cell in first_cells("What can be asked for") for word in re.findall("`(.+?)`", cell)]

    assert set(told) == set(FILED)


def test_the_states_are_the_ones_there_are() -> None:
    """With OpenDSR's word beside each."""
    _, *rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", SECTIONS["Follow"], re.MULTILINE)

    assert dict(rows) == {state.value: state.dsr_status for state in CaseState}


def test_the_reasons_are_the_ones_there_are() -> None:
    """Of a denial, and of a restriction."""
    assert all(f"`{word}`" in SECTIONS["Say no"] or f'"{word}"' in SECTIONS["Say no"] for word in Denial)
    assert all(f"`{word}`" in SECTIONS["File"] for word in RestrictionGround)
    assert f"{MOST:,} open requests" in SECTIONS["File"]


@pytest.mark.parametrize(
    ("section", "schema"), [("File", "SubjectRequestFiled"), ("Callbacks", "SubjectRequestCallback")]
)
def test_examples_are_what_is_answered(section: str, schema: str) -> None:
    """As the API's document has it."""
    assert wrong(SCHEMAS[schema], json.loads(blocks(section, "json")[0])) == ""


def test_the_request_that_is_shown_is_one() -> None:
    """It is what people copy."""
    (body,) = re.findall(r"-d '(\{.+?\n\})'", SECTIONS["File"], re.DOTALL)

    assert wrong(SCHEMAS["SubjectRequest"], json.loads(body)) == ""


def run(section: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    exec(blocks(section, "python")[0], made)  # noqa: S102  # the guide's own lines are what is tested
    return made


def test_the_signature_verifies_as_it_is_shown() -> None:
    """With nothing but what discovery tells."""
    signer, body = FakeSigner(), b'{"request_status":"pending"}'
    digest = hashes.Hash(hashes.SHA256())
    digest.update(body)
    signature = base64.b64encode(signer.sign(digest.finalize())).decode()
    verify = run("Verify")["verify"]

    verify(jose.jwk(signer.public_key()), body, signature)
    with pytest.raises(InvalidSignature):
        verify(jose.jwk(signer.public_key()), body.replace(b"pending", b"PENDING"), signature)


def test_the_commitment_opens_as_it_is_shown() -> None:
    """To its number, and to no other."""
    key = bytes(range(32))
    commitment = jose.b64url(hmac.digest(key, ALICE.reveal().encode(), hashlib.sha256))
    opens = run("The commitment")["opens"]

    assert opens(commitment, jose.b64url(key), ALICE.reveal())
    assert not opens(commitment, jose.b64url(key), BOB.reveal())


def test_the_example_of_a_commitment_opens() -> None:
    """Somebody will try it."""
    mine = json.loads(blocks("File", "json")[0])["extensions"]["fugace"]
    opens = run("The commitment")["opens"]

    assert opens(mine["commitment"], mine["commitment_key"], ALICE.reveal())

"""A certificate of erasure, checked from the file and the keys alone; and every way of tampering with one."""

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as jose
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from typer.testing import CliRunner, Result

from cli import verify_certificate as verifier
from cli.app import app
from cli.verify_certificate import Fault, Opening, RefusedError, UnusableError
from fugace.datamap import manifest
from fugace.datamap.places import PLACES
from fugace.domain import certificate
from fugace.domain import jose as ours
from fugace.domain.case import CaseState, Found, Outcome
from tests.fakes import ALICE
from tests.fakes_keeping import FakeSigner
from tests.unit.test_certify import ERASED, World

ROOT = Path(__file__).parents[2]
SECRET = bytes(range(32))
COMMITMENT = ours.b64url(hmac.digest(SECRET, ALICE.reveal().encode(), hashlib.sha256))
K = ours.b64url(SECRET)
NUMBER = ALICE.reveal()


def world(**changes: Any) -> World:
    """One with a certificate of the first stage."""
    made = World()
    made.keep(commitment=COMMITMENT, **changes)
    made.counted(CaseState.COMPLETED if not changes else CaseState.HELD)
    made.run()
    return made


def final(made: World) -> str:
    made.finish()
    made.run()
    return made.case.certificate


WORLD = world()
JWS = WORLD.case.certificate
KEYS = json.dumps({"keys": [ours.jwk(WORLD.signer.public_key())]})
HELD = world(places={**ERASED, "messages": Found(Outcome.HELD, 3, 4, ground="legal-claim")})
HELD_KEYS = json.dumps({"keys": [ours.jwk(HELD.signer.public_key())]})


def resigned(change: Callable[[dict[str, Any]], object], *, signer: FakeSigner = WORLD.signer, **header: Any) -> str:
    """A certificate as a liar with our key would make it."""
    parts = JWS.split(".")
    claims = json.loads(ours.unb64url(parts[1]))
    change(claims)
    head = {**json.loads(ours.unb64url(parts[0])), **header}
    signed = ".".join(ours.b64url(json.dumps(part).encode()) for part in (head, claims))
    signature = signer.sign(hashlib.sha256(signed.encode()).digest())
    return f"{signed}.{ours.b64url(ours.raw_signature(signature))}"


def refused(jws: str, keys: str = KEYS, opening: Opening | None = None) -> Fault:
    with pytest.raises(RefusedError) as error:
        verifier.check(jws, keys, opening)
    return error.value.fault


# What is genuine.


def test_a_certificate_is_proved() -> None:
    """By the published keys alone."""
    proved = verifier.check(JWS, KEYS)

    assert proved.complete
    assert not proved.person
    assert proved.claims == WORLD.claims


def test_the_number_and_its_key_open_it() -> None:
    """However people write it: whoever was given the key can show that it is about this person."""
    assert verifier.check(JWS, KEYS, Opening.read(K, NUMBER)).person
    spaced = f"{NUMBER[:3]} {NUMBER[3:6]}-{NUMBER[6:]}\n"
    assert verifier.check(JWS, KEYS, Opening.read(K, spaced)).person


def test_another_joins_in_verifying_it() -> None:
    """A library that we did not write, with a key set as we publish it, comes to the same end."""
    found = jose.deserialize_compact(JWS, KeySet.import_key_set(json.loads(KEYS)), algorithms=["ES256"])

    assert found.headers()["typ"] == certificate.TYPE
    assert json.loads(found.payload) == verifier.check(JWS, KEYS).claims


def test_another_refuses_what_we_refuse() -> None:
    """It is the signature that is wrong, not our way of looking at it."""
    other = json.dumps({"keys": [{**ours.jwk(FakeSigner().public_key()), "kid": json.loads(KEYS)["keys"][0]["kid"]}]})

    with pytest.raises(JoseError):
        jose.deserialize_compact(JWS, KeySet.import_key_set(json.loads(other)), algorithms=["ES256"])
    assert refused(JWS, other) is Fault.KEY


def test_a_final_one_is_proved_too() -> None:
    """It says that the horizon has passed, and was made after it."""
    made = world()
    keys = json.dumps({"keys": [ours.jwk(made.signer.public_key())]})

    proved = verifier.check(final(made), keys)
    assert proved.claims["stage"] == "final"
    assert any(line.startswith("Final:") for line in verifier.said(proved))


def test_a_held_place_is_genuine_and_not_complete() -> None:
    """It says so itself; whoever looks at the exit code alone must not take it for the end."""
    proved = verifier.check(HELD.case.certificate, HELD_KEYS)

    assert not proved.complete
    assert "NOT erased: place 1, " in "\n".join(verifier.said(proved))


def test_one_among_many_keys_is_found() -> None:
    """Old keys stay published: what they signed stays verifiable."""
    many = [ours.jwk(FakeSigner().public_key()), *json.loads(KEYS)["keys"], {"kty": "OKP", "crv": "Ed25519", "x": "a"}]

    assert verifier.check(JWS, json.dumps({"keys": many})).complete


# What is not.


@given(st.integers(0, len(JWS) - 1), st.integers(0, 6))
def test_no_bit_can_be_flipped(place: int, bit: int) -> None:
    """Of header, claims or signature."""
    changed = JWS[:place] + chr(ord(JWS[place]) ^ 1 << bit) + JWS[place + 1 :]

    with pytest.raises(RefusedError):
        verifier.check(changed, KEYS)


def test_no_other_key_will_do() -> None:
    """Whoever forges one signs with a key of their own."""
    forged = FakeSigner()
    kid = ours.thumbprint(forged.public_key())

    assert refused(resigned(dict, signer=forged)) is Fault.SIGNATURE
    assert refused(resigned(dict, signer=forged, kid=kid)) is Fault.KEY
    assert refused(resigned(dict, kid="")) is Fault.KEY
    assert refused(resigned(dict, kid=None)) is Fault.KEY


def test_a_key_cannot_borrow_anothers_name() -> None:
    """What a key set says a key is called counts for nothing."""
    forged = FakeSigner()
    lie = {**ours.jwk(forged.public_key()), "kid": ours.thumbprint(WORLD.signer.public_key())}

    assert refused(resigned(dict, signer=forged), json.dumps({"keys": [lie]})) is Fault.KEY


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "ES384", "RS256", None, 1])
def test_the_header_does_not_choose_the_algorithm(alg: object) -> None:
    """RFC 8725 section 2.1: `none`, and a public key taken for a secret, are the classics."""
    assert refused(resigned(dict, alg=alg)) is Fault.ALGORITHM
    head, payload, _ = resigned(dict, alg=alg).split(".")
    assert refused(f"{head}.{payload}.") is Fault.ALGORITHM
    secret = KEYS.encode()
    mac = hmac.digest(secret, f"{head}.{payload}".encode(), hashlib.sha256)
    assert refused(f"{head}.{payload}.{ours.b64url(mac)}") is Fault.ALGORITHM


@pytest.mark.parametrize("more", [{"typ": "JWT"}, {"crit": ["b64"], "b64": False}, {"jwk": {}}, {"jku": "https://x"}])
def test_a_header_has_nothing_that_a_certificates_has_not(more: dict[str, Any]) -> None:
    """A callback that the same key signs is no certificate; and no header brings its own key."""
    assert refused(resigned(dict, **more)) is Fault.ALGORITHM


@pytest.mark.parametrize("jws", ["", ".", "..", "a.b", f"{JWS}.", f"{JWS}=", JWS + "\n", "é.é.é", "A" * 300_000])
def test_other_texts_are_no_certificates(jws: str) -> None:
    """Said in words, not by a traceback."""
    assert refused(jws) is Fault.FORM


def test_a_name_that_occurs_twice_is_refused() -> None:
    """Each reader would take another one of the two."""
    head, payload, _ = JWS.split(".")
    double = ours.b64url(b'{"alg":"none",' + ours.unb64url(head)[1:])

    assert refused(f"{double}.{payload}.AAAA") is Fault.FORM


def _line(claims: dict[str, Any], number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = claims["places"][number - 1]
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda claims: claims.pop("places"),
        lambda claims: claims.pop("ver"),
        lambda claims: claims["places"].pop(),
        lambda claims: claims["places"].append(dict(_line(claims))),
        lambda claims: _line(claims).update(outcome="fine"),
        lambda claims: _line(claims).update(outcome="held"),
        lambda claims: _line(claims).update(left=3),
        lambda claims: _line(claims).update(left=True),
        lambda claims: _line(claims).update(until="soon"),
        lambda claims: _line(claims, 6).update(until="2036-01-01T00:00:00.000Z"),
        lambda claims: claims["counts"].update(erased=0),
        lambda claims: claims.update(stage="final"),
        lambda claims: claims.update(stage="done"),
        lambda claims: claims.update(horizon="2025-01-01T00:00:00.000Z"),
        lambda claims: claims.update(iat=0),
        lambda claims: claims.update(iat="1"),
        lambda claims: claims.update(iat=10**18),
        lambda claims: claims.update(tenant="ten_1"),
        lambda claims: claims.update(iss="https://example.com"),
        lambda claims: claims["person"].update(how="SHA-256"),
        lambda claims: claims["person"].update(commitment="abc"),
        lambda claims: claims["ledger"].update(hash="abc"),
        lambda claims: claims["ledger"].update(seq=0),
        lambda claims: claims["request"].update(begun_time="2026-02-01T00:00:00.000Z"),
        lambda claims: claims.update(request=[]),
    ],
)
def test_what_is_signed_must_make_sense(change: Callable[[dict[str, Any]], object]) -> None:
    """A bug of ours, or a key of ours in wrong hands, should not pass for a proof."""
    assert refused(resigned(change)) is Fault.CONTENT


def test_a_final_one_of_something_held_is_refused() -> None:
    """Nothing that is kept is finally gone."""

    def held(claims: dict[str, Any]) -> None:
        claims["request"]["state"] = "held"
        claims.update(stage="final", iat=2_000_000_000)

    assert refused(resigned(held)) is Fault.CONTENT


def test_somebody_elses_number_does_not_open_it() -> None:
    """Nor does another key: without both nobody can tell."""
    other = ours.b64url(bytes(32))

    assert refused(JWS, opening=Opening.read(K, "+33639980099")) is Fault.PERSON
    assert refused(JWS, opening=Opening.read(other, NUMBER)) is Fault.PERSON


@pytest.mark.parametrize(("key", "number"), [(K, "0639980001"), (K, ""), (K[:-2], NUMBER), ("?", NUMBER)])
def test_what_opens_nothing_is_said_to_be_of_no_use(key: str, number: str) -> None:
    """A mistyped number is no evidence against the certificate."""
    with pytest.raises(UnusableError):
        Opening.read(key, number)


@pytest.mark.parametrize("keys", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "EC", "crv": "P-256"}]}'])
def test_keys_that_are_none_are_said_to_be_of_no_use(keys: str) -> None:
    """It is not the certificate that is wrong."""
    with pytest.raises(UnusableError):
        verifier.check(JWS, keys)


# The one file says what the product says.


def test_the_one_file_knows_what_is_signed() -> None:
    """It imports nothing of ours, so it repeats; and must not repeat wrongly."""
    assert (verifier.VERSION, verifier.TYPE, verifier.COMMITMENT) == (
        certificate.VERSION,
        certificate.TYPE,
        certificate.COMMITMENT,
    )
    assert {*Outcome, manifest.ABSENT} == verifier.OUTCOMES
    assert manifest.OWN_END == verifier.OWN_END
    assert len(PLACES) == verifier.PLACES
    assert {verifier.ERASED, verifier.FINAL} == set(certificate.Stage)


# The commands.


@dataclass(frozen=True)
class Files:
    jws: Path
    keys: Path


@pytest.fixture
def files(tmp_path: Path) -> Files:
    found = Files(tmp_path / "certificate.jws", tmp_path / "keys.json")
    found.jws.write_text(JWS + "\n")
    found.keys.write_text(KEYS)
    return found


def fugace(files: Files, *more: str, number: str = "") -> Result:
    return CliRunner().invoke(
        app, ["certificate", "verify", str(files.jws), "--keys", str(files.keys), *more], input=number
    )


def test_the_command_says_what_is_proved(files: Files) -> None:
    """0, and in words what it is worth."""
    done = fugace(files)

    assert done.exit_code == 0
    assert "not checked" in done.output


def test_the_command_opens_the_commitment_with_a_number_from_stdin(files: Files) -> None:
    """And never prints it."""
    done = fugace(files, "--commitment-key", K, "--number", "-", number=f"{NUMBER}\n")

    assert done.exit_code == 0
    assert "It is about that number." in done.output
    assert NUMBER[1:] not in done.output


def test_a_number_is_no_argument(files: Files) -> None:
    """It would stay in the shell's history, and in the list of processes."""
    done = fugace(files, "--commitment-key", K, "--number", NUMBER)

    assert done.exit_code == 1
    assert NUMBER[1:] not in done.output
    assert fugace(files, "--number", "-").exit_code == 1


def test_the_command_tells_refused_from_incomplete(files: Files) -> None:
    """1 and 3: programs look at nothing else."""
    files.jws.write_text(JWS[:-1] + ("A" if JWS[-1] != "A" else "Q"))
    told = fugace(files, "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["genuine"] is False

    files.jws.write_text(HELD.case.certificate)
    files.keys.write_text(HELD_KEYS)
    told = fugace(files, "--json")
    assert told.exit_code == 3
    assert json.loads(told.stdout)["complete"] is False

    files.keys.unlink()
    assert fugace(files).exit_code == 1


def alone(tmp_path: Path, files: Files, *more: str, number: str = "") -> subprocess.CompletedProcess[str]:
    """The one file, copied away from everything of ours; without an environment, and so without AWS."""
    copy = tmp_path / "elsewhere" / "verify_certificate.py"
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(ROOT / "cli" / "verify_certificate.py", copy)
    command = [sys.executable, "-I", str(copy), str(files.jws), "--keys", str(files.keys), *more]
    return subprocess.run(
        command, input=number, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]}
    )


def test_the_one_file_needs_nothing_of_ours(tmp_path: Path, files: Files) -> None:
    """An auditor copies it, and trusts nobody."""
    done = alone(tmp_path, files, "--commitment-key", K, "--number", "-", number=NUMBER)
    assert (done.returncode, done.stderr) == (0, "")
    assert "It is about that number." in done.stdout

    files.jws.write_text(HELD.case.certificate)
    files.keys.write_text(HELD_KEYS)
    assert alone(tmp_path, files).returncode == 3

    files.keys.write_text(KEYS)
    done = alone(tmp_path, files)
    assert done.returncode == 1
    assert "none of the keys" in done.stderr
    files.jws.unlink()
    assert alone(tmp_path, files).returncode == 1

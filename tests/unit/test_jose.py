"""Keys and signatures in JOSE's forms, against a library that knows both."""

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from fugace.domain import jose

KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_a_key_has_the_coordinates_that_it_has() -> None:
    """A verifier makes its key of them."""
    shown, numbers = jose.jwk(SPKI), KEY.public_key().public_numbers()

    assert int.from_bytes(jose.unb64url(shown["x"])) == numbers.x
    assert int.from_bytes(jose.unb64url(shown["y"])) == numbers.y
    assert (shown["kty"], shown["crv"], shown["alg"], shown["use"]) == ("EC", "P-256", "ES256", "sig")


def test_its_name_is_the_thumbprint_of_its_members() -> None:
    """RFC 7638 section 3: the members that are needed, sorted, without spaces. The vector is of RFC 9449 section 4.1.

    That section's key and thumbprint (section 6.1, `jkt`) are published for DPoP.
    """
    x, y = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"
    spki = SPKI[:27] + jose.unb64url(x) + jose.unb64url(y)

    assert jose.thumbprint(spki) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    assert jose.jwk(spki)["kid"] == jose.thumbprint(spki)


@pytest.mark.parametrize("spki", [b"", SPKI[:-1], SPKI + b"\0", SPKI[27:], SPKI[:26] + b"\x02" + SPKI[27:]])
def test_keys_of_another_kind_are_refused(spki: bytes) -> None:
    """A wrong one must not be shown as one of ours."""
    with pytest.raises(ValueError, match="P-256"):
        jose.jwk(spki)


@pytest.mark.parametrize("r", [0, 1, 0x7F, 0x80, 2**248 - 1, 2**255, 2**256 - 1])
@pytest.mark.parametrize("s", [1, 2**200, 2**255 + 1])
def test_a_signature_is_the_same_in_both_forms(r: int, s: int) -> None:
    """Short numbers are padded, high bits do not make them negative."""
    der = encode_dss_signature(r, s)
    raw = jose.raw_signature(der)

    assert raw == r.to_bytes(32) + s.to_bytes(32)
    assert jose.der_signature(raw) == der


def test_a_real_one_too() -> None:
    """As a key gives it."""
    der = KEY.sign(b"said", ec.ECDSA(hashes.SHA256()))
    raw = jose.raw_signature(der)

    assert decode_dss_signature(der) == (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))


DER = encode_dss_signature(2**255, 5)
BAD = [
    b"",
    b"\x30",
    DER[:-1],
    DER + b"\0",
    b"\x31" + DER[1:],
    bytes.fromhex("3006020100020180"),  # a negative number
    bytes.fromhex("300702020001020105"),  # a number with a zero too many
    bytes.fromhex("30060201010301ff"),  # no integer
    bytes.fromhex("300402000200"),  # no number at all
    encode_dss_signature(2**256, 5),  # too large for the curve
    bytes.fromhex("3009020101020101020101"),  # three of them
]


@pytest.mark.parametrize("der", BAD, ids=range(len(BAD)))
def test_what_is_no_signature_is_refused(der: bytes) -> None:
    """Two forms of one signature would be two signatures."""
    with pytest.raises(ValueError, match="signature"):
        jose.raw_signature(der)


def test_raw_signatures_have_one_length() -> None:
    """64 bytes."""
    with pytest.raises(ValueError, match="signature"):
        jose.der_signature(bytes(63))


@pytest.mark.parametrize("text", ["YQ==", "YR", "Y", "+w", "a b"])
def test_base64url_is_read_in_one_form_alone(text: str) -> None:
    """A token that can be written in two ways could be used twice."""
    with pytest.raises(ValueError):  # noqa: PT011  # the library's own words, or ours
        jose.unb64url(text)

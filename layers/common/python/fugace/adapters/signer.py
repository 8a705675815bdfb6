"""Signatures by a private key that never leaves KMS."""

from fugace.adapters.faults import Asking
from fugace.adapters.session import Aws

_ALGORITHM = "ECDSA_SHA_256"


class KmsSigner:
    """A `fugace.keeping.Signer`."""

    def __init__(self, aws: Aws, key: str) -> None:
        """`key`: its alias."""
        self._aws = aws
        self._key = key

    def sign(self, digest: bytes) -> bytes:
        """One Sign: KMS sees the digest alone."""
        with Asking():
            answer = self._aws.client("kms").sign(
                KeyId=self._key, Message=digest, MessageType="DIGEST", SigningAlgorithm=_ALGORITHM
            )
        return bytes(answer["Signature"])

    def public_key(self) -> bytes:
        """One GetPublicKey."""
        with Asking():
            return bytes(self._aws.client("kms").get_public_key(KeyId=self._key)["PublicKey"])

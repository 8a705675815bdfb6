"""Small servers on loopback that behave as badly as some do, and certificates to go with them."""

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Play = Callable[[socket.socket], None]
"""What a server does with one connection."""


@contextlib.contextmanager
def serving(play: Play, context: ssl.SSLContext | None = None) -> Iterator["Served"]:
    """A server whose every connection is handed to `play`, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    served = Served(listener.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            served.connections += 1
            threading.Thread(target=talk, args=(sock,), daemon=True).start()

    def talk(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(sock.close)
            if context:
                sock = stack.enter_context(context.wrap_socket(sock, server_side=True))
                served.names.append(getattr(sock, "asked_for", ""))
            play(sock)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield served
    finally:
        served.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


class Served:
    """Where a server listens, and what it saw."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connections = 0
        self.names: list[str] = []
        self.over = threading.Event()


def read_request(sock: socket.socket) -> bytes:
    """One whole request, by its Content-Length; b'' where the other side has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65_536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += sock.recv(65_536)
    return head + b"\r\n\r\n" + body


def answering(answer: bytes, seen: list[bytes] | None = None) -> Play:
    """Every request of a connection gets the same answer."""

    def play(sock: socket.socket) -> None:
        while request := read_request(sock):
            if seen is not None:
                seen.append(request)
            sock.sendall(answer)

    return play


class Authority:
    """A certificate authority for one test run, and what it issues."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._sign(self.name, self.key.public_key(), x509.BasicConstraints(ca=True, path_length=0))

    def client(self) -> ssl.SSLContext:
        """What somebody who trusts this authority uses."""
        return ssl.create_default_context(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())

    def server(self, name: str) -> ssl.SSLContext:
        """A server's side, with a certificate for `name`; the name a client asks for is kept on its socket."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            alternative = x509.DNSName(name)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        certificate = self._sign(subject, key.public_key(), x509.SubjectAlternativeName([alternative]))
        path = self.directory / f"{name}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.sni_callback = lambda sock, asked, _: setattr(sock, "asked_for", asked or "")
        return context

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(extension, critical=True)
            .sign(self.key, hashes.SHA256())
        )

"""AWS on a socket, over TLS: for what starts from nothing and has to shake hands (B5)."""

import datetime as dt
import ipaddress
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import botocore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench import work


@dataclass(frozen=True, slots=True)
class Stub:
    """Where it is, what it knows, and whom to trust."""

    url: str
    tenant: str
    bundle: Path
    """Its certificate after the Amazon roots; beside it `whole.pem`, after the SDK's whole bundle."""


@contextmanager
def serve(roots: bytes) -> Iterator[Stub]:
    """A stub on a free port of loopback, for as long as the block runs."""
    desk = work.ready()
    tenant = work.tenants(1)[0]

    class Handler(BaseHTTPRequestHandler):
        """One request of the JSON protocols."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            """Answer it."""
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            body = desk.say(self.headers["X-Amz-Target"], asked)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate = _certificate(folder)
        bundle = folder / "bundle.pem"
        bundle.write_bytes(roots + certificate)
        whole = Path(botocore.__file__).with_name("cacert.pem").read_bytes()
        bundle.with_name("whole.pem").write_bytes(whole + certificate)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "stub.pem", folder / "stub.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Stub(f"https://127.0.0.1:{server.server_port}", tenant, bundle)
        finally:
            server.shutdown()
            server.server_close()


def _certificate(folder: Path) -> bytes:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "stub.pem").write_bytes(pem)
    (folder / "stub.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem

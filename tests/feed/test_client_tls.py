"""Over TLS: only the pinned authority is believed, and a handshake has the deadline too."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kit import FakeClock
from ledsign.errors import FeedError
from ledsign.feed import client as client_module
from ledsign.feed.client import PlatformClient

SCREEN = "990203104205"
BODY = (
    b'{"schema":"ledsign.feed/1","screen_code":"990203104205","server_time":"2026-11-21T12:00:00+08:00",'
    b'"cursor":"e-1","full":true,"notices":[]}'
)


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class Secure:
    url: str
    pem: Path
    other: Path


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("tls")
    pem, other = certificate(folder, "town"), certificate(folder, "stranger")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _address = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(line, server_side=True) as wrapped:
                    request = wrapped.recv(65536)
                    if b"wait=20" in request:
                        time.sleep(2)
                    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"
                    wrapped.sendall(head.encode() + b"Connection: close\r\n\r\n" + BODY)
            except OSError:
                continue

    threading.Thread(target=serve, daemon=True).start()
    yield Secure(f"https://127.0.0.1:{listener.getsockname()[1]}", pem, other)
    listener.close()


def client_of(url: str, ca_file: Path | None) -> PlatformClient:
    return PlatformClient(url, SCREEN, "key", ca_file, FakeClock())


def test_the_pinned_authority_is_believed(secure: Secure) -> None:
    client = client_of(secure.url, secure.pem)
    assert client.feed(None).cursor == "e-1"
    assert client.authentic
    client.close()


def test_no_other_authority_is(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.pem))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(secure.pem))
    for ca_file in (None, secure.other):
        client = client_of(secure.url, ca_file)
        with pytest.raises(FeedError, match=r"(?i)certificate"):
            client.feed(None)
        client.close()


def test_a_missing_authority_file_is_a_feed_error(secure: Secure, tmp_path: Path) -> None:
    with pytest.raises(FeedError):
        client_of(secure.url, tmp_path / "none.pem").feed(None)


def test_a_handshake_that_never_ends_is_cut(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "ANSWER_S", 0.6)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        lines: list[socket.socket] = []

        def drip() -> None:
            line, _address = listener.accept()
            lines.append(line)
            try:
                for byte in b"\x16\x03\x03\x20\x00" + b"\x02" * 300:
                    line.sendall(bytes([byte]))
                    time.sleep(0.1)
            except OSError:
                return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        client = client_of(f"https://127.0.0.1:{listener.getsockname()[1]}", secure.pem)
        start = time.monotonic()
        with pytest.raises(FeedError):
            client.feed(None)
        took = time.monotonic() - start
        print(f"handshake given up after {took:.2f} s of 0.60 s")
        assert took < 5
        thread.join(5)
        lines[0].close()


def test_close_ends_a_wait_over_tls(secure: Secure) -> None:
    client = client_of(secure.url, secure.pem)
    threading.Timer(0.3, client.close).start()
    start = time.monotonic()
    with pytest.raises(FeedError, match="closed"):
        client.feed("e-1", wait=20)
    assert time.monotonic() - start < 1.8

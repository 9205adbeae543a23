"""Lines: real sockets, real pseudo-terminals, and every failure as a TransportError."""

import array
import os
import socket
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial import serialposix

from ledsign.errors import ConfigError, TransportError
from ledsign.transport import open_transport, parse_url


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        yield listener


@pytest.fixture
def pty(tmp_path: Path) -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    path = tmp_path / "tty"
    path.symlink_to(os.ttyname(slave))
    yield master, f"pty://{path}?baud=9600"
    os.close(slave)
    os.close(master)


def test_tcp_both_ways_and_no_delay(server: socket.socket) -> None:
    line = open_transport(f"tcp://127.0.0.1:{server.getsockname()[1]}")
    peer, _ = server.accept()
    with peer:
        line.write(b"question", 1)
        assert peer.recv(100) == b"question"
        peer.sendall(b"answer")
        assert line.read(2) == b"answer"
        assert line.read(0.01) == b""
        assert line.line_seconds(1000) == 0
        peer.close()
        with pytest.raises(TransportError):
            line.read(2)
        with pytest.raises(TransportError):
            line.write(b"x", 1)
    line.close()


def test_tcp_nobody_there(server: socket.socket) -> None:
    port = server.getsockname()[1]
    server.close()
    with pytest.raises(TransportError):
        open_transport(f"tcp://127.0.0.1:{port}")


def test_tcp_write_gives_up_on_a_peer_that_does_not_read(server: socket.socket) -> None:
    line = open_transport(f"tcp://127.0.0.1:{server.getsockname()[1]}")
    peer, _ = server.accept()
    with peer, pytest.raises(TransportError):
        line.write(bytes(20_000_000), 0.3)
    with pytest.raises(TransportError):  # never used again
        line.read(0.1)


def test_pty_both_ways(pty: tuple[int, str]) -> None:
    master, url = pty
    line = open_transport(url)
    line.write(b"\x00\xa5\xff\r\n", 1)
    assert os.read(master, 100) == b"\x00\xa5\xff\r\n"
    threading.Timer(0.05, os.write, (master, b"\x03\x04late")).start()
    assert line.read(2) != b""
    assert line.line_seconds(960) == pytest.approx(1.0)
    line.close()
    with pytest.raises(TransportError):
        line.read(0.1)
    with pytest.raises(TransportError):
        line.write(b"x", 0.1)


def test_serial_write_that_gets_stuck(pty: tuple[int, str]) -> None:
    line = open_transport(pty[1])
    with pytest.raises(TransportError):
        line.write(bytes(200_000), 0.3)


def test_serial_device_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TransportError):
        open_transport(f"serial://{tmp_path}/ttyUSB9?baud=57600")


def test_serial_is_exclusive(pty: tuple[int, str]) -> None:
    line = open_transport(pty[1])
    with pytest.raises(TransportError):
        open_transport(pty[1])
    line.close()


@pytest.mark.parametrize(
    "url",
    [
        "tcp://127.0.0.1",
        "tcp://:5200",
        "tcp://host:99999",
        "serial://ttyUSB0",
        "serial:///dev/ttyUSB0?baud=12345",
        "serial:///dev/ttyUSB0?baud=fast",
        "serial:///dev/ttyUSB0?rs485=2",
        "record:file",
        "record:?line=tcp://127.0.0.1:1",
        "record:a?line=record:b?line=tcp://127.0.0.1:1",
        "replay:",
        "replay:/nowhere/at/all",
        "carrier-pigeon://coop",
        "pty:relative",
    ],
)
def test_urls_that_make_no_sense(url: str) -> None:
    with pytest.raises(ConfigError):
        parse_url(url)


def test_url_parts() -> None:
    address = parse_url("tcp://10.0.0.7?code=01020304&id=3", 5200)
    assert (address.host, address.port, address.session) == ("10.0.0.7", 5200, True)
    assert address.options == {"code": "01020304", "id": "3"}
    serial = parse_url("serial:///dev/ttyUSB0?baud=115200&id=2")
    assert (serial.line, serial.options, serial.session) == ({"baud": 115200}, {"id": "2"}, False)


@pytest.fixture
def datagrams() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        yield peer


def test_udp_is_paced(datagrams: socket.socket) -> None:
    """100 datagrams of 1250 bytes are a megabit: at 10 Mbit/s they take 100 ms, less what may go in a burst."""
    line = open_transport(f"udp://127.0.0.1:{datagrams.getsockname()[1]}?mbit=10")
    began = time.monotonic()
    for _packet in range(100):
        line.write(bytes(1250), 1)
        assert len(datagrams.recv(2000)) == 1250
    assert time.monotonic() - began > 0.08
    line.close()
    with pytest.raises(ConfigError):
        parse_url("udp://127.0.0.1:4048?mbit=0")


def test_udp_after_a_refusal_loses_no_datagram(datagrams: socket.socket) -> None:
    port = datagrams.getsockname()[1]
    datagrams.close()
    line = open_transport(f"udp://127.0.0.1:{port}")
    line.write(b"to nobody", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", port))
        peer.settimeout(5)
        line.write(b"to somebody", 1)
        assert peer.recv(100) == b"to somebody"
    line.close()


def test_the_port_itself_switches_an_rs485_line(pty: tuple[int, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A pseudo-terminal has no such mode and says so; a driver that has it is told to switch by RTS."""
    url = pty[1].replace("pty:", "serial:") + "&rs485=1"
    with pytest.raises(TransportError):
        open_transport(url)
    asked: list[int] = []
    plain = serialposix.fcntl.ioctl

    def ioctl(port: int, request: int, *rest: object) -> object:
        if request == serialposix.TIOCSRS485:
            assert isinstance(rest[0], array.array)
            asked.append(rest[0][0])
        return 0 if request in (serialposix.TIOCGRS485, serialposix.TIOCSRS485) else plain(port, request, *rest)

    monkeypatch.setattr(serialposix.fcntl, "ioctl", ioctl)
    open_transport(url).close()
    assert asked
    assert asked[0] & 1  # enabled


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("tcp://127.0.0.1:1?connect=-1", "connect is a number, not '-1'"),
        ("tcp://127.0.0.1:1?connect=0", "connect is 1 to 60 seconds"),
        ("http://127.0.0.1:1?connect=999999999", "connect is 1 to 60 seconds"),
        ("listen://127.0.0.1:1?connect=5.5", "connect is a number"),
        ("tcp://a..b:1", "'a..b' can be no host's name"),
        (f"udp://{'a' * 70}:1", "can be no host's name"),
        (f"listen://{'a' * 70}.village:1", "can be no host's name"),
        ("serial:///dev/ttyUSB0?baud=fast", "baud is a number, not 'fast'"),
        ("udp://127.0.0.1:1?mbit=٥", "mbit is a number"),
        ("pty:///tmp/tty?baud=" + "9" * 5000, "baud is a number"),
    ],
)
def test_a_url_that_no_socket_could_take_is_a_config_error(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse_url(url)


def test_names_of_hosts_and_the_last_dot() -> None:
    assert parse_url("tcp://屏.example:1?connect=60").line == {"connect": 60}
    assert parse_url("tcp://sign.example.:1").host == "sign.example."
    assert parse_url("tcp://[::1]:1").host == "::1"


def test_a_file_that_is_no_serial_line_is_named_as_such(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("nothing")
    with pytest.raises(TransportError, match="is no serial line"):
        open_transport(f"serial://{file}")
    with pytest.raises(TransportError, match="No such file"):
        open_transport(f"serial://{tmp_path}/none")

"""Datagrams and streams as a capture file, for a program of others to read: written here, no privileges needed.

File: classic pcap (libpcap's savefile), link type 101 (raw IPv4). UDP as it was sent; of TCP the data alone, each
piece with the sequence number it has in its direction.
"""

import json
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_RAW_IPV4 = 101
_UDP, _TCP = 17, 6
_HERE = bytes((127, 0, 0, 1))


def _checksum(data: bytes) -> int:
    words = struct.unpack(f">{len(data) // 2 + len(data) % 2}H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _ipv4(protocol: int, body: bytes) -> bytes:
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0, _HERE, _HERE)
    return head[:10] + struct.pack(">H", _checksum(head)) + head[12:] + body


def udp(source: int, target: int, data: bytes) -> bytes:
    """One datagram as an IPv4 packet (no UDP checksum, which is lawful)."""
    return _ipv4(_UDP, struct.pack(">HHHH", source, target, 8 + len(data), 0) + data)


def tcp(pieces: Sequence[tuple[bool, bytes]], server: int, client: int = 40000) -> list[bytes]:
    """A conversation as IPv4 packets; True: from the client."""
    at = {True: 1, False: 1}
    packets = []
    for from_client, piece in pieces:
        for start in range(0, len(piece), 1400):
            data = piece[start : start + 1400]
            ports = (client, server) if from_client else (server, client)
            head = struct.pack(">HHIIBBHHH", *ports, at[from_client], at[not from_client], 0x50, 0x18, 65535, 0, 0)
            at[from_client] += len(data)
            packets.append(_ipv4(_TCP, head + data))
    return packets


def write(path: Path, packets: Sequence[bytes]) -> Path:
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, _RAW_IPV4))
        for number, packet in enumerate(packets):
            file.write(struct.pack("<IIII", number // 1000, number % 1000 * 1000, len(packet), len(packet)))
            file.write(packet)
    return path


def dissected(path: Path, packets: Sequence[bytes], *options: str) -> list[Mapping[str, Any]]:
    """What Wireshark's dissectors say of each packet, by layers; fails where one of them calls it malformed."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark (Debian package tshark) is not installed")
    command = ["tshark", "-n", "-r", str(write(path, packets)), "-T", "json", "--no-duplicate-keys", *options]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    found = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    assert len(found) == len(packets)
    for layers in found:
        assert "_ws.malformed" not in layers, layers
    return found


def free_udp_port() -> int:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Heard:
    """What went over a relay: True from the client, and the bytes."""

    port: int
    pieces: list[tuple[bool, bytes]] = field(default_factory=list)


@contextmanager
def udp_relay(target: int) -> Iterator[Heard]:
    """Datagrams to ``port`` go on to ``target`` and back, and are kept. ``target`` 0: nobody answers."""
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(("127.0.0.1", 0))
    back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    back.bind(("127.0.0.1", 0))
    heard = Heard(front.getsockname()[1])
    client: list[tuple[str, int]] = []
    closing_down = threading.Event()

    def carry(source: socket.socket, from_client: bool) -> None:
        source.settimeout(0.1)
        while not closing_down.is_set():
            try:
                data, sender = source.recvfrom(65535)
            except TimeoutError:
                continue
            heard.pieces.append((from_client, data))
            if from_client:
                client[:] = [sender]
                if target:
                    back.sendto(data, ("127.0.0.1", target))
            elif client:
                front.sendto(data, client[0])

    threads = [threading.Thread(target=carry, args=each) for each in ((front, True), (back, False))]
    for thread in threads:
        thread.start()
    try:
        yield heard
    finally:
        closing_down.set()
        for thread in threads:
            thread.join(5)
        front.close()
        back.close()


@contextmanager
def tcp_relay(target: int) -> Iterator[Heard]:
    """One connection after another to ``port`` goes on to ``target``; what is said is kept."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    heard = Heard(server.getsockname()[1])
    closing_down = threading.Event()

    def carry(source: socket.socket, sink: socket.socket, from_client: bool) -> None:
        source.settimeout(0.1)
        while not closing_down.is_set():
            try:
                data = source.recv(65535)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            heard.pieces.append((from_client, data))
            try:
                sink.sendall(data)
            except OSError:
                break
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def accept() -> None:
        while not closing_down.is_set():
            try:
                near, _ = server.accept()
            except TimeoutError:
                continue
            with near, socket.create_connection(("127.0.0.1", target)) as far:
                pair = [threading.Thread(target=carry, args=each) for each in ((near, far, True), (far, near, False))]
                for thread in pair:
                    thread.start()
                for thread in pair:
                    thread.join()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield heard
    finally:
        closing_down.set()
        thread.join(5)
        server.close()

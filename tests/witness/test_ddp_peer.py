"""DDP against python-led-ddp, a translation of the crate ddp-rs that calls itself untested: weak, but foreign."""

import asyncio
import random

import pytest

from ledsign import simulator
from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.frame import Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel

PANEL = Panel("test", 32, 32, ColorMode.RGB, 10)  # 3072 bytes: three packets
ddp = pytest.importorskip("ddp", reason="python-led-ddp is not installed")


def page(seed: int) -> Page:
    return Page(32, 32, PANEL.mode, random.Random(seed).randbytes(32 * 32 * 3), 1.0)


def test_its_pages_are_shown() -> None:
    async def send(address: str, pixels: bytes) -> None:
        display = await ddp.DDPConnection.create(address, ddp.PixelConfig.default(), ddp.ID.DEFAULT, "127.0.0.1:0")
        await display.write(pixels)
        await display.close()

    with simulator.serve("ddp", "udp://127.0.0.1:0", PANEL) as receiver:
        for seed in (1, 2):
            asyncio.run(send(receiver.url.removeprefix("udp://"), page(seed).pixels))
            assert receiver.wait_for(lambda it, seed=seed: it.glass == page(seed).sha256, 5)
        assert [entry.sha256 for entry in receiver.shown] == [page(1).sha256, page(2).sha256]


def test_it_reads_our_packets_as_we_mean_them() -> None:
    """Each datagram of a page: place, length, push on the last alone, and the pixels."""
    datagrams: list[bytes] = []

    async def listen() -> None:
        class Port(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, _from: object) -> None:
                datagrams.append(data)

        line, _ = await asyncio.get_running_loop().create_datagram_endpoint(Port, ("127.0.0.1", 0))
        address = "udp://{}:{}".format(*line.get_extra_info("sockname"))
        card = Card("ddp", address, PANEL, SystemClock())
        drawn = page(3)
        await asyncio.to_thread(card.show, Frame(32, 32, PixelFormat.RGB888, drawn.pixels, drawn.sha256))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(card.close)
        line.close()

    asyncio.run(listen())
    packets = [ddp.Packet.from_bytes(data) for data in datagrams][-3:]
    glass = bytearray(3072)
    for packet in packets:
        glass[packet.header.offset : packet.header.offset + packet.header.length] = packet.data
    assert bytes(glass) == page(3).pixels
    assert [packet.header.packet_type.push for packet in packets] == [False, False, True]

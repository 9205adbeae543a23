"""Wireshark's dissectors read what our drivers and simulators say: an outside judge of form, not of conduct."""

import random
from pathlib import Path

import pytest

import capture_kit as capture
from ledsign import simulator
from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.frame import Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.ntcip import snmp
from ledsign.render.pack import pack

PANEL = Panel("test", 32, 16, ColorMode.RGB, 10)
USED = 510


def page(mode: ColorMode = ColorMode.RGB) -> Page:
    size = {ColorMode.RGB: 32 * 16 * 3, ColorMode.MONO: 32 * 16 // 8}[mode]
    return Page(32, 16, mode, random.Random(7).randbytes(size), 1.0)


def rgb() -> Frame:
    drawn = page()
    return Frame(32, 16, PixelFormat.RGB888, drawn.pixels, drawn.sha256)


def datagrams(family: str, count: int) -> list[bytes]:
    """The last ``count`` datagrams of a page."""
    with capture.udp_relay(0) as heard:
        card = Card(family, f"udp://127.0.0.1:{heard.port}", PANEL, SystemClock())
        card.show(rgb())
        SystemClock().sleep(0.2)
        sent = [data for _from, data in heard.pieces]
        card.close()
    return sent[-count:]


def test_art_net(tmp_path: Path) -> None:
    sent = datagrams("artnet", 5)
    sync = capture.dissected(tmp_path / "b.pcap", [capture.udp(6454, 6454, sent.pop())])
    assert sync[0]["artnet"]["artnet.header"]["artnet.header.opcode"] == "0x5200"
    layers = capture.dissected(tmp_path / "a.pcap", [capture.udp(6454, 6454, data) for data in sent])
    found = [each["artnet"]["artnet.output"] for each in layers]
    assert [int(each["artnet.output.universe"]) for each in found] == [0, 1, 2, 3]
    lengths = [int(each["artnet.output.length"]) for each in found]
    assert lengths[:3] == [USED] * 3
    assert sum(lengths) >= len(page().pixels)
    assert {each["artnet"]["artnet.header"]["artnet.header.protver"] for each in layers} == {"14"}


def test_sacn(tmp_path: Path) -> None:
    """The four universes; the synchronisation packet behind them is newer than this dissector."""
    sent = datagrams("sacn", 5)[:4]
    packets = [capture.udp(5568, 5568, data) for data in sent]
    layers = capture.dissected(
        tmp_path / "s.pcap", packets, "--enable-heuristic", "acn", "-o", "acn.dmx_enable:TRUE"
    )
    for number, each in enumerate(layers, 1):
        assert each["acn"]["acn.packet_identifier"] == "ASC-E1.17"
        frame = each["acn"]["acn.pdu"]["acn.pdu"]
        assert (frame["acn.dmx.universe"], frame["acn.dmx.priority"]) == (str(number), "100")
        assert frame["acn.dmx.source_name"] == "ledsign"
        assert int(frame["acn.pdu"]["acn.dmx.count"], 0) == 513, "all slots of a universe and the start code"


def test_snmp_of_driver_and_sign(tmp_path: Path) -> None:
    panel = Panel("test", 32, 16, ColorMode.MONO, 10)
    drawn = page(ColorMode.MONO)
    with simulator.serve("ntcip", "udp://127.0.0.1:0", panel) as sign:
        with capture.udp_relay(int(sign.url.rpartition(":")[2])) as heard:
            card = Card("ntcip", f"udp://127.0.0.1:{heard.port}?community=public", panel, SystemClock())
            card.show(pack(drawn, card.formats[0]))
            card.info()
            card.close()
        pieces = list(heard.pieces)
    packets = [capture.udp(*((40000, 161) if out else (161, 40000)), data) for out, data in pieces]
    layers = capture.dissected(tmp_path / "n.pcap", packets)
    assert len(layers) > 30
    for (_out, data), each in zip(pieces, layers, strict=True):
        ours, theirs = snmp.parse(data), each["snmp"]
        assert (theirs["snmp.version"], theirs["snmp.community"]) == ("0", ours.community)
        (inner,) = [value for key, value in theirs["snmp.data_tree"].items() if key.endswith("_element")]
        assert int(inner["snmp.request_id"]) == ours.request_id
        names = str(inner["snmp.variable_bindings_tree"])
        for bind in ours.binds:
            assert "'snmp.name': '" + ".".join(map(str, bind.oid)) + "'" in names


@pytest.mark.parametrize(("family", "options"), [("huidu-http", "?key=K&secret=S"), ("bxy", "")])
def test_http_of_driver_and_card(tmp_path: Path, family: str, options: str) -> None:
    drawn = page()
    with simulator.serve(family, f"tcp://127.0.0.1:0{options}", PANEL) as card_simulated:
        port = int(card_simulated.url.partition("?")[0].rpartition(":")[2])
        with capture.tcp_relay(port) as heard:
            scheme = "http" if family == "bxy" else "tcp"
            card = Card(family, f"{scheme}://127.0.0.1:{heard.port}{options}", PANEL, SystemClock())
            card.show(pack(drawn, card.formats[0]))
            assert card_simulated.wait_for(lambda it: it.glass == drawn.sha256, 10)
            card.close()
        pieces = list(heard.pieces)
    layers = capture.dissected(
        tmp_path / "h.pcap", capture.tcp(pieces, 80), "-o", "tcp.check_checksum:FALSE"
    )
    requests = [each["http"] for each in layers if "http.request.method" in str(each.get("http", ""))]
    answers = [each["http"] for each in layers if "http.response.code" in str(each.get("http", ""))]
    assert requests
    assert len(answers) == len(requests)
    assert all("'http.response.code': '200'" in str(each) for each in answers)
    bodies = [each for each in layers if "json" in each]
    assert len(bodies) >= len(requests), "requests and answers carry JSON that another program can read"

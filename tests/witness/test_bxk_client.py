"""The simulated BX-K card driven by app_tools_zxw, a client for the BX-6K1 that its maker uses in the field (MIT)."""

import importlib
from types import ModuleType

import pytest

from ledsign import simulator
from ledsign.panel import ColorMode, Panel

CLIENT = "app_tools_zxw.SDK_硬件读写.LED显示屏.仰邦BX6K1_网口_使用公共封装函数"
PANEL = Panel("test", 128, 32, ColorMode.DUAL, 10)


@pytest.fixture(scope="module")
def client() -> ModuleType:
    for name in ("app_tools_zxw", "crcmod"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    return importlib.import_module(CLIENT)


def test_its_texts_are_shown_and_cleared(client: ModuleType) -> None:
    with simulator.serve("bxk", "tcp://127.0.0.1:0", PANEL) as card:
        host, _, port = card.url.removeprefix("tcp://").rpartition(":")
        dark = card.glass
        with client.LED通讯(ip=host, port=int(port), timeout=2) as other:
            answered, reply = other.ping()
            assert answered
            assert b"\xa0\x00\x00\x00\x00" in reply, "the acknowledgement"
            done, _reply = other.修改文字("今日停水 8-12", color=0, 更新区域=-1, 显示方式=1)
            assert done
            assert card.wait_for(lambda it: it.glass != dark, 5)
            done, _reply = other.修改文字("二区", color=1, 更新区域=2, 显示方式=1, 动态区运行模式=1)
            assert done
            assert card.state()["areas"] == {4: "今日停水 8-12", 2: "二区"}
            other.修改亮度(10)
            other.清屏()
            assert card.wait_for(lambda it: it.glass == dark, 5)
        assert (card.state()["areas"], card.state()["brightness"]) == ({}, 10)

"""Settings of a simulated HuiDu card, as its XML asks for them: light, clock, timers, servers."""

from collections.abc import Callable, Mapping
from typing import TypeAlias
from xml.etree.ElementTree import Element

from ledsign.protocol.huidu import xml
from ledsign.simulator.huidu_player import HuiduPlayer
from ledsign.simulator.huidu_xml import copied

Method: TypeAlias = Callable[[Element], str | tuple[str, str]]
"""From a request's body to the children of a successful answer, or to the name of an error and its children."""


def settings(player: HuiduPlayer) -> Mapping[str, Method]:
    """The methods of a new card."""
    card = _Settings(player)
    return {
        "GetLuminancePloy": lambda _body: card.luminance,
        "SetLuminancePloy": card.set_luminance,
        "OpenScreen": lambda _body: card.power(on=True),
        "CloseScreen": lambda _body: card.power(on=False),
        "GetSwitchTime": lambda _body: card.switch_times,
        "SetSwitchTime": card.set_switch_times,
        "GetTimeInfo": card.time,
        "SetTimeInfo": card.set_time,
        "GetSDKTcpServer": lambda _body: card.server,
        "SetSDKTcpServer": card.set_server,
        "GetHttpApiEnable": lambda _body: card.http,
        "SetHttpApiEnable": card.set_http,
    }


class _Settings:
    """Most are kept as the XML that set them."""

    def __init__(self, player: HuiduPlayer) -> None:
        self._player = player
        self._zone = "(UTC+08:00)Beijing,Chongqing,HongKong,Urumchi"
        self.switch_times = '<open enable="false"/><ploy enable="false"/>'
        self.luminance = '<mode value="default"/><default value="100"/><ploy/><sensor min="1" max="100" time="5"/>'
        self.server = '<server host="" port="10001"/>'
        self.http = '<func enable="false"/>'

    def set_luminance(self, body: Element) -> str | tuple[str, str]:
        default = body.find("default")
        value = "" if default is None else default.get("value", "")
        if not (value.isdecimal() and 1 <= int(value) <= 100):
            return "kInvalidParam", ""
        self._player.brightness = int(value)
        self.luminance = "".join(copied(child) for child in body)
        return ""

    def power(self, on: bool) -> str:
        self._player.set_power(on)
        return ""

    def set_switch_times(self, body: Element) -> str:
        self.switch_times = "".join(copied(child) for child in body)
        return ""

    def time(self, _body: Element) -> str:
        now = self._player.clock.strftime("%Y-%m-%d %H:%M:%S")
        zone = xml.tag("timezone", {"value": self._zone})
        return f'{zone}<summer enable="false"/><sync value="none"/><time value="{now}"/>'

    def set_time(self, body: Element) -> str | tuple[str, str]:
        wanted, zone = body.find("time"), body.find("timezone")
        if zone is not None:
            self._zone = zone.get("value", self._zone)
        if wanted is not None and not self._player.set_clock(wanted.get("value", "")):
            return "kInvalidParam", ""
        return ""

    def set_server(self, body: Element) -> str:
        self.server = "".join(copied(child) for child in body)
        return ""

    def set_http(self, body: Element) -> str:
        func = body.find("func")
        self.http = xml.tag("func", {"enable": str(func is not None and func.get("enable") == "true").lower()})
        return ""

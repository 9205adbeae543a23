"""Named checks of an installation: configuration, policy, keys, fonts, legibility, disk, clock, card, platform.

Each check gives pass, warn or fail with a sentence a technician can act on; none changes anything.
"""

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from ledsign.card import Card
from ledsign.centre import agent_policy
from ledsign.centre_notice import alert_item
from ledsign.clock import Clock
from ledsign.config import Config, NtcipSection, PanelSection, access_key, policy_of
from ledsign.control import check_operators
from ledsign.errors import (
    CardRefusedError,
    ConfigError,
    FeedError,
    LedsignError,
    ProtocolError,
    RenderError,
    TransportError,
)
from ledsign.feed.client import PlatformClient
from ledsign.feed.integrity import load_keys
from ledsign.feed.parse import parse_json, parse_notice
from ledsign.frame import AckLevel, Page, PixelFormat
from ledsign.i18n import _
from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.promise import promised
from ledsign.render.atlas import damaged
from ledsign.render.legibility import Sight, verdict
from ledsign.render.pack import shows_shades
from ledsign.render.pages import Renderer
from ledsign.resources import resource

FREE_WARN = 200 * 1024 * 1024
FREE_FAIL = 50 * 1024 * 1024
URGENT_WARN_S = 10.0  # an urgent notice that takes longer than this to light wants a faster line
WELL_KNOWN = frozenset({"public", "private"})  # SNMP communities that every scanner tries
NARROW = 24  # bits of the smallest network that is no centre's own any more


class Grade(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check: stable name, grade, sentence; ``data``: its figures as JSON values."""

    name: str
    grade: Grade
    text: str
    data: Mapping[str, object] = field(default_factory=dict)


def static_checks(config: Config, clock: Clock, built: datetime) -> Iterator[Finding]:
    """Everything that can be known without touching the card or the network."""
    screen = config.screen
    yield Finding("config", Grade.PASS, _("screen {code} {name}").format(code=screen.code, name=screen.name))
    policy, finding = _policy(config)
    yield finding
    yield _keys(config.keys_file)
    yield from _secret_files(config)
    yield _state(config.state)
    yield _clock(clock, built)
    yield _operators(config)
    if config.ntcip is not None:
        yield _ntcip(config.ntcip, policy)
    if policy is not None:
        for section in config.panels:
            yield from _panel(config, section, policy, clock)


def live_checks(config: Config, clock: Clock) -> Iterator[Finding]:
    """Ask the platform and each card; for a screen whose daemon is not running."""
    if config.platform:
        try:
            key = access_key(config.platform)
            client = PlatformClient(config.platform.url, config.screen.code, key, config.platform.ca_file, clock)
            feed = client.feed(None)
            yield Finding("platform", Grade.PASS, _("{count} notices listed").format(count=len(feed.entries)))
        except (FeedError, ConfigError) as error:
            yield Finding("platform", Grade.FAIL, str(error))
    if config.ntcip is not None:
        yield _port(config.ntcip)
    for section in config.panels:
        try:
            card = Card(section.card.family, section.card.url, config.panel(section), clock)
        except ConfigError as error:
            yield Finding(f"card.{section.name}", Grade.FAIL, str(error))
            continue
        try:
            if card.ack <= AckLevel.SENT:
                text = _("{family} never answers: pages are shown but not counted").format(family=card.family)
                if section.card.least_ack == "sent":
                    text = _("{family} never answers: pages count as sent, as the configuration has it")
                    text = text.format(family=card.family)
                yield Finding(f"card.{section.name}", Grade.WARN, text)
                continue
            yield Finding(f"card.{section.name}", Grade.PASS, str(card.info()))
        except (TransportError, CardRefusedError, ProtocolError) as error:
            yield Finding(f"card.{section.name}", Grade.FAIL, str(error))
        finally:
            card.close()


def _policy(config: Config) -> tuple[Policy | None, Finding]:
    try:
        policy = policy_of(config)
    except ConfigError as error:
        return None, Finding("policy", Grade.FAIL, str(error))
    text = _("profile {profile}: at least {days} days").format(profile=policy.profile, days=policy.retain_floor_days)
    return policy, Finding("policy", Grade.PASS, text)


def _keys(path: Path) -> Finding:
    try:
        count = len(load_keys(path))
    except LedsignError as error:
        return Finding("keys", Grade.FAIL, str(error))
    return Finding("keys", Grade.PASS, _("{count} keys").format(count=count))


def _secret_files(config: Config) -> Iterator[Finding]:
    key = config.platform.key_file if config.platform else None
    if key is None:
        return
    try:
        open_to_others = bool(key.stat().st_mode & 0o007)
    except OSError as error:
        yield Finding("platform_key", Grade.FAIL, f"{key}: {error.strerror}")
        return
    if open_to_others:
        yield Finding("platform_key", Grade.WARN, _("{path} can be read by everybody: chmod o-rwx").format(path=key))
    else:
        yield Finding("platform_key", Grade.PASS, str(key))


def _state(path: Path) -> Finding:
    folder = path
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return Finding("disk", Grade.FAIL, _("{path} cannot be written by this user").format(path=path))
    free = shutil.disk_usage(folder).free
    grade = Grade.FAIL if free < FREE_FAIL else Grade.WARN if free < FREE_WARN else Grade.PASS
    return Finding("disk", grade, _("{path}: {free} MB free").format(path=path, free=free // 1024 // 1024))


def _clock(clock: Clock, built: datetime) -> Finding:
    now = clock.now()
    if now < built:
        return Finding("clock", Grade.FAIL, _("{now} is before this program was made").format(now=now.isoformat()))
    return Finding("clock", Grade.PASS, now.isoformat(timespec="seconds"))


def _operators(config: Config) -> Finding:
    try:
        check_operators(config.operators.users, config.operators.groups)
    except ConfigError as error:
        return Finding("operators", Grade.FAIL, str(error))
    return Finding("operators", Grade.PASS, ", ".join((*config.operators.users, *config.operators.groups)) or "root")


def _ntcip(section: NtcipSection, policy: Policy | None) -> Finding:
    """The port of the emergency centre: whether it can work, and what keeps strangers off it."""
    try:
        agent = agent_policy(section)
        if policy is not None:
            alert_item(policy)
        open_to_others = bool(section.community_file.stat().st_mode & 0o007)
    except (ConfigError, OSError) as error:
        return Finding("ntcip", Grade.FAIL, str(error))
    if open_to_others:
        text = _("{path} can be read by everybody: chmod o-rwx").format(path=section.community_file)
        return Finding("ntcip", Grade.WARN, text)
    if agent.community.lower() in WELL_KNOWN:
        return Finding("ntcip", Grade.WARN, _("everybody knows the community {name!r}").format(name=agent.community))
    if wide := [str(network) for network in agent.allow if network.prefixlen < NARROW]:
        text = _("{networks}: more addresses than a centre has").format(networks=", ".join(wide))
        return Finding("ntcip", Grade.WARN, text)
    return Finding("ntcip", Grade.PASS, _("{name} on {listen}").format(name=section.name, listen=section.listen))


def _port(section: NtcipSection) -> Finding:
    """Whether this computer has the address, and nobody else the port."""
    host, _colon, port = section.listen.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
        try:
            probe.bind((host, int(port)))
        except (OSError, OverflowError) as error:
            return Finding("ntcip_port", Grade.FAIL, f"{section.listen}: {error}")
    return Finding("ntcip_port", Grade.PASS, section.listen)


def _drawn(renderer: Renderer) -> str:
    """Draw a short and a tabular sample; what went wrong, or ""."""
    for name in ("s01-fraud.json", "s07-finance.json"):
        document = parse_json(resource("configs", "samples", name).read_bytes())
        try:
            renderer.render(parse_notice(document))
        except RenderError as error:
            return f"{name}: {error}"
    return ""


def _sight(panel: Panel, policy: Policy) -> tuple[Grade, str]:
    """Whether the least text that would be drawn can be read from where people stand."""
    seen = verdict(panel, policy.legibility)
    text = _("{px} px at {pitch} mm from {distance} m: {seen:.1f}′").format(
        px=seen.px, pitch=panel.pitch_mm, distance=panel.distance_m, seen=seen.arcmin
    )
    if seen.sight is Sight.REFUSED:
        floor = policy.legibility.floor_arcmin
        advice = _("too small to be read (least {floor:g}′) and no room for larger").format(floor=floor)
        return Grade.FAIL, f"{text}: {advice}"
    far = _("read at full speed up to {metres:.0f} m").format(metres=seen.farthest_m)
    return Grade.PASS if seen.sight is Sight.GOOD else Grade.WARN, f"{text}: {far}"


def _panel(config: Config, section: PanelSection, policy: Policy, clock: Clock) -> Iterator[Finding]:
    panel = config.panel(section)
    formats: tuple[PixelFormat, ...] = ()
    try:
        formats = Card(section.card.family, section.card.url, panel, clock).formats
        grade, text = (Grade.PASS, ", ".join(formats)) if formats else (Grade.FAIL, _("no format for this panel"))
        if PixelFormat.TEXT in formats:
            grade, text = Grade.WARN, _("the card draws text with its own fonts: it will not look like the preview")
    except ConfigError as error:
        grade, text = Grade.FAIL, str(error)
    yield Finding(f"line.{section.name}", grade, text)
    yield Finding(f"legibility.{section.name}", *_sight(panel, policy))
    try:
        shaded = bool(formats) and shows_shades(formats[0])
        renderer = Renderer(panel, policy, config.cache, words=True, shaded=shaded)
        page = renderer.safe_page(config.safe_page)
    except (LedsignError, OSError) as error:
        yield Finding(f"fonts.{section.name}", Grade.FAIL, str(error))
        return
    if sizes := damaged(renderer.atlas):
        text = _("glyphs of {sizes} px are damaged: empty {folder}").format(sizes=sizes, folder=config.cache)
        yield Finding(f"fonts.{section.name}", Grade.FAIL, text)
        return
    if fault := _drawn(renderer):
        yield Finding(f"fonts.{section.name}", Grade.FAIL, fault)
        return
    yield Finding(f"fonts.{section.name}", Grade.PASS, _("safe page {sha}").format(sha=page.sha256[:8]))
    yield from _promise(section, panel, page)


def _promise(section: PanelSection, panel: Panel, page: Page) -> Iterator[Finding]:
    """How soon an urgent notice can be on the glass, over this line."""
    try:
        found = promised(section.card.family, section.card.url, panel, page)
    except ConfigError:
        return  # told by the check of the line
    except LedsignError as error:
        yield Finding(f"promise.{section.name}", Grade.WARN, _("no promise: {error}").format(error=error))
        return
    if found is None:
        return
    text = _(
        "urgent on the glass in {urgent:.1f} s at most; a page {page:.1f} s ({size} bytes, {packets} packets), the "
        "longest {worst:.1f} s; flash writes at most {flash} a day"
    ).format(
        urgent=found.urgent_s,
        page=found.page_s,
        size=found.page_bytes,
        packets=found.packets,
        worst=found.worst_s,
        flash=section.card.flash_per_day,
    )
    grade = Grade.PASS if found.urgent_s <= URGENT_WARN_S else Grade.WARN
    data = {**found.document(), "flash_per_day": section.card.flash_per_day}
    yield Finding(f"promise.{section.name}", grade, text, data)

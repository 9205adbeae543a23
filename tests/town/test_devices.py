"""The town knows each screen's device by the key of its first root."""

from pathlib import Path

import pytest

from kit import FakeClock
from ledsign.database import Database
from ledsign.evidence import Head, event_document
from ledsign.seal import DeviceKey
from ledsign.town.devices import Devices
from ledsign.trust import ClockTrust
from townkit import OTHER, VILLAGE, Desk

HEAD = Head(7, "ab" * 32)


@pytest.fixture
def device(tmp_path: Path) -> DeviceKey:
    return _key(tmp_path / "old")


def _key(folder: Path) -> DeviceKey:
    folder.mkdir(parents=True)
    return DeviceKey(folder)


def root(
    device: DeviceKey, clock: FakeClock, screen: str = VILLAGE, head: Head = HEAD, **change: object
) -> dict[str, object]:
    """A root as it comes with the receipts."""
    detail = {**device.root(screen, "2026-11-21", head, 0, {}), **change}
    document = event_document("root", clock.now(), detail, ClockTrust.TRUSTED)
    name = f"{head.hash[:4]}-{head.seq}-{detail['key']}-{screen}-{change}"
    return {"receipt_id": name[:100], "seq": head.seq + 1, **document}


def state(desk: Desk, screen: str = VILLAGE) -> dict[str, object]:
    screens = desk.call("GET", "/v1/screens").body["screens"]
    assert isinstance(screens, list)
    found = next(each["device"] for each in screens if each["code"] == screen)
    assert found is None or isinstance(found, dict)
    return found or {}


def test_the_first_root_pins_the_key_and_another_raises_an_alarm_until_staff_pins_it(
    desk: Desk, device: DeviceKey, tmp_path: Path
) -> None:
    client, other = desk.client(), _key(tmp_path / "new")
    shown = {"receipt_id": "r1", "row": "shown", "kind": "body", "notice_id": "N-1"}
    assert client.send_receipts([shown]).accepted == ("r1",)
    assert state(desk) == {}
    client.send_receipts([root(device, desk.clock)])
    assert (state(desk)["key"], state(desk)["alarm"]) == (device.public, "")
    kept = root(other, desk.clock)
    assert client.send_receipts([kept]).accepted == (kept["receipt_id"],), "evidence is never turned away"
    assert state(desk)["key"] == device.public
    assert (state(desk)["alarm"], state(desk)["alarm_key"]) == ("key", other.public)
    path, form = f"/v1/screens/{VILLAGE}/device", {"key": other.public}
    assert desk.call("POST", path, form, key="publisher").status == 403
    assert desk.call("POST", path, form, key="screen").status == 403
    assert desk.call("POST", path, {"key": "00"}).status == 422
    assert desk.call("POST", path, form).status == 200
    assert (state(desk)["key"], state(desk)["alarm"]) == (other.public, "")
    client.send_receipts([root(device, desk.clock, day="2026-11-22")])
    assert state(desk)["alarm"] == "signature", "the day was changed behind the signature's back"
    client.close()


@pytest.mark.parametrize(
    ("change", "alarm"),
    [({"signature": "00" * 64}, "signature"), ({"hash": "cd" * 32}, "signature"), ({"key": "zz"}, "signature")],
)
def test_a_false_root_never_pins(desk: Desk, device: DeviceKey, change: dict[str, object], alarm: str) -> None:
    client = desk.client()
    client.send_receipts([root(device, desk.clock, **change)])
    assert (state(desk)["key"], state(desk)["alarm"]) == ("", alarm)
    client.send_receipts([root(device, desk.clock)])
    assert (state(desk)["key"], state(desk)["alarm"]) == (device.public, alarm), "only staff ends an alarm"
    assert desk.call("POST", f"/v1/screens/{VILLAGE}/device", {"key": device.public}).status == 200
    assert state(desk)["alarm"] == ""
    client.close()


def test_a_screen_cannot_speak_for_another(desk: Desk, device: DeviceKey) -> None:
    client = desk.client()
    client.send_receipts([root(device, desk.clock, screen=OTHER)])
    assert state(desk)["alarm"] == "screen"
    assert state(desk, OTHER) == {}
    client.close()


def test_odd_rows_are_no_roots_and_a_restart_keeps_the_pin(tmp_path: Path, device: DeviceKey) -> None:
    clock = FakeClock()
    with Database(tmp_path / "town.db", ballast_bytes=4096) as database:
        devices = Devices(database, clock)
        for row in ({}, {"row": "event", "kind": "root"}, {"row": "event", "kind": "root", "detail": "x"}):
            devices.hear(VILLAGE, row)
        assert devices.state(VILLAGE) is None
        devices.hear(VILLAGE, root(device, clock))
    with Database(tmp_path / "town.db", ballast_bytes=4096) as database:
        found = Devices(database, clock).state(VILLAGE)
        assert found is not None
        assert found["key"] == device.public


def test_the_town_follows_the_chain_from_root_to_root_and_names_the_last(desk: Desk, device: DeviceKey) -> None:
    client, later = desk.client(), Head(12, "cd" * 32)
    client.send_receipts([root(device, desk.clock), root(device, desk.clock, head=later)])
    client.send_receipts([root(device, desk.clock), {"receipt_id": "cd" * 32, "seq": 12, "row": "shown"}])
    assert (state(desk)["alarm"], state(desk)["root"]) == ("", f"12:{'cd' * 32}"), "sent again is no contradiction"
    client.close()


@pytest.mark.parametrize(
    "head", [Head(7, "ef" * 32), Head(12, "ef" * 32), Head(3, "ef" * 32)], ids=["first", "last", "shorter"]
)
def test_a_root_of_another_chain_raises_a_fork_that_genuine_roots_do_not_end(
    desk: Desk, device: DeviceKey, head: Head
) -> None:
    client, last = desk.client(), Head(12, "cd" * 32)
    client.send_receipts([root(device, desk.clock), root(device, desk.clock, head=last)])
    client.send_receipts([root(device, desk.clock, head=head)])
    assert (state(desk)["alarm"], state(desk)["root"]) == ("fork", f"12:{'cd' * 32}")
    client.send_receipts([root(device, desk.clock, head=Head(20, "aa" * 32))])
    client.send_receipts([root(device, desk.clock, signature="00" * 64)])
    assert state(desk)["alarm"] == "fork"
    assert desk.call("POST", f"/v1/screens/{VILLAGE}/device", {"key": device.public}).status == 200
    client.send_receipts([root(device, desk.clock, head=Head(21, "bb" * 32))])
    assert (state(desk)["alarm"], state(desk)["root"]) == ("", f"21:{'bb' * 32}")
    client.close()


def test_a_row_that_contradicts_a_root_raises_a_fork(desk: Desk, device: DeviceKey) -> None:
    client = desk.client()
    client.send_receipts([root(device, desk.clock)])
    client.send_receipts([{"receipt_id": "ef" * 32, "seq": 7, "row": "shown", "kind": "body"}])
    assert state(desk)["alarm"] == "fork"
    client.close()

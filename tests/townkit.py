"""Staff at a running town: talks to it over plain HTTP under any of the test keys."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import requests

from kit import FakeClock
from ledsign.feed.client import PlatformClient
from ledsign.town import ApiKey, Role, Running, TownConfig

VILLAGE, OTHER, TOWN = "990203104205", "990203104206", "990203104000"
KEYS = {
    "screen": ("test-key-screen-liutang", Role.SCREEN, VILLAGE),
    "other-screen": ("test-key-screen-shiqiao", Role.SCREEN, OTHER),
    "publisher": ("test-key-publisher-liutang", Role.PUBLISHER, VILLAGE),
    "admin": ("test-key-town-admin", Role.TOWN_ADMIN, TOWN),
    "auditor": ("test-key-auditor", Role.AUDITOR, TOWN),
}


def town_config() -> TownConfig:
    return TownConfig(
        keys=tuple(ApiKey.of(key, role, code, name) for name, (key, role, code) in KEYS.items()),
        code=TOWN,
        name="清溪镇人民政府",
    )


@dataclass
class Answer:
    status: int
    body: dict[str, object]


class Desk:
    """Staff at the town's API, under any key."""

    def __init__(self, running: Running, clock: FakeClock) -> None:
        self.running = running
        self.clock = clock
        self.session = requests.Session()
        self.session.trust_env = False

    def call(
        self, method: str, path: str, document: Mapping[str, object] | bytes | None = None, key: str = "admin"
    ) -> Answer:
        data = document if isinstance(document, bytes | None) else json.dumps(document).encode()
        headers = {"Authorization": f"Bearer {KEYS[key][0] if key in KEYS else key}"}
        reply = self.session.request(method, self.running.url + path, data=data, headers=headers, timeout=20)
        return Answer(reply.status_code, reply.json())

    def client(self, name: str = "screen") -> PlatformClient:
        key, _role, code = KEYS[name]
        return PlatformClient(self.running.url, code, key, None, self.clock)

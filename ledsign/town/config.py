"""The town's configuration: who may call, how it signs, what it limits. From YAML or given by the program."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ledsign.errors import ConfigError
from ledsign.town.access import ApiKey, Role
from ledsign.validation import validate
from ledsign.yamlfile import read_yaml

SCHEMA = "ledsign.town/1"
MIN_KEY_CHARS = 16
SAMPLE_KEY = "TEST-KEY-"


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, waits in seconds, requests per key, failures per address."""

    notice_bytes: int = 2_000_000
    asset_bytes: int = 8_000_000
    asset_pixels: int = 4_000_000
    receipts_bytes: int = 1_000_000
    heartbeat_bytes: int = 64_000
    body_s: float = 30.0
    wait_s: float = 30.0
    full_every_s: float = 86_400.0
    online_s: float = 90.0
    requests_per_s: float = 100.0
    requests_burst: float = 1_000.0
    failures_per_s: float = 0.5
    failures_burst: float = 20.0
    connections: int = 6_000


@dataclass(frozen=True, slots=True)
class TownConfig:
    """``name`` and ``code`` stand as issuer on urgent pushes that name none. Without ``signing_file`` the town
    makes itself an Ed25519 key in its data folder. ``trust_file`` lists further keys whose notices it takes."""

    keys: tuple[ApiKey, ...]
    code: str
    name: str
    public_url: str = "https://notice.example.invalid"
    listen: tuple[str, int] = ("127.0.0.1", 0)
    data: Path | None = None
    policy_file: Path | None = None
    signing_file: Path | None = None
    trust_file: Path | None = None
    limits: Limits = field(default_factory=Limits)
    loopback_only: bool = False  # the keys are those of the sample configuration, known to everybody


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Key(_Section):
    key: str | None = Field(None, min_length=MIN_KEY_CHARS, max_length=200)
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    role: Role
    code: str = Field(pattern="^[0-9]{12}$")
    name: str = Field("", max_length=60)

    @model_validator(mode="after")
    def _one_of_two(self) -> "_Key":
        if (self.key is None) == (self.sha256 is None):
            raise ValueError("give either key or sha256")
        return self

    def as_api_key(self) -> ApiKey:
        if self.sha256 is not None:
            return ApiKey(self.sha256, self.role, self.code, self.name or f"{self.role.value} {self.code}")
        return ApiKey.of(self.key or "", self.role, self.code, self.name)


class _Town(_Section):
    schema_: str = Field(alias="schema", pattern="^ledsign\\.town/1$")
    code: str = Field(pattern="^[0-9]{12}$")
    name: str = Field(min_length=1, max_length=60)
    public_url: str = Field("https://notice.example.invalid", pattern="^https://")
    listen: str = "127.0.0.1:8600"
    data: Path | None = None
    policy_file: Path | None = None
    signing_file: Path | None = None
    trust_file: Path | None = None
    keys: list[_Key] = Field(min_length=1, max_length=20_000)


def parse_listen(text: str) -> tuple[str, int]:
    """``HOST:PORT`` as a pair. Raises ConfigError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ConfigError(f"{text!r} is no HOST:PORT")
    return host.strip("[]"), int(port)


def load_town(path: Path) -> TownConfig:
    """Read ``town.yaml``. Raises ConfigError with file, line and key. Paths are relative to the file."""
    document = read_yaml(path)
    town = validate(_Town, document.data, [document])
    digests = [key.as_api_key().digest for key in town.keys]
    if len(set(digests)) != len(digests):
        raise document.error(("keys",), "the same key stands twice")

    def beside(file: Path | None) -> Path | None:
        return path.parent / file if file is not None else None

    return TownConfig(
        keys=tuple(key.as_api_key() for key in town.keys),
        code=town.code,
        name=town.name,
        public_url=town.public_url.rstrip("/"),
        listen=parse_listen(town.listen),
        data=beside(town.data),
        policy_file=beside(town.policy_file),
        signing_file=beside(town.signing_file),
        trust_file=beside(town.trust_file),
        loopback_only=any((key.key or "").startswith(SAMPLE_KEY) for key in town.keys),
    )

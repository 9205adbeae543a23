"""Strict reading of our own YAML files: duplicate keys and the classic traps are errors with file and line.

Traps refused because they load as something else than what was meant (YAML 1.1): ``21:30`` (the number 1290),
``on``/``off``/``yes``/``no`` (booleans), anchors and aliases (a small file can expand without end).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from ledsign.errors import ConfigError

MAX_BYTES = 256 * 1024
_SEXAGESIMAL = re.compile(r"^[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?$")
_BOOLEAN_WORDS = {"on", "off", "yes", "no"}

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A loaded document and the line of each of its values, by path such as ``("panels", 0, "name")``."""

    path: Path
    data: object
    lines: Mapping[Path_, int]

    def line(self, where: Path_) -> int:
        """Line (from 1) of the value at ``where``, or of its nearest parent."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def error(self, where: Path_, message: str) -> ConfigError:
        """A ConfigError that names file, line and key."""
        key = ".".join(str(part) for part in where)
        return ConfigError(f"{self.path}:{self.line(where)}: {key + ': ' if key else ''}{message}")


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Path_, int] = {}
        self.safe = yaml.constructor.SafeConstructor()

    def fault(self, node: yaml.Node, message: str) -> ConfigError:
        return ConfigError(f"{self.path}:{node.start_mark.line + 1}: {message}")

    def value(self, node: yaml.Node, where: Path_) -> object:
        self.lines[where] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*where, index)) for index, child in enumerate(node.value)]
        return self.scalar(node)

    def mapping(self, node: yaml.MappingNode, where: Path_) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or (
                key_node.style is None and key_node.value.lower() in _BOOLEAN_WORDS
            ):
                raise self.fault(key_node, "a key must be plain text (put on/off/yes/no in quotes)")
            key = str(key_node.value)
            if key in result:
                raise self.fault(key_node, f"key {key!r} stands twice")
            result[key] = self.value(value_node, (*where, key))
            self.lines[(*where, key)] = key_node.start_mark.line + 1
        return result

    def scalar(self, node: yaml.Node) -> object:
        if not isinstance(node, yaml.ScalarNode):
            raise self.fault(node, "unexpected YAML construct")
        if node.style is None and _SEXAGESIMAL.match(node.value):
            raise self.fault(node, f"{node.value} would load as a number; write it in quotes")
        if node.style is None and node.value.lower() in _BOOLEAN_WORDS:
            raise self.fault(node, f"{node.value} would load as a boolean; quote it, or write true/false")
        if node.style is None and node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        try:
            result: object = self.safe.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise self.fault(node, f"cannot read {node.value!r}") from error
        return result


class _PlainLoader(yaml.SafeLoader):
    """Refuses anchors and aliases while it composes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            mark = event.start_mark
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not allowed", problem_mark=mark)  # type: ignore[arg-type]
        return super().compose_node(parent, index)


def read_yaml(path: Path) -> YamlFile:
    """Read one document. Raises ConfigError naming file and line."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes")
        text = raw.decode("utf-8")
        node = yaml.compose(text, Loader=_PlainLoader)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(f"{path}{line}: {problem}") from error
    if node is None:
        return YamlFile(path, {}, {(): 1})
    reader = _Reader(path)
    return YamlFile(path, reader.value(node, ()), reader.lines)

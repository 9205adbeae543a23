"""Every text of a notice that can come onto a screen, with its place as a JSON pointer (RFC 6901)."""

from collections.abc import Iterator, Mapping

_TOP = ("title", "subtitle", "doc_number")
_INNER = {
    "display": ("digest",),
    "issuer": ("name",),
    "period": ("label",),
    "alert": ("event_name", "sender", "area_desc", "instruction", "relayed_by"),
    "correction": ("summary",),
}
_NO_TEXT = frozenset({"matrix", "sha256", "src"})  # modules, digests and addresses


def texts(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """``(where, text)`` in reading order: head, then body. The document need not be a proper notice."""
    for name in _TOP:
        value = document.get(name)
        if isinstance(value, str):
            yield f"/{name}", value
    for outer, names in _INNER.items():
        section = document.get(outer)
        if isinstance(section, Mapping):
            for name in names:
                value = section.get(name)
                if isinstance(value, str):
                    yield f"/{outer}/{name}", value
    yield from _strings(document.get("body"), "/body")


def _strings(value: object, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, f"{where}/{index}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _NO_TEXT:
                yield from _strings(item, f"{where}/{str(key).replace('~', '~0').replace('/', '~1')}")

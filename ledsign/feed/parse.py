"""From signed JSON to a ``Notice``: the only door. Nothing but RefusedError comes out of it."""

from collections.abc import Mapping

from pydantic import ValidationError

from ledsign import notice as n
from ledsign.errors import RefusedError
from ledsign.feed import scalars, wire
from ledsign.feed.integrity import canonical, digest_of
from ledsign.feed.strictjson import JsonObject, JsonValue, parse_json

__all__ = ["JsonObject", "JsonValue", "canonical", "digest_of", "parse_json", "parse_notice"]

SCHEMA = "ledsign.notice/1"
_REASONS = {
    scalars.FAULT_DATETIME: "schema:datetime",
    scalars.FAULT_WINDOW: "schema:window",
    scalars.FAULT_URL: "schema:url",
}
_SHOWN_FAULTS = 3


def check_schema(document: Mapping[str, object]) -> None:
    """Refuse a document of another schema before anything in it is believed."""
    name = document.get("schema")
    if not isinstance(name, str):
        raise RefusedError("schema", "member 'schema' is missing or no text")
    if name != SCHEMA:
        raise RefusedError("schema_unsupported", "not a ledsign.notice/1")


def parse_notice(document: Mapping[str, object]) -> n.Notice:
    """The notice as frozen values. Signature and policy are not looked at here.

    Raises RefusedError: schema_unsupported, schema, schema:datetime, schema:window, schema:url, empty_body.
    """
    check_schema(document)
    try:
        form = wire.Notice.model_validate(document)
    except ValidationError as error:
        raise _refusal(error) from None
    notice = form.build(digest_of(document))
    if notice.status is n.Status.PUBLISHED and not any(map(_visible, notice.body)):
        raise RefusedError("empty_body", "nothing in it can be shown")
    return notice


def _refusal(error: ValidationError) -> RefusedError:
    """One reason: a fault of form counts before a wrong date, window or address. No value is quoted."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    reasons = [_REASONS.get(fault["type"], "schema") for fault in faults]
    reason = "schema" if "schema" in reasons else reasons[0]
    places = [
        f"/{'/'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
        for fault, own in zip(faults, reasons, strict=True)
        if own == reason
    ]
    more = f" (+{len(places) - _SHOWN_FAULTS})" if len(places) > _SHOWN_FAULTS else ""
    return RefusedError(reason, "; ".join(places[:_SHOWN_FAULTS]) + more)


def _visible(block: n.Block) -> bool:
    """Whether the block would put anything on a screen."""
    match block:
        case n.Heading() | n.Paragraph() | n.UnknownBlock():
            return bool(block.text.strip())
        case n.ListBlock() | n.Steps():
            return any(item.strip() for item in block.items)
        case n.Signature():
            return False
        case _:
            return True

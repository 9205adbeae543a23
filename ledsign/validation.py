"""From a YAML file to checked values: every fault at once, each with file, line, key, and the nearest known key."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from ledsign.errors import ConfigError
from ledsign.i18n import _
from ledsign.yamlfile import Path_, YamlFile

M = TypeVar("M", bound=BaseModel)
_TYPES = {"str", "int", "float", "bool"}  # members of a union as pydantic names them


def validate(model: type[M], document: object, files: Sequence[YamlFile]) -> M:
    """The document as ``model``; ``files`` are where it came from, later ones win. Raises ConfigError."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise _explained(model, files, error) from error


def _explained(model: type[BaseModel], files: Sequence[YamlFile], error: ValidationError) -> ConfigError:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        where = _real(fault["loc"], files)
        source = next((file for file in reversed(files) if where in file.lines), files[0])
        message = fault["msg"]
        if fault["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(where[-1]), known_keys(model, where[:-1]), 1)
            message = _("unknown key") + (_("; did you mean {key!r}?").format(key=near[0]) if near else "")
        elif fault["type"] == "missing":
            message = _("this key is missing")
        lines.append(str(source.error(where, message)))
    return ConfigError("\n".join(dict.fromkeys(lines)))


def _real(loc: Sequence[str | int], files: Sequence[YamlFile]) -> Path_:
    """pydantic names the member of a union in the path; such a part stands in no file."""
    where: Path_ = ()
    for number, part in enumerate(loc):
        written = any((*where, part) in file.lines for file in files)
        missing = number == len(loc) - 1 and not isinstance(part, int) and part.islower() and part not in _TYPES
        if written or missing:
            where = (*where, part)
    return where


def known_keys(model: type[BaseModel], where: Path_) -> list[str]:
    """Keys that may stand at ``where``, following sections, lists and tables down from ``model``."""
    for part in where:
        if isinstance(part, int):
            continue
        names = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        nested = _sections(names.get(str(part)))
        if not nested:
            return []
        model = nested[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _sections(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _sections(argument)]


def mapping(file: YamlFile) -> Mapping[str, object]:
    """The file's document, which must be a mapping. Raises ConfigError."""
    if not isinstance(file.data, dict):
        raise file.error((), _("expected a mapping of keys"))
    return file.data

"""From plain data to models: pydantic's errors become problems with a place and a remedy."""

from __future__ import annotations

import re
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from watcher.config.models import ThresholdsSpec
from watcher.config.problems import choose, closest
from watcher.config.values import shown

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from watcher.config.document import Document, Path

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}
Top = TypeVar("Top", bound=BaseModel)


def validated(document: Document) -> ThresholdsSpec:
    """The models of the document.  What does not fit is reported and left out, so that the rest can be looked at."""
    return fitted(document, ThresholdsSpec)


def fitted(document: Document, top: type[Top]) -> Top:
    """The document as this model, whose own keys must all be optional; as `validated`."""
    while True:
        try:
            return top.model_validate(document.data)
        except ValidationError as failure:
            for error in sorted(failure.errors(include_url=False), key=_is_missing):
                _report(document, error, top)
            for path in {document.resolve(_unusable(error)) for error in failure.errors(include_url=False)}:
                document.prune(path)


def _is_missing(error: ErrorDetails) -> bool:
    """A key that is missing may be there under a wrong name: that is the mistake then."""
    return error["type"] == "missing"


def _unusable(error: ErrorDetails) -> Path:
    """What cannot be used: the value, or the mapping that lacks it."""
    return error["loc"][:-1] if _is_missing(error) else error["loc"]


def _report(document: Document, error: ErrorDetails, top: type[BaseModel]) -> None:
    path = error["loc"]
    if document.spoilt(document.resolve(path)):
        return
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        _report_unknown_key(document, path, top)
    elif kind == "missing":
        document.report(path[:-1], f"{path[-1]} is missing", "add it")
    elif kind == "watcher":
        document.report(path, f"{_name(document.resolve(path))}: {context['what']}", context["remedy"])
    elif kind == "literal_error":
        _report_choice(document, path, value, context["expected"])
    elif kind == "greater_than_equal":
        document.report(path, f"{_name(path)} is {shown(value)}", f"write {context['ge']} or more")
    elif kind in _KINDS:
        document.report(
            path, f"{_name(path)} must be {_KINDS[kind]}, not {_described(value)}", _type_remedy(kind, value)
        )
    else:
        document.report(path, f"{_name(path)} is wrong: {error['msg']}", "see `watcher schema` for what may stand here")


def _name(path: Path) -> str:
    return next((str(step) for step in reversed(path) if isinstance(step, str)), "the file")


def _described(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return shown(value)
    return f"the number {value}" if isinstance(value, int | float) else f"the text {shown(value)}"


def _type_remedy(kind: str, value: object) -> str:
    if kind == "string_type" and not isinstance(value, dict | list | tuple):
        return f'put it in quotes: "{shown(value)}"'
    if kind == "tuple_type":
        return "write it as a list: - ... for each element"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return "write key: value pairs, indented below it or in {}"
    return {"int_type": "write digits without quotes and fraction", "bool_type": "write true or false"}.get(
        kind, "write one value"
    )


def _report_choice(document: Document, path: Path, value: object, expected: str) -> None:
    known = re.findall(r"'([^']*)'", expected) or expected.split(" or ")
    document.report(
        path, f"{_name(path)} cannot be {_described(value).removeprefix('the text ')}", choose(str(value), known)
    )


def _report_unknown_key(document: Document, path: Path, top: type[BaseModel]) -> None:
    key = str(path[-1])
    known = _keys_of(_model_at(path[:-1], top))
    document.report(path, f"unknown key {shown(key)}{_inside(path[:-1])}", choose(key, known), at_key=True)
    meant = closest(key, known)
    if meant is not None:
        document.misspelt((*path[:-1], meant))


def _inside(path: Path) -> str:
    names = [str(step) for step in path if isinstance(step, str)]
    return f" in {'.'.join(names)}" if names else ""


def _keys_of(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(path: Path, top: type[BaseModel]) -> type[BaseModel]:
    """The model that stands at `path` of the file."""
    model: Any = top
    for step in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
            model = _unwrapped(fields[str(step)])
        else:
            model = _unwrapped(get_args(model)[-1 if get_origin(model) is dict else 0])
    return model  # type: ignore[no-any-return]


def _unwrapped(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        return _unwrapped(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return _unwrapped(next(choice for choice in get_args(annotation) if choice is not type(None)))
    return annotation

"""What the models of the thresholds file are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, WithJsonSchema
from pydantic.alias_generators import to_camel

from watcher.config.values import shown, wrong

_GLOBS_SCHEMA = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
    "examples": ["shop-*", ["shop", "payments"]],
}


def one_or_many(value: Any) -> Any:
    """A list, of which a single text is the short form."""
    if value == []:
        raise wrong("the list is empty", "name one at least, or remove the key")
    if isinstance(value, int | float):
        raise wrong(f"{shown(value)} is not text", f'put it in quotes: "{shown(value)}"')
    return [value] if isinstance(value, str) else value


Globs = Annotated[tuple[str, ...], BeforeValidator(one_or_many), WithJsonSchema(_GLOBS_SCHEMA)]
Count = Annotated[StrictInt, Field(ge=1)]


class Spec(BaseModel):
    """A mapping of the file: unknown keys are refused, values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, regex_engine="rust-regex")


def described(
    text: str,
    default: str | int | bool | None = None,  # noqa: FBT001 - a default is not a switch
    alias: str | None = None,
    examples: list[str | int] | None = None,
) -> Any:
    """An optional key, with what holds when it is not written."""
    extra: dict[str, Any] = {} if default is None else {"default": default}
    extra |= {} if examples is None else {"examples": examples}
    return Field(default=None, description=text, json_schema_extra=extra, alias=alias)

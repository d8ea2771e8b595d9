"""Names the type of a field for the generated reference."""

from collections.abc import Collection, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, SecretStr

from deploy.docs.markdown import code

NAMES: Mapping[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "yes or no",
    SecretStr: "secret",
    AwareDatetime: "time with its zone",
}
BY_CLASS: Mapping[str, str] = {
    "UUID": "UUID",
    "Path": "file",
    "HttpUrl": "address",
    "IPvAnyNetwork": "network",
    "datetime": "time with its zone",
    "BaseModel": "JSON object",
}


def type_name(kind: Any) -> str:  # noqa: ANN401  any annotation
    """Return a type in words; an optional type is named by its other type."""
    if kind in NAMES:
        return NAMES[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return type_name(arguments[0])
    if origin in {Union, UnionType}:
        return " or ".join(type_name(each) for each in arguments if each is not NoneType)
    if origin is Literal:
        return ", ".join(code(each) for each in arguments)
    return _class_name(origin or kind, arguments)


def _class_name(kind: type, arguments: tuple[Any, ...]) -> str:
    if issubclass(kind, Mapping):
        return "JSON object"
    if arguments and issubclass(kind, Collection):
        return f"list of {type_name(arguments[0])}"
    if issubclass(kind, Enum):
        return ", ".join(code(each.value) for each in kind)
    return next(
        (name for key, name in BY_CLASS.items() if any(each.__name__ == key for each in kind.__mro__)),
        kind.__name__,
    )

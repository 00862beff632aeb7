"""Content files: YAML read strictly into frozen models, every error with file and line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from evaluators.errors import ContentError

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # pragma: no cover - PyYAML built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

Model = TypeVar("Model", bound=BaseModel)
MOST_VALUES = 100_000  # in one file, with every alias written out; our largest has some thousands


class Content(BaseModel):
    """Base of every model read from `data/`: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(Content):
    """One text in Simplified Chinese and English; both are always present."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        return self.en if language == "en" else self.zh


def read(path: Path, model: type[Model]) -> Model:
    """Read one YAML file as `model`; raises ContentError naming the first bad line."""
    node = _compose(path)
    try:
        return model.model_validate(_plain(path, node))
    except ValidationError as error:
        found = error.errors(include_url=False)
        # An unknown key is most often a misspelt one: saying which is missing would mislead.
        first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
        where = ".".join(str(part) for part in first["loc"])
        said = f"{where}: {_said(first)}" if where else _said(first)
        raise ContentError(path, _line(node, first["loc"]), said) from error


_SAID = {
    "missing": "this field is missing",
    "extra_forbidden": "there is no field of this name",
    "string_type": "this is to be text",
    "bool_type": "this is to be true or false",
    "list_type": "this is to be a list",
    "tuple_type": "this is to be a list",
    "finite_number": "this is to be a finite number",
    "greater_than": "this is to be more than {gt}",
    "greater_than_equal": "this is to be at least {ge}",
    "less_than": "this is to be less than {lt}",
    "less_than_equal": "this is to be at most {le}",
    "literal_error": "this is to be {expected}",
    "string_too_short": "this is to have at least {min_length} characters",
    "string_too_long": "this is to have at most {max_length} characters",
    "too_short": "this is to have at least {min_length} entries",
    "too_long": "this is to have at most {max_length} entries",
    "string_pattern_mismatch": "this is not written as it is to be",
    "value_error": "{error}",
}
_KINDS = {
    "int": "this is to be a whole number",
    "float": "this is to be a number",
    "decimal": "this is to be a number",
    "bool": "this is to be true or false",
    "model": "this is to be fields with their values, each as `name: value`",
    "dict": "this is to be fields with their values, each as `name: value`",
    "mapping": "this is to be fields with their values, each as `name: value`",
    "date": "this is to be a date",
    "datetime": "this is to be a date and time",
    "time": "this is to be a time of day, such as 09:30",
}


def _said(each: Mapping[str, Any]) -> str:
    """What is wrong with a value, for whoever wrote it: no word of the library's classes."""
    kind = str(each["type"])
    words = _SAID.get(kind) or _KINDS.get(kind.split("_")[0])
    if words is None:
        return str(each["msg"])
    said = words.format_map(dict(each.get("ctx") or {}))
    plain = isinstance(each["input"], str | int | float | bool)
    return f"{said}, not {each['input']!r}" if plain and kind in _SHOWN else said


_SHOWN = frozenset(
    {"int_type", "int_parsing", "int_from_float", "float_type", "float_parsing", "bool_parsing"}
    | {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "literal_error"}
    | {"string_type", "finite_number", "string_pattern_mismatch", "list_type", "tuple_type"}
)


def line_of(path: Path, *loc: str | int) -> int:
    """The 1-based line of the value at `loc` (keys and indexes from the top of the file)."""
    return _line(_compose(path), loc)


def _compose(path: Path) -> yaml.Node:
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContentError(path, line, error.problem or "not YAML") from error
    except UnicodeDecodeError as error:
        raise ContentError(path, 1, "the file is not UTF-8 text") from error
    except OSError as error:
        raise ContentError(path, 1, error.strerror or str(error)) from error
    except yaml.YAMLError as error:
        raise ContentError(path, 1, str(error)) from error
    if node is None:
        raise ContentError(path, 1, "the file is empty")
    _refuse_too_much(path, node)
    return node


def _refuse_too_much(path: Path, top: yaml.Node) -> None:
    """A few lines of `*name` can stand for billions of values, or for themselves."""
    left, count = [top], 0
    while left:
        node = left.pop()
        count += 1
        if count > MOST_VALUES:
            line = node.start_mark.line + 1
            raise ContentError(path, line, f"the file stands for more than {MOST_VALUES} values")
        if isinstance(node, yaml.MappingNode):
            left += [each for pair in node.value for each in pair]
        elif isinstance(node, yaml.SequenceNode):
            left += node.value


def _plain(path: Path, node: yaml.Node) -> Any:
    """Nodes as Python values; scalars keep YAML's types, a repeated key is an error."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, Any] = {}
        for key, value in node.value:
            if key.value in seen:
                raise ContentError(path, key.start_mark.line + 1, f"{key.value!r} appears twice")
            seen[key.value] = _plain(path, value)
        return seen
    if isinstance(node, yaml.SequenceNode):
        return [_plain(path, child) for child in node.value]
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    constructor = _CONSTRUCTORS.get(node.tag)
    return constructor(node) if constructor else node.value


_MAKER = yaml.constructor.SafeConstructor()
_CONSTRUCTORS: Mapping[str, Any] = {
    "tag:yaml.org,2002:int": _MAKER.construct_yaml_int,
    "tag:yaml.org,2002:float": _MAKER.construct_yaml_float,
    "tag:yaml.org,2002:timestamp": _MAKER.construct_yaml_timestamp,
    "tag:yaml.org,2002:null": _MAKER.construct_yaml_null,
    # yes/no/on/off are answers in this field, so only true/false are booleans
    "tag:yaml.org,2002:bool": lambda node: (
        node.value.lower() == "true" if node.value.lower() in {"true", "false"} else node.value
    ),
}


def _line(node: yaml.Node, loc: tuple[str | int, ...]) -> int:
    """Follow `loc` as far as it goes; a missing key points at its parent."""
    for part in loc:
        child = _child(node, part)
        if child is None:
            break
        node = child
    return int(node.start_mark.line) + 1


def _child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child
    return None

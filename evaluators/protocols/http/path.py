"""Ways into decoded documents: `messages.0.status`. Pure."""

from collections.abc import Callable
from typing import Any, TypeAlias

Getter: TypeAlias = Callable[[Any], Any]


def getter(path: str) -> Getter:
    """What stands at `path`, None where there is nothing; the document itself for an empty one."""
    steps = tuple(int(step) if step.isdigit() else step for step in path.split(".")) if path else ()
    if len(steps) == 1 and isinstance(steps[0], str):
        name = steps[0]
        return lambda document: document.get(name) if isinstance(document, dict) else None

    def get(document: Any) -> Any:
        for step in steps:
            document = _step(document, step)
        return document

    return get


def written(value: Any) -> str:
    """A value as people and tables write it: true, 22, OK; nothing for None."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def _step(document: Any, step: str | int) -> Any:
    if isinstance(document, dict):
        return document.get(str(step))
    if isinstance(document, list) and isinstance(step, int) and step < len(document):
        return document[step]
    return None

"""A filed template: which values a text puts into its variables. Pure.

Vendors that send only filed texts want the template's id and the values; a test has the whole
text. A text that is not the filed one is refused here, before anything leaves.
"""

import re
from json.encoder import encode_basestring as quoted
from typing import NamedTuple

_SIGNATURE = re.compile(r"【([^】]*)】")


class Variables(NamedTuple):
    """As JSON: an object by name, and a list in the order of the text, or of numbered names."""

    named: str
    listed: str


def parted(text: str) -> tuple[str, str]:
    """The 【signature】 in front, with its brackets and perhaps empty, and the text after it."""
    found = _SIGNATURE.match(text)
    return (found[0], text[found.end() :]) if found else ("", text)


class Filed:
    """One filed text. `variable` is the vendor's way of writing one, with the group name."""

    def __init__(self, filed: str, variable: str) -> None:
        pattern = re.compile(variable)
        names: list[str] = []
        parts: list[str] = []
        at = 0
        for found in pattern.finditer(filed):
            names.append(found["name"])
            parts += (re.escape(filed[at : found.start()]), "(.+?)")
            at = found.end()
        parts.append(re.escape(filed[at:]))
        self._text = re.compile("".join(parts), re.DOTALL)
        once = list(dict.fromkeys(names))
        if all(name.isdigit() for name in once):
            once.sort(key=int)
        self._wanted = [names.index(name) for name in once]
        named = ",".join(quoted(name).replace("%", "%%") + ":%s" for name in once)
        self._named, self._listed = f"{{{named}}}", f"[{','.join(['%s'] * len(once))}]"

    def read(self, body: str) -> Variables:
        """The values in a text; ValueError where it is not the filed one."""
        found = self._text.fullmatch(body)
        if found is None:
            raise ValueError("the text is not the one filed as template")
        groups = found.groups()
        values = tuple([quoted(groups[at]) for at in self._wanted])
        return Variables(self._named % values, self._listed % values)

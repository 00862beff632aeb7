"""What the texts and names of a plan may hold: refused with a sentence for whoever wrote them."""

import re
import unicodedata
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

PLACE = "{token}"
_PLACES = re.compile(r"\{[^{}]*\}|[{}]")


def _plain(text: str) -> str:
    for char in text:
        if char != "\n" and unicodedata.category(char) in {"Cc", "Cs"}:
            raise _refused(
                f"The character U+{ord(char):04X} cannot be sent or shown; remove it."
                f" 字符 U+{ord(char):04X} 不能发送也不能显示，请删去。"
            )
    return text


def _one_line(text: str) -> str:
    if "\n" in text:
        raise _refused("It must be one line. 只能是一行。")
    return _plain(text)


def _message(text: str) -> str:
    if text.count(PLACE) != 1:
        raise _refused("The text must hold {token} exactly once. 文本里要有且只有一个 {token}。")
    if found := _PLACES.search(text.replace(PLACE, "")):
        raise _refused(
            f"Nothing fills in {found[0]}: only {PLACE} is. Write the text as a handset is to show"
            f" it. {found[0]} 没有内容可填，只有 {PLACE} 会被替换；请写成手机上要显示的原文。"
        )
    return _plain(text)


def _signature(text: str) -> str:
    if found := re.search(r"[{}【】]", text):
        raise _refused(
            f"A signature holds no {found[0]}: write it without brackets, as it is filed."
            f" 签名里不能有 {found[0]}：按报备填写，不带括号。"
        )
    return _one_line(text)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise _refused(
            f"There is no time zone {name!r}; write one such as Asia/Shanghai."
            f" 没有时区 {name!r}，请写成 Asia/Shanghai 这样的名称。"
        ) from error
    return name


def _refused(sentence: str) -> PydanticCustomError:
    # A template of pydantic's: what stands in braces would be filled in.
    return PydanticCustomError("unfit", "{sentence}", {"sentence": sentence})


Text = Annotated[str, AfterValidator(_message)]
"""A message with `{token}` once, and no other place to be filled in."""

Line = Annotated[str, AfterValidator(_one_line)]
"""One line without control characters."""

Signature = Annotated[str, AfterValidator(_signature)]

Zone = Annotated[str, AfterValidator(_zone)]
"""A time zone there is, such as Asia/Shanghai."""

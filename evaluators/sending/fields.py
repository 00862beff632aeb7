"""What the texts and names of a plan may hold: refused with a sentence for whoever wrote them."""

import re
import unicodedata
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

PLACE = "{token}"
FASTEST = 1_000_000  # messages per second; more is a slip of the pen
SLOWEST = 1 / 86_400
CHEAPEST, DEAREST = 0.0001, 1_000  # CNY a part
LONGEST_SENDER = 21  # what the longest of the protocols takes
PANELS = frozenset({"listed", "simulated"})
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


def _sender(text: str) -> str:
    if found := re.search(r"[^0-9A-Za-z+ ._-]", text):
        raise _refused(
            f"A sender number holds no {found[0]!r}: only letters, digits, + - . _ and spaces."
            f" 发送号码里不能有 {found[0]!r}：只用字母、数字、+ - . _ 和空格。"
        )
    if len(text) > LONGEST_SENDER:
        raise _refused(
            f"A sender number has at most {LONGEST_SENDER} characters."
            f" 发送号码最多 {LONGEST_SENDER} 个字符。"
        )
    return text


def _slowing(status: int) -> int:
    if status == 0:
        raise _refused(
            "0 means accepted and cannot mean “slow down”; leave it out of `throttled`."
            " 0 表示已受理，不能当作限流，请从 throttled 里去掉。"
        )
    return status


def _rate(rate: float) -> float:
    if not SLOWEST <= rate <= FASTEST:
        raise _refused(
            f"A rate is from {SLOWEST:.6f} (one a day) to {FASTEST} messages a second, not"
            f" {rate:g}. 速率在每秒 {SLOWEST:.6f} 条（每天一条）到 {FASTEST} 条之间，"
            f"不能是 {rate:g}。"
        )
    return rate


def _price(price: float) -> float:
    if price != 0 and not CHEAPEST <= price <= DEAREST:
        raise _refused(
            f"A price is 0, or from {CHEAPEST} to {DEAREST} CNY a part, not {price:g}."
            f" 单价是 0，或每条 {CHEAPEST} 到 {DEAREST} 元，不能是 {price:g}。"
        )
    return price


def _panel(name: str) -> str:
    if name not in PANELS:
        raise _refused(
            f"There is no panel {name!r}; write listed, or leave it out."
            f" 没有号码组 {name!r}：写 listed，或不写。"
        )
    return name


def _refused(sentence: str) -> PydanticCustomError:
    # A template of pydantic's: what stands in braces would be filled in.
    return PydanticCustomError("unfit", "{sentence}", {"sentence": sentence})


Text = Annotated[str, AfterValidator(_message)]
"""A message with `{token}` once, and no other place to be filled in."""

Line = Annotated[str, AfterValidator(_one_line)]
"""One line without control characters."""

Signature = Annotated[str, AfterValidator(_signature)]

Sender = Annotated[Line, AfterValidator(_sender)]
"""A sender number, or a name abroad."""

Slowing = Annotated[int, AfterValidator(_slowing)]
"""A status that means "slow down"."""

Rate = Annotated[float, AfterValidator(_rate)]
"""Messages per second, at least one a day."""

Price = Annotated[float, AfterValidator(_price)]
"""CNY a part; 0 where nothing is charged."""

PanelName = Annotated[str, AfterValidator(_panel)]

Zone = Annotated[str, AfterValidator(_zone)]
"""A time zone there is, such as Asia/Shanghai."""

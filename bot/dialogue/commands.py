"""The words that steer the conversation, in both languages, with or without a slash."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from knowledge.text import normalise

ALONE: dict[str, tuple[str, ...]] = {
    "why": (
        *("why", "为什么", "为何", "为什么问", "为什么问这个", "为什么要问这个", "这题什么意思"),
        *(
            "怎么证明",
            "要怎么证明",
            "要什么材料",
            "要什么证据",
            "why do you ask",
            "why do you ask this",
        ),
        *("what does this question mean", "how can they prove it", "what evidence is needed"),
    ),
    "back": ("back", "返回", "上一题", "后退", "回去"),
    "status": (
        *("status", "进度", "状态", "到哪了", "还剩几题", "还有几题", "还剩多少题", "还有多少题"),
        *("how many questions are left", "how many left", "how many are left"),
    ),
    "thanks": ("谢谢", "谢谢你", "谢谢您", "多谢", "谢了", "thanks", "thank you", "thx"),
    "evidence": ("evidence", "证据", "材料"),
    "stop": ("stop", "停", "停止", "停下", "暂停", "pause"),
    "help": ("help", "帮助", "菜单", "start", "?", "？", "h"),
    "list": ("list", "列表", "全部评估"),
    "greeting": ("你好", "您好", "在吗", "早", "早上好", "晚上好", "hi", "hello", "hey", "嗨"),
    "continue": ("continue", "继续", "go on", "resume", "next", "下一题"),
    "test": ("test", "测试", "实测", "发送测试"),
    "fault": ("fault", "故障开始", "通道断了"),
    "replied": ("opted out", "已回复退订", "已退订"),
    "restored": ("restored", "故障恢复", "通道恢复"),
    "report": ("report", "报告", "评分", "scorecard", "score", "结果"),
    "full": ("full", "完整", "完整评估"),
    "scope": ("scope", "范围", "重定范围"),
    "everything": ("all", "全部题", "全部问题"),
    "mine": ("mine", "只看我的", "我的部分"),
    "new": ("new", "新建"),
    "prescreen": ("prescreen", "预筛"),
    "change": ("change", "改", "修改"),
    "switch": ("switch", "切换"),
    "web": ("web", "网页", "网页登录"),
    "drill": ("drill", "演练", "主备切换演练"),
    "reminders": ("reminders", "提醒"),
}
WITH: dict[str, tuple[str, ...]] = {
    "change": ("change", "改", "修改"),
    "switch": ("switch", "切换到", "切换"),
    "new": ("new", "新建", "评估"),
    "prescreen": ("prescreen", "预筛"),
    "goto": ("go to", "goto", "去"),
    "ask": ("ask", "问一下", "问"),
    "source": ("source", "guidance", "指引", "来源"),
    "language": ("language", "语言", "lang"),
    "test": ("test", "测试"),
    "evidence_to": ("evidence to", "证据归"),
    "reminder": ("reminder", "提醒"),
    "expires": ("expires", "到期"),
    "timezone": ("timezone", "时区"),
    "hours": ("working hours", "工作时间"),
}
ASKED = frozenset({"why", "status"})  # which may end in a question mark
MOST_WORDS = 2  # of an English name without a slash; `/new Blue Ocean Telecom` takes more
_FORMS = {  # of what follows; anything else is an answer
    "reminder": r"\d",
    "expires": r"(?:第\s*)?\d{1,3}\s*题?\s+\S",
    "timezone": r"[A-Z]\w+(?:/[\w+-]+)*$|\w{2,4}$",
    "hours": r"\d{1,2}(?:[:：点]\d{0,2})?\s*(?:-|–|—|~|到|至|to)\s*\d",
}
_NUMBER = re.compile(r"^(?:第)?\s*(\d{1,5})\s*(?:题)?$")

_BELOW = re.compile(r"[-−－]\s*\d{1,5}$")  # fewer messages than none


@dataclass(frozen=True)
class Command:
    """A steering word and what follows it."""

    name: str
    rest: str = ""

    @property
    def number(self) -> int | None:
        """The question number that follows, as in `改 7` or `change 7`."""
        found = _NUMBER.match(self.rest)
        return int(found.group(1)) if found else None


def read(text: str, tests: Collection[str] = ()) -> Command | None:
    """The command in `text`, None where it is something else; `tests` are the names of tests."""
    plain = text.strip()
    bare = normalise(plain.removeprefix("/").strip()).rstrip("。.!~")
    for name, words in ALONE.items():
        if bare in words or (name in ASKED and bare.rstrip("?") in words):
            return Command(name)
    lowered = plain.removeprefix("/").strip()
    for name, words in WITH.items():
        for word in words:
            if rest := _after(lowered, word, slash=plain.startswith("/")):
                command = Command(name, rest)
                if plain.startswith("/") or _fits(command, tests):
                    return command
    return None


def _fits(command: Command, tests: Collection[str]) -> bool:
    """Whether what follows can be meant so: "test account is available" is an answer."""
    if command.name == "test" and (command.rest.lower() in tests or _BELOW.match(command.rest)):
        return True
    if command.name in {"change", "goto", "evidence_to", "test"}:
        return command.number is not None
    if command.name == "source":
        return re.fullmatch(r"[a-z0-9-]+(#[a-z0-9-]+)?", command.rest) is not None
    if command.name == "language":
        return len(command.rest) <= len("english")
    if form := _FORMS.get(command.name):
        return re.match(form, command.rest) is not None
    return not command.rest.isascii() or len(command.rest.split()) <= MOST_WORDS


def _after(text: str, word: str, *, slash: bool) -> str:
    """What follows `word`; without a slash a space (or a number) must part them."""
    if not text.lower().startswith(word):
        return ""
    rest = text[len(word) :]
    if slash or rest[:1] in {" ", "\u3000", ":", "："} or _NUMBER.match(rest.strip()):
        return rest.strip(" \u3000:：")
    return ""

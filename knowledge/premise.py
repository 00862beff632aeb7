"""Questions that assert something: agreed with, corrected or left open, by the facts alone.

Nothing is known here about any one subject. A figure that is asserted is looked up among the facts
of the passages found, clause by clause; agreement needs a clause that surely speaks of the same
thing, a correction needs the figure to be in none of them. In between nothing is claimed: the words
of the guidance are shown and said to be its words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from knowledge.extract import Weigh, shared
from knowledge.figures import Figure, figures
from knowledge.pages import Fact
from knowledge.text import is_chinese, normalise, runs

Verdict = Literal[
    "holds",  # a fact that is in force says so
    "not said",  # no fact found says so
    "not enough",  # something is said to suffice, which no fact found says
    "superseded",  # a former rule said so
    "not law",  # the figure is ours, no law's
    "enough",  # the figure reaches every line that may be meant
    "too little",
    "within",  # the figure stays under every line that may be meant
    "beyond",
    "open",  # asserted, and neither to be confirmed nor denied with certainty
]

_TAG = re.compile(
    r"(?:[,，、 ]*(?:对[吧吗]|对不对|是吧|是不是|没错吧|是?真的吗|就?行了吧|就够了?吧|吧))+"
    r"[?？。!！ ]*$"
    r"|[, ]*(?:(?:is (?:it|that) )?(?:right|correct|true)|isn'?t (?:it|that so)|yes|no)[?. !]*$"
    r"|^(?:is it (?:true|right|correct) that|so) "
)
_MODAL = re.compile(
    r"(?:要|得|必须|应该?|至少|最多|不能超过|规定|要求|是|为)[^,，。?？]*吗[?？ ]*$"
)
_GUIDANCE = re.compile(
    r"(?:你们?的?|这个?)?指引(?:里面?|上|中)?(?:明确)?(?:是|都)?(?:说|写|要求|规定|提到)(?:了|的是?)?"
    r"|the guidance (?:says|requires|states|asks for)(?: that)?"
)
_LAW = re.compile(
    r"(?:国家|中国)?(?:法律|法规|国标|条例|工信部|监管|国家)(?:里|上|中|部门)?(?:明文|明确|强制)?(?:都|是|已经)?"
    r"(?:有)?(?:规定|要求|说|写)(?:了|的是?)?|法定|依法"
    r"|(?:the )?(?:law|regulations?|rules?|miit)(?: in china)? (?:says?|requires?|states?|demands?)"
    r"(?: that)?|legally|by law|statutory"
)
_OTHERS = re.compile(
    r"对方|供应商|厂[商家]|服务商|销售|客服|他们?说|人家|听说|我们|我方|咱们"
    r"|\b(?:vendors?|they|he|she|sales|our|we|supplier)\b"
)
_OPEN = re.compile(
    r"什么|怎么|怎样|如何|多少|多久|多长|哪|谁|为何|几(?!乎)|\b(?:how|what|which|when|who|why|where)\b"
)
_NOT = re.compile(
    r"不用|不必|不需要|没有?(?!错)|无需|别|不能|不会|不是|未|免|\b(?:not|no|never|without|don'?t|n't)\b"
)
_ASKS_WHETHER = re.compile(
    r"是不是|对不对|够不够|行不行|算不算|可不可以|不(?:低于|超过|少于|高于|小于|大于)|不够"
)
_SUFFICES = re.compile(
    r"(?:就|便)(?:可以|行|够|好|成|算数|没问题)|够了|足够"
    r"|(?:is|are|be) (?:enough|sufficient)|suffices?\b|will do\b"
)
_PASSES = re.compile(
    r"够不?够?|算|行|合格|达标|及格|可以|过关|过得去|正常|慢|快|高|低|贵|便宜|久|好"
    r"|\b(?:enough|acceptable|ok|okay|good|fine|pass(?:es)?|slow|fast|high|low|bad|too|normal)\b"
)
_LEAST = re.compile(r"不低于|不少于|不小于|至少|以上|≥|at least|no less than|minimum")
_MOST = re.compile(
    r"不超过|不高于|不大于|不多于|至多|最多|以内|之内|内|≤|at most|within|no more than|up to"
)
# a clause with one of these quotes somebody, tells of the past, or counts a sample: it sets no rule
_DOUBTFUL = re.compile(
    r"旧|曾|原来|取代|失效|例|虚构|宣传|没说|没有|不是|不算|不能|不作|改成|对方|只报|误|坏|p\d\d|置信|区间"
    r"|\b(?:old|former|superseded|example|fictional|advert\w*|not|no|told|interval|confidence|bad)\b"
)
# what every such question says, whatever it is about
_COMMON = re.compile(
    r"短信|是不是|不(?:低于|少于|超过|高于)|要求|必须|需要|应[该当]|至少|最少|最多|以[上下内]|之内"
    r"|[行够算]不[行够算]|可不可以|合格|达标|算?[慢快高低贵]|[要得需在是的了都就才为算行够吗吧]"
    r"|\b(?:sms|messages?|the|is|are|it|must|should|at least|at most|have to|has to|be|of|for|to)\b"
)
_QUANTITY = re.compile(
    r"(?:\d+(?:\.\d+)?|[一二两三四五六七八九十百千万半]+)"
    r"\s*(?:%|个?工作日|个?月|小时|分钟|[年天秒条元倍家位级次台个]|months?|days?|minutes?|seconds?)"
    r"|百分之[一二三四五六七八九十]+|\d+(?:\.\d+)?"
)
SURE, LIKELY = 0.7, 0.5  # of what a question speaks of, in the fact that agrees or is compared with
_QUOTED = re.compile(r"「[^」]*」")  # others' words, which set no rule
_CLAUSES = re.compile(r"[,，、;；。:：()（）「」]|\.(?= |$)")


@dataclass(frozen=True)
class Claim:
    """What a question takes for granted or asks to have compared."""

    figures: frozenset[Figure]
    asserted: bool  # asks to be agreed with; otherwise whether its figure passes
    law: bool = False  # and calls it law
    suffices: bool = False  # and says that something is enough
    certain: bool = True  # neither negated nor somebody else's words


@dataclass(frozen=True)
class Judgement:
    """The verdict and the facts (their positions) it rests on."""

    verdict: Verdict
    facts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Ground:
    """A fact with what its sources make of it."""

    fact: Fact
    official: bool  # a source of an authority
    interested: bool  # its author gains by our believing it
    found: bool = True  # of the passage found, not of one beside it


def claim(question: str) -> Claim | None:
    """What the question asserts or wants compared; None for one that simply asks."""
    plain = normalise(question).strip()
    named = frozenset(figure for figure in figures(plain) if figure.unit != "级")  # a name
    tagged = _TAG.search(plain) is not None
    law = _LAW.search(plain) is not None
    open_ended = _OPEN.search(_TAG.sub("", plain)) is not None
    if open_ended and not tagged:
        return None
    if not tagged and len(named) == 1 and _PASSES.search(plain) and not law:
        return Claim(named, asserted=False, certain=not _negated(plain))
    attributed = law or _GUIDANCE.search(plain) is not None
    if not (tagged or (named and _MODAL.search(plain)) or (attributed and named)):
        return None
    certain = not _negated(plain) and (attributed or _OTHERS.search(plain) is None)
    suffices = _SUFFICES.search(plain) is not None
    return Claim(named, asserted=True, law=law, suffices=suffices, certain=certain)


def attributed(question: str) -> bool:
    """Whether it tells what the guidance or the law says, and wants to hear that it does."""
    plain = normalise(question).strip()
    says = _GUIDANCE.search(plain) or _LAW.search(plain)
    return bool(says) and _TAG.search(plain) is not None


def calls_it_law(question: str) -> bool:
    """Whether it asks if an answer is law, as in `这是法规吗`."""
    return (
        re.search(r"法|国家|官方|强制|硬性|\blaw|legal|official", normalise(question)) is not None
    )


def subject(question: str) -> str:
    """The question without who is said to have said it and without asking for agreement."""
    plain = normalise(question).strip()
    for pattern in (_TAG, _GUIDANCE, _LAW):
        plain = pattern.sub(" ", plain)
    return plain.strip() or question


def judge(claim: Claim, question: str, grounds: Sequence[Ground], weigh: Weigh) -> Judgement:
    """`grounds` are those of the passage first found, then those of others near it."""
    measure = _Measure(claim, grounds, subject(question), weigh)
    if not claim.asserted:
        return measure.compared()
    if not claim.certain:
        return Judgement("open")
    if claim.suffices:
        said = any(_SUFFICES.search(normalise(_both(ground.fact))) for ground in grounds)
        return Judgement("open") if said else Judgement("not enough", measure.nearest())
    if claim.figures:
        return measure.looked_up()
    if claim.law and not any(ground.official for ground in grounds):
        return Judgement("not law", measure.nearest())
    return Judgement("open")


@dataclass(frozen=True)
class _Clause:
    fact: int
    text: str
    figures: frozenset[Figure]


@dataclass(frozen=True)
class _Measure:
    """A claim beside the facts it is measured with."""

    claim: Claim
    grounds: Sequence[Ground]
    spoken: str
    weigh: Weigh

    @cached_property
    def wanted(self) -> dict[str, float]:
        return self.weigh(self.spoken)

    @property
    def facts(self) -> list[Fact]:
        return [ground.fact for ground in self.grounds]

    def looked_up(self) -> Judgement:
        """Whether the figures asserted stand in the facts, and in what role."""
        holding = [n for n, fact in enumerate(self.facts) if self._holds(fact)]
        if not holding:
            nearest = self.nearest()
            official = any(self.grounds[number].official for number in nearest)
            return Judgement("not law" if self.claim.law and not official else "not said", nearest)
        for number in holding:
            former = self.facts[number].superseded_by is not None
            if former and not self._of_another(number, holding):
                return Judgement("superseded", (number,))
        if self.claim.law and not any(self.grounds[n].official for n in holding):
            return Judgement("not law", (holding[0],))
        sure = [c.fact for c in self._clauses() if self._says_so(c)]
        return Judgement("holds", (sure[0],)) if sure else Judgement("open")

    def _of_another(self, former: int, holding: Sequence[int]) -> bool:
        """Whether the figure is asserted of something else than the former rule speaks of."""
        rule = {self.facts[former].id, self.facts[former].superseded_by}
        own = max(self._covered(n) for n, fact in enumerate(self.facts) if fact.id in rule)
        rest = (self._covered(n) for n in holding if self.facts[n].id not in rule)
        return own < LIKELY and max(rest, default=0.0) >= SURE

    def compared(self) -> Judgement:
        """Whether one figure passes all the lines that may be meant, or none of them."""
        (figure,) = self.claim.figures
        lines = [c for c in self._clauses() if self._is_line(c, figure.unit)]
        best = max((self._share(line.text) for line in lines), default=0.0)
        meant = [line for line in lines if self._share(line.text) >= best]
        meant = [line for line in meant if self._covered(line.fact) >= LIKELY]
        verdicts = {_passes(figure, line) for line in meant}
        doubtful = any(self._has_percentiles(line.fact) for line in meant)
        if len(verdicts) != 1 or doubtful or not self.claim.certain:
            return Judgement("open")
        return Judgement(verdicts.pop(), (meant[0].fact,))

    def nearest(self) -> tuple[int, ...]:
        """The fact that says most of what is spoken of, one with a figure of its kind first.

        What an interested source says is followed by what we hold ourselves.
        """
        units = {figure.unit for figure in self.claim.figures}

        def fits(number: int) -> tuple[float, float]:
            statement = self.facts[number].statement.zh
            alike = units & {figure.unit for figure in figures(statement)}
            share = shared(_both(self.facts[number]), self.wanted, self.weigh)
            nearer = 1.5 if self.grounds[number].found else 1.0
            return (share * nearer * (1.5 if alike else 1.0), -number)

        order = sorted(range(len(self.facts)), key=fits, reverse=True)
        own = [n for n in order if not self.grounds[n].interested and fits(n)[0] > 0]
        return tuple(order[:1] if order[0] in own else order[:1] + own[:1])

    def _holds(self, fact: Fact) -> bool:
        return self.claim.figures <= figures(fact.statement.zh) | figures(fact.statement.en)

    def _says_so(self, clause: _Clause) -> bool:
        """Whether this clause surely states the figure, and of what the question speaks of."""
        if not self.claim.figures <= clause.figures or _DOUBTFUL.search(clause.text):
            return False
        ground = self.grounds[clause.fact]
        share = self._share(clause.text)
        rivals = (
            c
            for c in self._clauses()
            if not c.figures & self.claim.figures and self.facts[c.fact].superseded_by is None
        )
        units = {figure.unit for figure in self.claim.figures}
        more = max((self._share(c.text) for c in rivals if _units(c) & units), default=0.0)
        holds = ground.fact.valid_to is None and not ground.interested
        covered = self._covered(clause.fact) >= SURE
        return share > 0 and share >= more and holds and covered

    def _is_line(self, clause: _Clause, unit: str) -> bool:
        bound = bool(_LEAST.search(clause.text)) != bool(_MOST.search(clause.text))
        one = [figure for figure in clause.figures if figure.unit == unit]
        return bound and len(one) == 1 and not _DOUBTFUL.search(clause.text)

    def _has_percentiles(self, number: int) -> bool:
        return re.search(r"p\d\d", normalise(self.facts[number].statement.zh)) is not None

    def _covered(self, number: int) -> float:
        """How much of what the question speaks of the fact speaks of too: `内容` is no `记录`."""
        held = normalise(_both(self.facts[number]))
        words = " ".join(runs(held))
        known: list[bool] = []
        for run in runs(_COMMON.sub(" ", _worded(self.spoken))):
            known += _shared_pairs(run, held) if is_chinese(run) else [f" {run}" in f" {words}"]
        return sum(known) / len(known) if known else 0.0

    def _share(self, text: str) -> float:
        """What a clause has in common with the question, besides figures and their units."""
        return shared(_worded(text), self.wanted, self.weigh)

    def _clauses(self) -> list[_Clause]:
        return [
            _Clause(number, text, figures(text))
            for number, fact in enumerate(self.facts)
            for text in _CLAUSES.split(_QUOTED.sub("", normalise(fact.statement.zh)))
            if figures(text)
        ]


def _passes(figure: Figure, line: _Clause) -> Verdict:
    bound = next(each.value for each in line.figures if each.unit == figure.unit)
    if _LEAST.search(line.text):
        return "enough" if figure.value >= bound else "too little"
    return "within" if figure.value <= bound else "beyond"


def _shared_pairs(run: str, held: str) -> list[bool]:
    """Of each character, whether it stands in the text next to the same neighbour as here."""
    pairs = [run[at : at + 2] in held for at in range(len(run) - 1)]
    if not pairs:
        return [run in held]
    return [any(pairs[max(0, at - 1) : at + 1]) for at in range(len(run))]


def _worded(text: str) -> str:
    return _QUANTITY.sub(" ", text)


def _units(clause: _Clause) -> set[str]:
    return {figure.unit for figure in clause.figures}


def _both(fact: Fact) -> str:
    return f"{fact.statement.zh} {fact.statement.en}"


def _negated(plain: str) -> bool:
    return _NOT.search(_ASKS_WHETHER.sub(" ", _TAG.sub("", plain))) is not None

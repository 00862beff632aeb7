"""Every sentence a judgement can say: both languages, no accusation, and never a crash."""

import random
import re
from importlib import import_module
from pkgutil import iter_modules
from string import Formatter

import pytest

from bot.settings import CONTENT
from evaluators import receipts
from evaluators.content import Bilingual
from evaluators.sending import assigning, feasibility, outcome, questions, verdict
from evaluators.sending.conclusions import Given, Mark, conclusions
from evaluators.sending.metrics import Row, summarise
from evaluators.sending.plan import Plan, load_all
from evaluators.sending.reasons import filled
from tests.unit.send_rows import S

ACCUSING = ("造假", "欺诈", "作弊", "骗", "fraud", "fake", "cheat", "lying", "forg")
MODULES = [
    import_module(f"{questions.__name__}.{module.name}")
    for module in iter_modules(questions.__path__)
]
SAID = {
    f"{module.__name__.rsplit('.', 1)[-1]}.{key}": said
    for module in (*MODULES, feasibility, verdict, assigning, outcome)
    for key, said in getattr(module, "WORDINGS", {}).items()
}
PLANS = load_all(CONTENT / "plans")
CODES = receipts.load(CONTENT / "receipts")


@pytest.mark.parametrize("said", SAID.values(), ids=list(SAID))
def test_a_sentence_speaks_both_languages_and_accuses_nobody(said: Bilingual) -> None:
    """Chinese is Chinese, English is English but for what it quotes, and neither accuses."""
    assert re.search(r"[\u4e00-\u9fff]", said.zh)
    unquoted = re.sub(r"[【（“][^】）”]*[】）”]", "", said.en)
    assert not re.search(r"[\u4e00-\u9fff]", unquoted)
    assert not [word for word in ACCUSING if word in f"{said.zh} {said.en}".casefold()]
    fields = [set(re.findall(r"\{(\w+)", text)) for text in (said.zh, said.en)]
    neutral = [{re.sub(r"_?(zh|en)$", "", field) for field in found} for found in fields]
    assert neutral[0] == neutral[1]


@pytest.mark.parametrize("said", SAID.values(), ids=list(SAID))
def test_a_sentence_is_written_as_people_write(said: Bilingual) -> None:
    """Chinese has its own punctuation, and English counts one message, not 1 messages."""
    assert not re.search(r"[\u4e00-\u9fff」】}][,;:](?!\d)|[,;:][\u4e00-\u9fff「【]", said.zh)
    nouns = "message|number|receipt|part|pair|handset|slice|failure|time|connection"
    counted = re.findall(rf"(?<!–)\{{(\w+)\}} (?:\w+ )?(?:{nouns})s\b", said.en)
    assert counted == [] or said.en.startswith(("{n} messages went", "{count} messages to"))
    assert "(s)" not in said.en


@pytest.mark.parametrize("said", SAID.values(), ids=list(SAID))
def test_a_sentence_agrees_with_one_and_with_many(said: Bilingual) -> None:
    """Every form after a number is filled in, whatever the number."""
    fields = {name for _, name, _, _ in Formatter().parse(said.zh + said.en) if name}
    for count in (0, 1, 2):
        made = filled(said, **dict.fromkeys(fields, count))
        assert "|" not in made.en
        many = r"(?<!–)\b1 (messages|parts|numbers|receipts|pairs) (?!to|went)"
        assert not re.search(many, made.en)


def test_every_question_has_sentences() -> None:
    """Each file of questions says something."""
    silent = {
        module.__name__.rsplit(".", 1)[-1] for module in MODULES if not hasattr(module, "WORDINGS")
    }
    assert silent == {"question"}


def strange_row(rng: random.Random) -> Row:
    """A row of any content, possible or not."""

    def moment() -> int | None:
        return rng.choice((None, rng.randrange(90_000 * S)))

    return Row(
        seq=rng.randrange(2_000),
        number_id=rng.randrange(30),
        carrier=rng.choice(("cmcc", "cucc", "ctcc", "other", "")),
        token="",
        state=rng.choice(("planned", "sent", "acknowledged", "refused", "unknown")),
        status=rng.choice((None, 0, 0x58, 0x45)),
        due_ns=moment(),
        sent_ns=moment(),
        ack_ns=moment(),
        receipt=rng.choice((None, "DELIVRD", "UNDELIV", "ACCEPTD", "?")),
        receipt_code=rng.choice((None, "000", "MK:0013", "005")),
        receipt_ns=moment(),
        handset_ns=moment(),
        handset_text_same=rng.choice((None, True, False)),
        handset_from=rng.choice((None, "1069", "0085")),
        handset_unsure_ms=rng.choice((None, 0, 60_000)),
        handset_copies=rng.choice((None, 1, 2)),
        alive=rng.random() < 0.8,
        blocked=rng.random() < 0.2,
        ported=rng.choice((None, True, False)),
        region=rng.choice(("", "a", "b")),
        country=rng.choice(("CN", "US")),
    )


def strange_mark(rng: random.Random) -> Mark:
    kind = rng.choice(("fault", "restored", "replied", "opted_out", "else"))
    at_ns, number = rng.randrange(90_000 * S), rng.choice((None, rng.randrange(30)))
    return Mark(kind, at_ns, rng.choice(("", "ctcc")), number)


@pytest.mark.parametrize("plan", PLANS.values(), ids=list(PLANS))
def test_any_rows_are_judged(plan: Plan) -> None:
    """Whatever was stored, every plan's questions are answered without a crash."""
    rng = random.Random(plan.test)
    asked = plan.model_copy(update={"controls": (1, 2), "announced": (3, 4, 5)})
    for size in (0, 1, 2, 5, 40, 200):
        made, other = ([strange_row(rng) for _ in range(size)] for _ in range(2))
        given = Given(
            marks=tuple(strange_mark(rng) for _ in range(size % 4)),
            pair=other if plan.paired else None,
            dictionary=CODES,
        )
        for billed in (None, 30):
            metrics = summarise(made, asked, closed=True, billed_parts=billed)
            said = conclusions(made, asked, metrics, given)
            assert all("{" not in one.wording.zh + one.wording.en for one in said)

"""Answers: quoted with their sources, or refused; as chat lines and as JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from knowledge.answer import Context, Guidance, render, to_json
from knowledge.errors import ContentError, UnknownAnchorError
from tests.unit import small_guidance

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_guidance.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def guidance(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guidance]:
    opened = Guidance.open(data, tmp_path_factory.mktemp("state"), clock=lambda: TODAY)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("发送记录留多久", "retention#now"),
        ("發送記錄留幾個月", "retention#now"),
        ("发送纪录留几个月", "retention#now"),
        ("how long are records kept", "retention#now"),
        ("delivery rate 多少合格", "delivery#enough"),
        ("旧规定存多久", "retention#before"),
    ],
)
def test_the_best_passage_comes_first(guidance: Guidance, question: str, best: str) -> None:
    """Paraphrases, typing errors, Traditional and English questions find their passage."""
    answer = guidance.ask(question)
    assert best == answer.passages[0].id
    assert not answer.refused


def test_every_sentence_cites(guidance: Guidance) -> None:
    """Each quoted sentence ends in a marker that points to a citation."""
    answer = guidance.ask("到达率多少算合格")
    assert "默认验证码的手机实收不低于 98%。[1]某云的产品页写 99%,那是宣传。[2]" == answer.answer
    assert ["house-rate", "claimed-rate"] == [fact for c in answer.citations for fact in c.facts]
    assert "供应商自述，有利益关系" in answer.citations[1].sources[0]


def test_only_what_a_fact_bears_out_is_quoted(guidance: Guidance) -> None:
    """A short passage is shown whole, but for sentences that rest on no fact of it."""
    answer = guidance.ask("发送记录至少留几个月")
    assert "6 个月。[1]日志由供应商保存。[1]到期就删除。[1]" in answer.answer
    assert "我们自己也留一份" not in answer.answer
    english = guidance.ask("how many months are records kept", "en").answer
    assert "at least 6 months" in english
    assert "We keep a copy" not in english


def test_an_old_rule_is_flagged(guidance: Guidance) -> None:
    """An answer from a superseded rule says what took its place."""
    answer = guidance.ask("旧规定存多久")
    assert "已被取代：发送记录至少保存 6 个月。" == answer.citations[0].note
    assert "⚠ 已被取代" in render(answer)
    assert "valid 2015-05-29 to 2026-04-30" in render(guidance.ask("旧规定存多久", "en"), "en")


@pytest.mark.parametrize("question", ["今天天气怎么样", "股票能买吗", "", "?!", "qqq zzz"])
def test_what_the_guidance_does_not_say_is_refused(guidance: Guidance, question: str) -> None:
    """A question outside the pages gets no citation and no invented answer."""
    answer = guidance.ask(question)
    assert (True, "does not say", ()) == (answer.refused, answer.tier, answer.citations)
    assert answer.answer.startswith("指引没有写到这个问题。")
    assert guidance.ask(question, "en").answer.startswith("The guidance does not say.")


def test_a_refusal_names_the_nearest_and_whom_to_ask(guidance: Guidance) -> None:
    """The nearest headings are named, and the department that knows about them."""
    answer = guidance.ask("日志发票怎么开")
    assert answer.refused
    assert "「发送记录要存多久」" in answer.answer
    assert answer.answer.endswith("请问法务部门的同事。")
    assert answer.answer == render(answer)


def test_an_answer_fits_a_chat(guidance: Guidance) -> None:
    """Rendered text has at most eight lines and names further passages by their anchors."""
    text = render(guidance.ask("到达率多少算合格"))
    assert 8 >= len(text.splitlines())
    assert "另见：" in text
    assert "(retention#now)" in text


def test_a_weak_answer_says_so(guidance: Guidance) -> None:
    """An answer of the middle tier is marked as possibly related."""
    from dataclasses import replace

    weak = replace(guidance.ask("到达率多少算合格"), tier="possibly")
    assert render(weak).startswith("可能相关，请核对：")
    assert render(weak, "en").startswith("Possibly related")


def test_json_has_exactly_the_promised_keys(guidance: Guidance) -> None:
    """The JSON form is plain, with the passages best first."""
    plain = json.loads(json.dumps(to_json(guidance.ask("到达率多少算合格"))))
    assert ["question", "answer", "refused", "citations", "passages"] == list(plain)
    assert [{"id", "text", "score"}] * 3 == [set(hit) for hit in plain["passages"]]
    scores = [hit["score"] for hit in plain["passages"]]
    assert sorted(scores, reverse=True) == scores
    assert "house-rate" in plain["citations"][0]["facts"]


@dataclass(frozen=True)
class Paper:
    name: str
    section: str
    text: str


class Handed:
    """The papers of one evaluation, whatever is asked."""

    def find(self, question: str) -> list[Paper]:
        return [Paper("报价单.pdf", "第 2 节", f"到达率 99.9% 承诺\n{'字' * 300}")] * 3


def test_papers_stand_apart(guidance: Guidance) -> None:
    """What the vendor's papers say is quoted with file and section, and is nobody's citation."""
    plain, both = (guidance.ask("到达率多少算合格", papers=p) for p in (None, Handed()))
    assert (plain.answer, plain.citations) == (both.answer, both.citations)
    lines = render(both).splitlines()
    assert 2 == sum(line.startswith("📎 供应商材料所写，未核实：「到达率 99.9%") for line in lines)
    assert lines[-1].endswith("…」（报价单.pdf · 第 2 节）")
    assert len(lines) <= 6
    refused = guidance.ask("今天天气怎么样", papers=Handed())
    assert refused.refused
    assert render(refused).splitlines()[1].startswith("📎")
    assert set(to_json(plain)) == set(to_json(both))


@pytest.mark.parametrize("noise", ["想问" * 2500, "😀" * 300])
def test_a_very_long_text_is_answered_by_its_end_as_well(guidance: Guidance, noise: str) -> None:
    """Of 5,000 characters the beginning and the end are looked at, and no more."""
    question = f"{noise}。到达率多少算合格"
    assert question[-9:] in guidance.ask(question).question
    assert len(guidance.ask(question).question) <= 501


def test_a_follow_up_keeps_to_what_was_answered(guidance: Guidance) -> None:
    """Source, language and figure of the answer before, and nothing of it for a new subject."""
    before = Context("到达率多少算合格", "delivery#enough")
    source = guidance.ask("依据是什么", context=before)
    assert "依据是：默认验证码不低于 98%。[1]某云的产品页写到达率 99%。[2]" == source.answer
    assert "The default for codes" in guidance.ask("英文怎么说", context=before).answer
    assert "delivery#enough" == guidance.ask("98%对吧", context=before).passages[0].id
    assert "retention#now" == guidance.ask("发送记录留几个月", context=before).passages[0].id
    gone = Context("x", "page#gone")
    assert guidance.ask("依据是什么", context=gone).refused


def test_a_wrong_premise_is_corrected(guidance: Guidance) -> None:
    """A former rule is called former, an unknown figure is not agreed with, a right one is."""
    former = guidance.ask("发送记录保存5个月对吗").answer
    assert former.startswith("不对，那是旧规定，已被取代，现在的是：发送记录至少保存 6 个月。[1]")
    assert guidance.ask("发送记录保存6个月对吗").answer.startswith("对，指引这样写：")
    assert guidance.ask("发送记录保存17个月对吗").answer.startswith("指引没有这样说")


def test_a_passage_is_shown_whole(guidance: Guidance) -> None:
    """`passage` gives all sentences with sources and the page's other passages."""
    whole = guidance.passage("retention")
    assert "到期就删除。[1]" in whole.answer
    assert ["retention#now", "retention#before"] == [hit.id for hit in whole.passages]
    assert "The former rule said 5 months.[1]" == guidance.passage("retention#before", "en").answer
    with pytest.raises(UnknownAnchorError):
        guidance.passage("weather")


def test_anchors_are_known_without_an_index(data: Path, tmp_path: Path) -> None:
    """References can be checked without building or writing anything."""
    unused = tmp_path / "state"
    assert "delivery#enough" in Guidance.open(data, unused).anchors()
    assert not unused.exists()


def test_a_changed_page_is_read_on_the_next_start(tmp_path: Path) -> None:
    """The index follows the pages; what has not changed is not fitted again."""
    data, state = small_guidance.write(tmp_path / "data"), tmp_path / "state"
    Guidance.open(data, state).ask("到达率")
    (built,) = (state / "index").iterdir()
    stamp = (built / "vectors.npy").stat().st_mtime_ns
    Guidance.open(data, state).ask("到达率")
    assert stamp == (built / "vectors.npy").stat().st_mtime_ns
    page = data / "guidance" / "delivery.yaml"
    page.write_text(page.read_text(encoding="utf-8").replace("98%", "97%"), encoding="utf-8")
    opened = Guidance.open(data, state)
    assert "97%" in opened.ask("到达率多少算合格").answer
    opened.close()
    assert 2 == len(list((state / "index").iterdir()))


def test_a_damaged_index_is_built_again(data: Path, tmp_path: Path) -> None:
    """A file cut short costs a rebuild, not an answer."""
    first = Guidance.open(data, tmp_path).ask("发送记录留多久")
    (built,) = (tmp_path / "index").iterdir()
    (built / "model.safetensors").write_bytes(b"cut")
    assert first == Guidance.open(data, tmp_path).ask("发送记录留多久")
    (built / "vectors.npy").write_bytes(b"")
    assert first == Guidance.open(data, tmp_path).ask("发送记录留多久")


def test_answers_need_no_writable_folder(data: Path, tmp_path: Path) -> None:
    """Where nothing can be kept, answers come from memory."""
    blocked = tmp_path / "state"
    blocked.write_text("a file where a folder should be", encoding="utf-8")
    assert "retention#now" == Guidance.open(data, blocked).ask("发送记录留多久").passages[0].id


def test_a_wrong_page_is_an_error_when_asked(tmp_path: Path) -> None:
    """Opening never fails; asking names the file and line."""
    data = small_guidance.write(tmp_path / "data")
    (data / "guidance" / "delivery.yaml").write_text("page: delivery\n", encoding="utf-8")
    opened = Guidance.open(data, tmp_path / "state")
    with pytest.raises(ContentError, match=r"delivery\.yaml:1"):
        opened.ask("到达率")


def test_opening_loads_nothing_heavy(data: Path, tmp_path: Path) -> None:
    """Importing and opening leave the model stack and scipy alone; the first answer, the models."""
    code = (
        "import sys; from pathlib import Path; from knowledge.answer import Guidance\n"
        f"opened = Guidance.open(Path({str(data)!r}), Path({str(tmp_path)!r}))\n"
        "heavy = ('torch', 'chromadb', 'sentence_transformers', 'langchain_core')\n"
        "print([m for m in (*heavy, 'scipy') if m in sys.modules])\n"
        "opened.ask('到达率'); print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert ["[]", "[]"] == done.stdout.split()

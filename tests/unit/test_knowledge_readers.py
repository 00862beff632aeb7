"""What vendors' papers say, by sections with their place."""

from pathlib import Path

import pytest

from knowledge.readers import pdf, plain, rows, sheet, word
from knowledge.readers.paper import WHY, Cut, Line, NotReadableError, Place, Section, clean
from knowledge.readers.sections import LONGEST, SHORTEST, sections
from tests.unit import vendor_papers


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return vendor_papers.write(tmp_path_factory.mktemp("papers"))


def whole(found) -> list[Section]:
    """Sections of something of which nothing was left out."""
    every = list(sections(found))
    assert [] == [each for each in every if isinstance(each, Cut)]
    return every


def lines(*texts: str) -> list[Line]:
    return [Line(text, Place("line", n, n)) for n, text in enumerate(texts, start=1)]


def test_a_contract_is_read_by_its_clauses(papers: dict[str, Path]) -> None:
    """Headings of a Word file name its sections, and paragraphs are counted."""
    found = whole(word.read(papers[vendor_papers.C]))
    assert "短信服务合同 › 第五条 备用通道" == found[5].heading
    assert "第 17–18 段" == found[5].place.of("zh")
    assert "60 秒内自动切换" in found[5].text


def test_a_brochure_is_read_by_its_pages(papers: dict[str, Path]) -> None:
    """Sections of a PDF say on which page they stand."""
    found = whole(pdf.read(papers[vendor_papers.B]))
    assert ["一、公司简介", "二、资质", "三、平台能力"] == [s.heading for s in found[1:4]]
    assert "pages 1–2" == Place("page", 1, 2).of("en")
    assert ["第 1 页", "page 2"] == [found[1].place.of("zh"), found[-1].place.of("en")]


def test_a_price_stands_beside_its_column(papers: dict[str, Path]) -> None:
    """Each value of a sheet is named by its column, two equal ones side by side both."""
    found = whole(sheet.read(papers[vendor_papers.P]))
    assert "月发送量：10 万条以下；验证码（元/条）：0.048；通知（元/条）：0.048" in found[0].text
    assert "国内报价" == found[0].place.sheet


def test_formulas_give_their_last_value_or_nothing(tmp_path: Path) -> None:
    """No formula is computed or shown."""
    vendor_papers.sheet(tmp_path / "a", {"S": [["项目", "价格"], ["短信", "=1+1"]]})
    text = "\n".join(section.text for section in whole(sheet.read(tmp_path / "a")))
    assert ["项目 | 价格", "短信"] == text.splitlines()


def test_hidden_sheets_stay_hidden(tmp_path: Path) -> None:
    """A sheet that nobody sees in Excel is not quoted either."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["公开", "1"])
    secret = book.create_sheet("成本")
    secret.append(["底价", "0.01"])
    secret.sheet_state = "hidden"
    book.save(tmp_path / "a")
    assert ["公开；1"] == [section.text for section in whole(sheet.read(tmp_path / "a"))]


def test_insertions_count_and_deletions_do_not(tmp_path: Path) -> None:
    """Of tracked changes the new words are read, the old ones are not; a merged cell is one."""
    from docx import Document
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    document = Document()
    changed = document.add_paragraph("违约金为 ")
    for tag, text in (("del", "1%"), ("ins", "5%")):
        kind = "delText" if tag == "del" else "t"
        run = f"<w:{tag} {nsdecls('w')}><w:r><w:{kind}>{text}</w:{kind}></w:r></w:{tag}>"
        changed._p.append(parse_xml(run))
    table = document.add_table(rows=2, cols=3)
    for at, name in enumerate(("项目", "一档", "二档")):
        table.cell(0, at).text = name
    table.cell(1, 0).text = "验证码"
    table.cell(1, 1).merge(table.cell(1, 2)).text = "0.04"
    document.save(str(tmp_path / "a"))
    found = "\n".join(section.text for section in whole(word.read(tmp_path / "a")))
    assert ["违约金为 5%", "项目 | 一档 | 二档", "项目：验证码；一档：0.04"] == found.splitlines()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
def test_text_is_read_in_the_encodings_in_use(encoding: str) -> None:
    """UTF-8, GB18030 and UTF-16, marked or not."""
    text = "报价 0.04 元/条\r\n含税, fixed for one year\r\n"
    assert text == plain.decoded(text.encode(encoding))


def test_bytes_are_no_text(tmp_path: Path) -> None:
    """What is in none of the encodings is not shown as if it were."""
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(NotReadableError) as refused:
        list(plain.read(path))
    assert "unknown" == refused.value.reason


def test_csv_is_a_table(tmp_path: Path) -> None:
    """A file called .csv is read by columns, whatever separates them."""
    path = tmp_path / "a"
    path.write_text("项目;价格\n短信;0,04\n", encoding="utf-8")
    assert ["项目 | 价格", "项目：短信；价格：0,04"] == [
        line.text for line in plain.read(path, "价格.CSV") if isinstance(line, Line)
    ]


def test_markup_is_text(tmp_path: Path) -> None:
    """A page with a script in it is quoted as it stands."""
    path = tmp_path / "a"
    path.write_text("<script>alert(1)</script> <b>单价</b>", encoding="utf-8")
    found = whole(plain.read(path, "a.html"))
    assert ["<script>alert(1)</script> <b>单价</b>"] == [section.text for section in found]


def test_nothing_steers_the_screen() -> None:
    """Control, bidi and zero-width characters go, words stay."""
    assert "abc 单价 x" == clean("a\x1b\u202eb\u200bc\u2066\t单价\r\n\x00x\ue000\ufeff")


def test_radicals_are_read_as_the_characters_they_look_like() -> None:
    """Browsers print 手, 长 and 户 as radicals; nobody would find or copy those."""
    assert "手册有长期客户" == clean("⼿册有⻓期客⼾")


def test_a_section_keeps_to_one_heading() -> None:
    """A new heading or clause begins a new section, a long paragraph several."""
    long = "甲方应当按时付款。" * 100
    found = whole(
        lines("# 总则", "甲乙双方自愿。", "第二条 甲方应当付款，并且不得迟延，否则。", long)
    )
    assert ["总则", "总则 › 第二条"] == list(dict.fromkeys(each.heading for each in found))
    assert LONGEST + SHORTEST > max(len(each.text) for each in found)
    assert long == "".join(line for each in found[1:] for line in each.text.split("\n")[-1:])


def test_a_monster_without_sentences_is_cut_into_sections() -> None:
    """Ten thousand characters without a mark do not make one section."""
    assert LONGEST >= max(len(each.text) for each in whole(lines("字" * 10_000)))


def test_a_row_of_names_comes_first() -> None:
    """Rows before any names are told as they stand."""
    told = rows.as_text([["报价单"], [], ["A", "B"], ["1", ""], ["x", "y"]])
    assert ["报价单", "", "A | B", "1", "A：x；B：y"] == list(told)


def test_every_reason_is_said_in_both_languages() -> None:
    """Whoever hands in what cannot be read learns why."""
    assert all(zh and en for zh, en in WHY.values())

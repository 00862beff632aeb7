"""Files made to harm, read in a process of its own: whatever they do, an outcome comes back."""

import socket
import zipfile
import zlib
from pathlib import Path

import pytest

from knowledge.readers import apart
from knowledge.readers.apart import Limits
from knowledge.readers.paper import Read, Unreadable
from tests.unit import vendor_papers

DOCUMENT = "word/document.xml"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.fixture
def papers(tmp_path: Path) -> dict[str, Path]:
    return vendor_papers.write(tmp_path / "papers")


def exchanged(path: Path, part: str, content: bytes) -> Path:
    """The same Office file with another part in it."""
    other = path.with_name("other")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            if each != part:
                new.writestr(each, old.read(each))
        new.writestr(part, content)
    return other


def text(outcome: Read | Unreadable) -> str:
    assert isinstance(outcome, Read), outcome
    return "\n".join(section.text for section in outcome.sections)


def test_whole_papers_are_read_whole(papers: dict[str, Path]) -> None:
    """What the process reads is what the file says, and nothing was left out."""
    outcomes = [apart.read(path, name) for name, path in papers.items()]
    assert [False, False, False] == [isinstance(each, Read) and each.cut for each in outcomes]
    assert "人民法院" in text(outcomes[0])


def test_a_file_that_unpacks_to_a_lot_is_not_unpacked(papers: dict[str, Path]) -> None:
    """A zip bomb is known by what it says of itself."""
    bomb = exchanged(papers[vendor_papers.C], DOCUMENT, bytes(250 << 20))
    assert Unreadable("too_much") == apart.read(bomb)


def test_a_file_that_takes_too_much_memory_ends_its_process_only(
    papers: dict[str, Path],
) -> None:
    """What stays below the declared size and still grows in memory meets the limit."""
    many = f"<w:document {W}><w:body>{'<w:p/>' * 4_000_000}</w:body></w:document>"
    bomb = exchanged(papers[vendor_papers.C], DOCUMENT, many.encode())
    outcome = apart.read(bomb, limits=Limits(memory=256 << 20))
    assert isinstance(outcome, Unreadable)
    assert outcome.reason in {"too_much", "damaged"}


@pytest.mark.parametrize("which", [vendor_papers.C, vendor_papers.P])
def test_entities_that_multiply_are_not_followed(papers: dict[str, Path], which: str) -> None:
    """An XML bomb gives nothing, or only what stands outside of it, in bounded time."""
    levels = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' if n else '<!ENTITY e0 "ha">' for n in range(12)
    )
    part = DOCUMENT if which == vendor_papers.C else "xl/workbook.xml"
    body = "<w:body><w:p><w:r><w:t>&e11;</w:t></w:r></w:p></w:body>"
    bomb = f"<!DOCTYPE x [{levels}]><w:document {W}>{body}</w:document>"
    outcome = apart.read(exchanged(papers[which], part, bomb.encode()))
    assert isinstance(outcome, Unreadable) or len(text(outcome)) < 10_000


def test_no_file_of_this_machine_gets_into_a_paper(papers: dict[str, Path], tmp_path: Path) -> None:
    """An external entity stays what it is: nothing."""
    secret = tmp_path / "secret"
    secret.write_text("kept to ourselves", encoding="utf-8")
    xml = (
        f'<!DOCTYPE x [<!ENTITY s SYSTEM "{secret.as_uri()}">]><w:document {W}><w:body>'
        "<w:p><w:r><w:t>seen &s;</w:t></w:r></w:p></w:body></w:document>"
    )
    outcome = apart.read(exchanged(papers[vendor_papers.C], DOCUMENT, xml.encode()))
    assert isinstance(outcome, Unreadable) or "kept to" not in text(outcome)


def test_nothing_is_fetched(papers: dict[str, Path]) -> None:
    """A picture, a template and a DTD that lie elsewhere are left where they are."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        relation = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{office}/image" Target="{url}" TargetMode="External"/>'
            "</Relationships>"
        )
        part = "word/_rels/document.xml.rels"
        linked = exchanged(papers[vendor_papers.C], part, relation.encode())
        apart.read(linked)
        xml = f'<!DOCTYPE x SYSTEM "{url}"><w:document {W}><w:body/></w:document>'
        apart.read(exchanged(papers[vendor_papers.C], DOCUMENT, xml.encode()))
        with pytest.raises(BlockingIOError):
            server.accept()


def test_of_ten_thousand_pages_the_beginning_is_read(tmp_path: Path) -> None:
    """A paper longer than anybody reads is cut, and says so."""
    path = tmp_path / "long.pdf"
    vendor_papers.pdf(path, [f"第 {n} 页的价格是 {n} 元。" for n in range(10_000)])
    outcome = apart.read(path)
    assert isinstance(outcome, Read)
    assert outcome.cut
    assert 300 == outcome.sections[-1].place.last


def test_a_page_that_unpacks_to_a_lot_costs_its_process_only(tmp_path: Path) -> None:
    """A compressed page of hundreds of megabytes is no reason to wait."""
    path = tmp_path / "bomb.pdf"
    vendor_papers.pdf(path, ["单价 0.04 元。", "bomb"])
    packed = zlib.compress(b"(x) Tj " * (40 << 20), 9)
    raw = path.read_bytes()
    start = raw.rindex(b"<< /Length", 0, raw.index(b"xref\n0"))
    end = raw.index(b"endobj", start)
    head = f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode()
    path.write_bytes(raw[:start] + head + packed + b"\nendstream\n" + raw[end:])
    outcome = apart.read(path, limits=Limits(seconds=15, processor=10, memory=512 << 20))
    assert "单价 0.04 元。" == text(outcome)
    assert isinstance(outcome, Read)
    assert outcome.cut


def test_a_huge_sheet_is_read_from_its_top(tmp_path: Path) -> None:
    """Rows beyond the most are left out, and that is said."""
    path = tmp_path / "huge"
    row: list[object] = ["号段", "价格"]
    vendor_papers.sheet(path, {"S": [row, *([f"第 {n} 档", n] for n in range(21_000))]})
    outcome = apart.read(path)
    assert isinstance(outcome, Read)
    assert outcome.cut


def test_time_is_limited(papers: dict[str, Path]) -> None:
    """A process that takes too long is ended."""
    outcome = apart.read(papers[vendor_papers.C], limits=Limits(seconds=0.01))
    assert Unreadable("too_much") == outcome


@pytest.mark.parametrize("which", [vendor_papers.C, vendor_papers.P])
def test_half_an_office_file_is_damaged(papers: dict[str, Path], which: str) -> None:
    """A file whose transfer broke off is said to be damaged."""
    path = papers[which]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert Unreadable("damaged") == apart.read(path)


def test_half_a_pdf_is_damaged_or_cut(papers: dict[str, Path]) -> None:
    """What is found of half a PDF counts as a part of it."""
    path = papers[vendor_papers.B]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    outcome = apart.read(path)
    assert outcome.cut if isinstance(outcome, Read) else outcome == Unreadable("damaged")


def test_a_password_is_named_as_the_reason(papers: dict[str, Path], tmp_path: Path) -> None:
    """Protected files say so; a PDF that only forbids changes is read."""
    from pypdf import PdfWriter

    for password, name in (("secret", "closed.pdf"), ("", "open.pdf")):
        writer = PdfWriter(clone_from=papers[vendor_papers.B])
        writer.encrypt(password, "owner", algorithm="AES-256")
        writer.write(tmp_path / name)
    office = tmp_path / "closed.docx"
    office.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    )
    assert Unreadable("encrypted") == apart.read(tmp_path / "closed.pdf")
    assert Unreadable("encrypted") == apart.read(office)
    assert "5000 万元" in text(apart.read(tmp_path / "open.pdf"))


def test_a_scan_has_no_text_inside(tmp_path: Path) -> None:
    """Pages without a letter are said to be a scan."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    writer.write(tmp_path / "scan.pdf")
    assert Unreadable("scan") == apart.read(tmp_path / "scan.pdf")


def test_macros_are_carried_and_never_run(papers: dict[str, Path]) -> None:
    """A workbook with a macro project in it is read for its values."""
    with_macro = exchanged(papers[vendor_papers.P], "xl/vbaProject.bin", b"Shell(calc)")
    assert "0.048" in text(apart.read(with_macro, "报价.xlsm"))
    assert "calc" not in text(apart.read(with_macro, "报价.xlsm"))


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"\x89PNG\r\n", "image/png", "picture"),
        (b"\0\0\0\x18ftypmp42", "video/mp4", "sound"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "application/msword", "old_office"),
        (b"", "text/plain", "empty"),
        (b"%PDF-1.7 nothing else", "application/pdf", "damaged"),
        (b"PK\x03\x04 nothing else", "application/zip", "damaged"),
        (bytes(range(256)) * 4, "application/octet-stream", "unknown"),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, content: bytes, kind: str, reason: str
) -> None:
    """Pictures, sound, old formats and rubbish each get their reason."""
    path = tmp_path / "file"
    path.write_bytes(content)
    assert Unreadable(reason) == apart.read(path, "file", kind)

"""CMPP texts: alphabets, lengths, long texts, and the prepared pattern that writes them."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols import text as texts
from evaluators.protocols.cmpp import codec, content, pdus
from evaluators.protocols.cmpp.content import ASCII, GBK, UCS2, Encoding, ReferenceBits
from evaluators.protocols.cmpp.pdus import V20, V30
from evaluators.protocols.cmpp.template import Template
from evaluators.protocols.text import Part

SAMPLE = pdus.Submit(
    0,
    "10690001",
    ("",),
    registered_delivery=1,
    service_id="TPCQ",
    fee_user_type=2,
    msg_src="900001",
    fee_type="01",
    fee_code="000000",
    tail="link",
)
numbers = st.text("0123456789", min_size=1, max_size=21)
encodings: st.SearchStrategy[Encoding] = st.sampled_from(["auto", "ucs2"])


def once(value: int) -> Callable[..., int]:
    """A reference that is asked for once and no more."""
    left = iter([value])
    return lambda last=0xFF: next(left) & last


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("code 12", "auto", (ASCII, b"code 12")),
        ("", "auto", (ASCII, b"")),
        ("码", "auto", (UCS2, b"\x78\x01")),
        ("é", "auto", (UCS2, b"\x00\xe9")),
        ("a", "ucs2", (UCS2, b"\x00a")),
        ("码a", "gbk", (GBK, b"\xc2\xeba")),
        (b"\x78\x01", "gbk", (UCS2, b"\x78\x01")),
    ],
)
def test_the_alphabet_is_chosen(
    text: str | bytes, encoding: Encoding, expected: tuple[int, bytes]
) -> None:
    """ASCII where a text is nothing else, UCS-2 otherwise, GBK only on request."""
    assert expected == content.encode(text, encoding)


@pytest.mark.parametrize(
    ("text", "encoding"), [("码", "ascii"), ("\U0001f600", "gbk"), (b"odd", "auto")]
)
def test_what_an_alphabet_lacks_is_an_error(text: str | bytes, encoding: Encoding) -> None:
    """A text that cannot be written raises ValueError and is not altered."""
    with pytest.raises(ValueError, match=r"encode|odd"):
        content.encode(text, encoding)


@pytest.mark.parametrize(
    ("msg_fmt", "data", "expected"),
    [
        (8, "退订".encode("utf-16-be"), "退订"),
        (24, "退订".encode("utf-16-be"), "退订"),
        (0, b"TD", "TD"),
        (15, "退订TD".encode("gbk"), "退订TD"),
        (0, "退订".encode("gbk"), "退订"),
        (4, b"\xff\x00", "ÿ\0"),
        (8, b"\x00T\x00", "T\ufffd"),
    ],
)
def test_handsets_texts_are_read(msg_fmt: int, data: bytes, expected: str) -> None:
    """Every Msg_Fmt gives a text, also GB characters under ASCII and a cut-off unit."""
    assert expected == content.decode(msg_fmt, data)


@given(st.integers(0, 255), st.binary(max_size=160))
def test_any_octets_can_be_shown(msg_fmt: int, data: bytes) -> None:
    """No Msg_Fmt and no octets make reading a text fail."""
    assert isinstance(content.decode(msg_fmt, data), str)


@pytest.mark.parametrize(
    ("text", "encoding", "bits", "octets"),
    [
        ("长" * 70, "auto", 8, [140]),
        ("长" * 71, "auto", 8, [134, 8]),
        ("长" * 134, "auto", 8, [134, 134]),
        ("长" * 135, "auto", 8, [134, 134, 2]),
        ("长" * 71, "auto", 16, [132, 10]),
        ("x" * 159, "auto", 8, [159]),
        ("x" * 160, "auto", 8, [153, 7]),
        ("x" * 160, "auto", 16, [152, 8]),
        ("长" * 70, "gbk", 8, [140]),
        ("长" * 71, "gbk", 8, [134, 8]),
        ("长" * 71, "gbk", 16, [132, 10]),
        ("x" + "长" * 70, "gbk", 8, [133, 8]),
        ("长" * 66 + "\U0001f600" * 4, "auto", 8, [132, 16]),
    ],
)
def test_long_texts_are_cut_between_characters(
    text: str, encoding: Encoding, bits: ReferenceBits, octets: list[int]
) -> None:
    """70 and 71, 134 and 135 characters fall where billing says; no character is cut in two."""
    msg_fmt, data = content.encode(text, encoding)
    pieces = content.split(msg_fmt, data, bits)
    assert octets == [len(piece) for piece in pieces]
    assert text == "".join(content.decode(msg_fmt, piece) for piece in pieces)


@given(st.text(max_size=400), encodings, st.sampled_from([8, 16]))
def test_parts_make_the_text_again(text: str, encoding: Encoding, bits: ReferenceBits) -> None:
    """Whatever the text, its parts fit and add up to it."""
    msg_fmt, data = content.encode(text, encoding)
    pieces = content.split(msg_fmt, data, bits)
    assert data == b"".join(pieces)
    header = 0 if len(pieces) == 1 else 6 if bits == 8 else 7
    assert all(len(piece) + header <= content.most_octets(msg_fmt) for piece in pieces)


def test_no_text_takes_more_than_255_parts() -> None:
    """What the header cannot count is an error."""
    with pytest.raises(ValueError, match="more than 255"):
        content.split(UCS2, bytes(134 * 255 + 2))


@pytest.mark.parametrize("version", [V20, V30])
@given(number=numbers, text=st.text(max_size=70), encoding=encodings)
def test_the_template_writes_what_the_codec_would(
    version: int, number: str, text: str, encoding: Encoding
) -> None:
    """A message from the prepared pattern is the one the codec makes, octet for octet."""
    template = Template(SAMPLE, version, encoding)
    msg_fmt, data = content.encode(text, encoding)
    found = template.fill([(0, number, text)], 0, 1, 77)
    if len(data) > content.most_octets(msg_fmt):
        assert [] == found
        return
    whole = replace(SAMPLE, sequence=77, destinations=(number,), msg_fmt=msg_fmt, content=data)
    assert [codec.encode(whole, version)] == found


@pytest.mark.parametrize("version", [V20, V30])
@pytest.mark.parametrize("bits", [8, 16])
def test_the_parts_of_a_long_text(version: int, bits: ReferenceBits) -> None:
    """Each part has header, Pk_total, Pk_number and TP_udhi; one reference serves all."""
    template = Template(SAMPLE, version, bits=bits)
    text = "【测试】" + "长" * 150
    message = (3, "19800000001", text)
    assert [] == template.fill([message, (4, "19800000002", "x")], 0, 2, 1)
    bodies = template.parts(message, once(0x1242))
    sent = [codec.decode(template.number(body, at), version) for at, body in enumerate(bodies, 7)]
    assert [7, 8, 9] == [pdu.sequence for pdu in sent]
    read = []
    for order, pdu in enumerate(sent, 1):
        assert isinstance(pdu, pdus.Submit)
        part, data = texts.read_header(pdu.content)
        assert Part(0x42 if bits == 8 else 0x1242, 3, order) == part
        assert ("050003" if bits == 8 else "060804") == pdu.content[:3].hex()
        assert (3, order, 1, 8) == (pdu.pk_total, pdu.pk_number, pdu.tp_udhi, pdu.msg_fmt)
        assert ("19800000001", "link", "TPCQ") == (pdu.destinations[0], pdu.tail, pdu.service_id)
        assert len(pdu.content) <= 140
        read.append(content.decode(pdu.msg_fmt, data))
    assert text == "".join(read)


def test_the_template_learns_the_version_late() -> None:
    """After the login the pattern is that of the version agreed on."""
    template = Template(SAMPLE, V30)
    template.speak(V20)
    assert Template(SAMPLE, V20).fill([(0, "198", "x")], 0, 1, 1) == template.fill(
        [(0, "198", "x")], 0, 1, 1
    )


@pytest.mark.parametrize("number", ["", "1" * 22, "19\0", "１９８"])
def test_numbers_that_cannot_be_sent(number: str) -> None:
    """A number the field cannot carry stops the batch before anything is sent."""
    with pytest.raises(ValueError, match=r"number|ascii"):
        Template(SAMPLE, V20).fill([(0, number, "x")], 0, 1, 1)


def test_questions_and_farewells() -> None:
    """ACTIVE_TEST and TERMINATE are bare headers."""
    template = Template(SAMPLE, V30)
    assert codec.encode(pdus.Bare(pdus.ACTIVE_TEST, 5), V30) == template.keepalive(5)
    assert codec.encode(pdus.Bare(pdus.TERMINATE, 6), V30) == template.farewell(6)

"""Alphabets, lengths and splitting: 70/67, 160/153, 140/134."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols import text as texts
from evaluators.protocols.smpp import codec
from evaluators.protocols.smpp.template import Template
from evaluators.protocols.text import Part

GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€"
)


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("验" * 70, "ucs2", 1),
        ("验" * 71, "ucs2", 2),
        ("验" * 134, "ucs2", 2),
        ("验" * 135, "ucs2", 3),
        ("验" * 160, "ucs2", 3),
        ("a" * 160, "gsm7", 1),
        ("a" * 161, "gsm7", 2),
        ("a" * 306, "gsm7", 2),
        ("a" * 307, "gsm7", 3),
        ("a" * 158 + "€", "gsm7", 1),
        ("a" * 159 + "€", "gsm7", 2),
        ("é" * 140, "latin1", 1),
        ("é" * 141, "latin1", 2),
        ("😀" * 35, "ucs2", 1),
        ("😀" * 36, "ucs2", 2),
        ("", "gsm7", 1),
    ],
)
def test_counts_messages_as_they_are_billed(text: str, encoding: str, expected: int) -> None:
    """A text costs as many messages as its alphabet's limits say."""
    assert expected == texts.count(text, encoding)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", "gsm7"),
        ("{code} ~ 5 €", "gsm7"),
        ("【测试】1", "ucs2"),
        ("code 验", "ucs2"),
        ("a`b", "ucs2"),
        ("", "gsm7"),
    ],
)
def test_chooses_the_cheapest_alphabet(text: str, expected: str) -> None:
    """The 7-bit alphabet is used exactly where it has all the characters."""
    assert expected == texts.choose(text)


@pytest.mark.parametrize(
    ("text", "octets"),
    [("@", "00"), ("Δ", "10"), ("¡", "40"), ("à", "7f"), ("A", "41"), ("€", "1b65"), ("{", "1b28")],
)
def test_knows_the_default_alphabet(text: str, octets: str) -> None:
    """Characters have the codes of GSM 03.38, extension table included."""
    assert octets == texts.encode(text, "gsm7").hex()
    assert text == texts.decode(bytes.fromhex(octets), "gsm7")


@given(st.text(st.sampled_from(GSM), max_size=400))
def test_7_bit_texts_come_back(text: str) -> None:
    """Every text of the 7-bit alphabet survives encoding, splitting and joining."""
    pieces = texts.split(texts.encode(text, "gsm7"), "gsm7")
    assert text == "".join(texts.decode(piece, "gsm7") for piece in pieces)
    assert all(len(piece) <= (160 if len(pieces) == 1 else 153) for piece in pieces)


@given(st.text(max_size=300))
def test_any_text_comes_back(text: str) -> None:
    """No character is cut in two, and every part fits."""
    pieces = texts.split(texts.encode(text, "ucs2"), "ucs2")
    assert text == "".join(texts.decode(piece, "ucs2") for piece in pieces)
    assert all(len(piece) <= (140 if len(pieces) == 1 else 134) for piece in pieces)


@given(st.binary(max_size=200), st.sampled_from(["gsm7", "latin1", "ucs2"]))
def test_any_octets_can_be_shown(data: bytes, encoding: str) -> None:
    """Decoding never fails; what means nothing is shown as such."""
    assert isinstance(texts.decode(data, encoding), str)  # type: ignore[arg-type]


def test_a_text_of_too_many_parts_is_refused() -> None:
    """More than 255 parts cannot be numbered, so they are not sent."""
    with pytest.raises(ValueError, match="256 messages"):
        texts.count("a" * (153 * 255 + 1))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("050003 2a 02 01 6869", (Part(42, 2, 1), b"hi")),
        ("060804 012c 03 03 6869", (Part(300, 3, 3), b"hi")),
        ("08 0101ff 0003 2a 02 02 6869", (Part(42, 2, 2), b"hi")),
        ("050003 2a 02 03 6869", (None, b"hi")),
        ("050003 2a 02 00 6869", (None, b"hi")),
        ("ff0003", (None, b"\xff\x00\x03")),
        ("00 6869", (None, b"hi")),
        ("", (None, b"")),
    ],
)
def test_reads_concatenation_headers(data: str, expected: tuple[Part | None, bytes]) -> None:
    """Headers with 8- and 16-bit references are understood, impossible ones are not believed."""
    assert expected == texts.read_header(bytes.fromhex(data))


@given(st.binary(max_size=40))
def test_no_header_breaks_the_reader(data: bytes) -> None:
    """Any octets can stand where a header is expected."""
    part, rest = texts.read_header(data)
    assert data.endswith(rest)
    assert part is None or 1 <= part.number <= part.total


def test_a_long_text_is_sent_in_numbered_parts() -> None:
    """Parts carry one reference, their count, their order, and the flag that says so."""
    template = Template(codec.Sms(codec.SUBMIT_SM, 0, "1069", ""))
    text = "【测试】" + "长" * 100
    assert template.single("19800000001", text) is None
    bodies = template.parts((0, "19800000001", text), lambda last: 7)
    sms = [codec.decode_sms(codec.HEADER.pack(16 + len(b), 4, 0, 1) + b) for b in bodies]
    headers = [texts.read_header(one.short_message) for one in sms]
    assert [Part(7, 2, 1), Part(7, 2, 2)] == [part for part, _ in headers]
    assert text == "".join(texts.decode(data, "ucs2") for _, data in headers)
    assert {codec.ESM_UDHI} == {one.esm_class for one in sms}


@pytest.mark.parametrize("number", ["", "1" * 21, "198\x000000", "１９８"])
def test_a_number_that_cannot_be_sent_is_refused(number: str) -> None:
    """A bad number is the caller's error, before anything is sent."""
    with pytest.raises(ValueError, match=r"destination|ascii"):
        Template(codec.Sms(codec.SUBMIT_SM, 0, "1069", "")).single(number, "x")


def test_prepared_user_data_goes_out_as_it_is() -> None:
    """Bytes are taken as UCS-2; an odd number of them is an error."""
    template = Template(codec.Sms(codec.SUBMIT_SM, 0, "1069", ""))
    assert template.single("198", "验".encode("utf-16-be")) == template.single("198", "验")
    with pytest.raises(ValueError, match="odd"):
        template.single("198", b"abc")

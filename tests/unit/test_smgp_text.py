"""Texts as SMGP submits: formats, parts, limits."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols import text as texts
from evaluators.protocols.smgp import codec, tlv
from evaluators.protocols.smgp import text as alphabets
from evaluators.protocols.smgp.template import Template
from tests.unit.smgp_samples import (
    numbers,
    octet,
)


def test_two_octets_of_gb18030_are_gbk() -> None:
    """Every character sent as GB18030 reads back as itself, in two octets at most."""
    for code in range(0x10000):
        with suppress(UnicodeEncodeError):
            assert chr(code) == chr(code).encode("gbk").decode("gb18030")
            assert len(chr(code).encode("gbk")) <= 2


SAMPLE = codec.Submit(
    0, "1069", ("0",), need_report=1, service_id="TEST", tlvs=(tlv.text(tlv.MSG_SRC, "9"),)
)


@given(numbers, st.text(max_size=150), st.sampled_from(["auto", "ucs2"]), st.booleans())
def test_the_template_writes_what_the_codec_would(
    number: str, text: str, encoding: alphabets.Encoding, old: bool
) -> None:
    """Messages from the prepared pattern are the codec's, octet for octet, and keep the text."""
    version = codec.VERSION_1_3 if old else codec.VERSION
    template = Template(SAMPLE, encoding, version)
    message = (3, number, text)
    raw = template.fill([message], 0, 1, 77)
    parts = [] if raw else template.parts(message, lambda: 200)
    found = [codec.decode(one, version) for one in raw]
    found += [codec.decode(template.number(part, 78), version) for part in parts]
    shown = ""
    for order, submit in enumerate(found, 1):
        assert isinstance(submit, codec.Submit)
        assert len(submit.content) <= 140
        content = submit.content
        if parts:
            part, content = texts.read_header(content)
            assert part == texts.Part(200, len(parts), order)
            assert tlv.find_number(submit.tlvs, tlv.TP_UDHI) == 1
            assert tlv.find_number(submit.tlvs, tlv.PK_TOTAL) == len(parts)
            assert tlv.find_number(submit.tlvs, tlv.PK_NUMBER) == order
        shown += alphabets.decode(content, submit.msg_format)
        common = replace(
            SAMPLE,
            sequence=submit.sequence,
            destinations=(number,),
            content=submit.content,
            msg_format=submit.msg_format,
            tlvs=(*SAMPLE.tlvs, *submit.tlvs[1:]),
        )
        assert common == submit
    assert (len(parts) > 1) == (not raw)
    assert shown == text


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("code 1234", "auto", [(codec.ASCII, 9)]),
        ("a" * 140, "auto", [(codec.ASCII, 140)]),
        ("a" * 141, "auto", [(codec.ASCII, 140), (codec.ASCII, 13)]),
        ("长" * 70, "auto", [(codec.GB18030, 140)]),
        ("a" * 69 + "长", "auto", [(codec.GB18030, 71)]),
        ("长" * 71, "auto", [(codec.UCS2, 140), (codec.UCS2, 14)]),
        ("长" * 71, "gbk", [(codec.GB18030, 140), (codec.GB18030, 14)]),
        ("a" * 100 + "长", "auto", [(codec.UCS2, 140), (codec.UCS2, 74)]),
        ("😀", "auto", [(codec.UCS2, 4)]),
        ("长" * 70, "ucs2", [(codec.UCS2, 140)]),
        ("a", "gbk", [(codec.GB18030, 1)]),
        ("长".encode("utf-16-be"), "auto", [(codec.UCS2, 2)]),
    ],
)
def test_a_text_takes_the_parts_a_handset_shows(
    text: str | bytes, encoding: alphabets.Encoding, expected: list[tuple[int, int]]
) -> None:
    """Format and octets of each part, header included, for texts around the limits."""
    template = Template(SAMPLE, encoding)
    raw = template.fill([(0, "198", text)], 0, 1, 1)
    raw = raw or [template.number(part, 1) for part in template.parts((0, "198", text), lambda: 1)]
    submits = [codec.decode(one) for one in raw]
    assert expected == [
        (one.msg_format, len(one.content)) for one in submits if isinstance(one, codec.Submit)
    ]


@pytest.mark.parametrize(
    ("number", "text", "encoding"),
    [
        ("1" * 22, "x", "auto"),
        ("", "x", "auto"),
        ("１９８", "x", "auto"),
        ("198", b"abc", "auto"),
        ("198", "长", "ascii"),
        ("198", "😀", "gbk"),
        ("198", "\ud800", "auto"),
    ],
)
def test_what_cannot_be_sent_is_a_value_error(
    number: str, text: str | bytes, encoding: alphabets.Encoding
) -> None:
    """Numbers and texts that do not fit the protocol are refused before anything leaves."""
    with pytest.raises(ValueError, match=r".+"):
        Template(SAMPLE, encoding).fill([(0, number, text)], 0, 1, 1)


@pytest.mark.parametrize("encoding", ["auto", "gbk"])
def test_a_text_of_too_many_parts_is_a_value_error(encoding: alphabets.Encoding) -> None:
    """More than 255 parts cannot be numbered."""
    with pytest.raises(ValueError, match="messages"):
        Template(SAMPLE, encoding).parts((0, "198", "长" * 17_086), lambda: 1)


@given(st.binary(max_size=300), octet)
def test_any_content_can_be_shown(content: bytes, msg_format: int) -> None:
    """A handset's message in any format becomes text without an error."""
    assert isinstance(alphabets.decode(content, msg_format), str)

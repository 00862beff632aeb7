"""Numbers and texts as SGIP submits: country codes, formats, parts, limits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols import text as texts
from evaluators.protocols.sgip import codec, content, pdus
from evaluators.protocols.sgip.numbers import national, with_country
from evaluators.protocols.sgip.sequence import Numbering
from evaluators.protocols.sgip.template import Template
from evaluators.protocols.text import Part
from tests.unit.sgip_samples import AT, NODE


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("19800000001", "8619800000001"),
        ("8619800000001", "8619800000001"),
        ("+8619800000001", "8619800000001"),
        ("008619800000001", "8619800000001"),
        ("+447700900123", "447700900123"),
        ("8610000", "868610000"),
    ],
)
def test_numbers_travel_with_their_country_code(written: str, sent: str) -> None:
    """The mainland's code is put before every number that has none."""
    assert sent == with_country(written)
    assert ("19800000001" if sent.startswith("86198") else sent) == national(sent)


@pytest.mark.parametrize("number", ["", "+", "0086", "1" * 20, "+" + "1" * 22, "abc", "１９８"])
def test_what_is_no_number_is_not_sent(number: str) -> None:
    """Letters, nothing, and too many digits are no number."""
    with pytest.raises(ValueError, match="destination"):
        with_country(number)


SAMPLE = pdus.Submit(
    pdus.NO_SEQUENCE,
    "1069000001",
    ("",),
    corp_id="12345",
    report_flag=pdus.REPORT_ALWAYS,
    service_type="TEST",
    more_related=2,
)


texts_to_send = st.one_of(
    st.text(max_size=80),
    st.text("abc[]€`你好", max_size=200),
    st.text("你好。【】", min_size=60, max_size=80),
)


@given(st.integers(0, 9999), texts_to_send, st.sampled_from(["auto", "ucs2"]))
def test_the_template_writes_what_the_codec_would(
    index: int, text: str, encoding: content.Encoding
) -> None:
    """A message from the prepared pattern is the one the codec makes, octet for octet."""
    template = Template(SAMPLE, Numbering(NODE, lambda: AT), encoding)
    out = template.fill([(0, f"1980000{index:04d}", text)], 0, 1, 9)
    found = content.single(text, encoding)
    assert bool(found) == bool(out)
    if found is not None:
        coding, data = found
        whole = replace(
            SAMPLE,
            sequence=pdus.sequence(NODE, 1122145501, 9),
            numbers=(f"861980000{index:04d}",),
            coding=coding,
            content=data,
        )
        assert [codec.encode(whole)] == out


@given(st.text("abc{}€`你好𠀀", max_size=400), st.sampled_from(["auto", "ucs2", "gbk", "ascii"]))
def test_parts_make_up_the_text(text: str, encoding: content.Encoding) -> None:
    """The parts of a long text, read one by one, are the text; each fits one message."""
    template = Template(SAMPLE, Numbering(NODE, lambda: AT), encoding)
    try:
        if template.single("19800000001", text) is not None:
            return
    except ValueError:
        return
    parts = template.parts((0, "19800000001", text), lambda: 7)
    read = ""
    for order, part in enumerate(parts, 1):
        submit = codec.decode(template.number(part, order))
        assert isinstance(submit, pdus.Submit)
        assert (1, order) == (submit.udhi, int.from_bytes(submit.sequence[8:], "big"))
        place, piece = content.read(submit.content, submit.coding, submit.udhi)
        assert Part(7, len(parts), order) == place
        assert len(piece.encode("utf-16-be")) <= 134 or submit.coding == pdus.ASCII
        assert len(submit.content) <= (159 if submit.coding == pdus.ASCII else 140)
        read += piece
    assert text == read


@pytest.mark.parametrize(
    ("text", "encoding", "coding", "parts"),
    [
        ("a" * 160, "auto", pdus.ASCII, 1),
        ("a" * 161, "auto", pdus.ASCII, 2),
        ("[" * 81, "auto", pdus.ASCII, 2),
        ("`", "auto", pdus.UCS2, 1),
        ("你" * 70, "auto", pdus.UCS2, 1),
        ("你" * 71, "auto", pdus.UCS2, 2),
        ("你" * 70, "gbk", pdus.GBK, 1),
        ("你" * 71, "gbk", pdus.GBK, 2),
        ("a" * 71, "gbk", pdus.GBK, 2),
        ("你".encode("utf-16-be"), "ascii", pdus.UCS2, 1),
    ],
)
def test_how_many_messages_a_text_takes(
    text: str | bytes, encoding: content.Encoding, coding: int, parts: int
) -> None:
    """A text is one message where the handset can show it as one."""
    found = content.single(text, encoding)
    assert (1 if found else len(content.split(text, encoding)[1])) == parts
    assert coding == (found or content.split(text, encoding))[0]


@pytest.mark.parametrize(("text", "encoding"), [("𠀀", "gbk"), ("你", "ascii"), (b"\0", "auto")])
def test_a_text_the_alphabet_lacks_is_not_sent(
    text: str | bytes, encoding: content.Encoding
) -> None:
    """A character that cannot be written raises ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - the codecs' own words
        content.single(text, encoding)


def test_a_long_text_has_at_most_255_parts() -> None:
    """A text beyond what the header can count is refused."""
    with pytest.raises(ValueError, match="256"):
        content.split("你" * 67 * 256, "gbk")
    assert 255 == texts.MOST_PARTS

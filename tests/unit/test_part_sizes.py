"""Where long texts are cut, by protocol, alphabet and width of the reference: in vectors.

A message has 140 octets of user data. A concatenation header takes six of them, seven with a 16-bit
reference: 134 or 133 are left, 67 or 66 UCS-2 characters, 153 or 152 septets.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from bot.dialogue.planning import findings, fitted
from bot.dialogue.scene import Line
from bot.engine.door import part
from evaluators.protocols import text as texts
from evaluators.protocols.cmpp import codec as cmpp
from evaluators.protocols.cmpp import pdus as cmpp_pdus
from evaluators.protocols.cmpp.template import Template as CmppTemplate
from evaluators.protocols.sgip import codec as sgip
from evaluators.protocols.sgip import pdus as sgip_pdus
from evaluators.protocols.sgip.sequence import Numbering
from evaluators.protocols.sgip.template import Template as SgipTemplate
from evaluators.protocols.smgp import codec as smgp
from evaluators.protocols.smgp import tlv
from evaluators.protocols.smgp.template import Template as SmgpTemplate
from evaluators.protocols.smpp import codec as smpp
from evaluators.protocols.smpp.template import Template as SmppTemplate
from evaluators.sending.lengths import segments
from evaluators.sending.limits import RULES, Caps
from evaluators.sending.plan import Plan, cost, parts_of

NUMBER = "19800000001"
Cut = Callable[..., list[bytes]]


def reference() -> Callable[..., int]:
    numbers = count(0x1240)
    return lambda last=0xFF: next(numbers) & last


def cut_smpp(text: str, bits: int, encoding: str) -> list[bytes]:
    """User data of each message that the text goes out as."""
    sample = smpp.Sms(smpp.SUBMIT_SM, 0, "1069", "")
    template = SmppTemplate(sample, encoding, wide=bits == 16)  # type: ignore[arg-type]
    bodies = template.parts((0, NUMBER, text), reference())
    found = [smpp.decode_sms(template.number(body, at)) for at, body in enumerate(bodies, 1)]
    assert all(sms.esm_class & smpp.ESM_UDHI for sms in found)
    return [sms.user_data for sms in found]


def cut_cmpp(text: str, bits: int, encoding: str) -> list[bytes]:
    """The same in CMPP, whose Pk_total and TP_udhi have to agree."""
    sample = cmpp_pdus.Submit(0, "1069", ("",))
    template = CmppTemplate(sample, 0x30, encoding, bits)  # type: ignore[arg-type]
    bodies = template.parts((0, NUMBER, text), reference())
    found = [cmpp.decode(template.number(body, at), 0x30) for at, body in enumerate(bodies, 1)]
    for order, pdu in enumerate(found, 1):
        assert isinstance(pdu, cmpp_pdus.Submit)
        assert (len(found), order, 1) == (pdu.pk_total, pdu.pk_number, pdu.tp_udhi)
    return [pdu.content for pdu in found if isinstance(pdu, cmpp_pdus.Submit)]


def cut_smgp(text: str, bits: int, encoding: str) -> list[bytes]:
    """The same in SMGP, whose header has 8-bit references only."""
    assert 8 == bits
    sample = smgp.Submit(0, "1069", ("0",))
    template = SmgpTemplate(sample, encoding)  # type: ignore[arg-type]
    bodies = template.parts((0, NUMBER, text), reference())
    found = [smgp.decode(template.number(body, at)) for at, body in enumerate(bodies, 1)]
    for order, pdu in enumerate(found, 1):
        assert isinstance(pdu, smgp.Submit)
        marks = (tlv.TP_UDHI, tlv.PK_TOTAL, tlv.PK_NUMBER)
        assert [1, len(found), order] == [tlv.find_number(pdu.tlvs, mark) for mark in marks]
    return [pdu.content for pdu in found if isinstance(pdu, smgp.Submit)]


def cut_sgip(text: str, bits: int, encoding: str) -> list[bytes]:
    """The same in SGIP."""
    assert 8 == bits
    sample = sgip_pdus.Submit(sgip_pdus.NO_SEQUENCE, "1069", ("",))
    template = SgipTemplate(sample, Numbering(1, lambda: 1.8e9), encoding)  # type: ignore[arg-type]
    bodies = template.parts((0, NUMBER, text), reference())
    found = [sgip.decode(template.number(body, at)) for at, body in enumerate(bodies, 1)]
    assert all(pdu.udhi == 1 for pdu in found if isinstance(pdu, sgip_pdus.Submit))
    return [pdu.content for pdu in found if isinstance(pdu, sgip_pdus.Submit)]


HEADERS = {8: 6, 16: 7}


@pytest.mark.parametrize(
    ("cut", "bits", "encoding", "text", "sizes"),
    [
        # UCS-2: 67 characters a part, 66 behind the header of seven octets
        (cut_smpp, 8, "ucs2", "长" * 71, [134, 8]),
        (cut_smpp, 8, "ucs2", "长" * 134, [134, 134]),
        (cut_smpp, 8, "ucs2", "长" * 135, [134, 134, 2]),
        (cut_smpp, 16, "ucs2", "长" * 71, [132, 10]),
        (cut_smpp, 16, "ucs2", "长" * 132, [132, 132]),
        (cut_smpp, 16, "ucs2", "长" * 133, [132, 132, 2]),
        (cut_cmpp, 8, "ucs2", "长" * 134, [134, 134]),
        (cut_cmpp, 8, "ucs2", "长" * 135, [134, 134, 2]),
        (cut_cmpp, 16, "ucs2", "长" * 132, [132, 132]),
        (cut_cmpp, 16, "ucs2", "长" * 133, [132, 132, 2]),
        (cut_smgp, 8, "ucs2", "长" * 134, [134, 134]),
        (cut_smgp, 8, "auto", "长" * 135, [134, 134, 2]),
        (cut_sgip, 8, "ucs2", "长" * 134, [134, 134]),
        (cut_sgip, 8, "ucs2", "长" * 135, [134, 134, 2]),
        # a surrogate pair is not cut: one unit less in the first part
        (cut_smpp, 16, "ucs2", "长" * 65 + "\U0001f600" * 4, [130, 16]),
        (cut_cmpp, 16, "ucs2", "长" * 65 + "\U0001f600" * 4, [130, 16]),
        # seven bits: 153 and 152 septets, an octet each on the wire
        (cut_smpp, 8, "gsm7", "x" * 161, [153, 8]),
        (cut_smpp, 16, "gsm7", "x" * 161, [152, 9]),
        (cut_smpp, 16, "gsm7", "x" * 304, [152, 152]),
        (cut_smpp, 16, "gsm7", "x" * 305, [152, 152, 1]),
        (cut_cmpp, 8, "ascii", "x" * 160, [153, 7]),
        (cut_cmpp, 16, "ascii", "x" * 305, [152, 152, 1]),
        (cut_sgip, 8, "ascii", "x" * 161, [153, 8]),
        # eight bits: 134 and 133 octets; SMGP allows 140 octets whatever the alphabet
        (cut_smpp, 8, "latin1", "é" * 141, [134, 7]),
        (cut_smpp, 16, "latin1", "é" * 141, [133, 8]),
        (cut_smpp, 16, "latin1", "é" * 267, [133, 133, 1]),
        (cut_smgp, 8, "ascii", "x" * 141, [134, 7]),
        (cut_smgp, 8, "ascii", "x" * 269, [134, 134, 1]),
        # GBK: two octets a Chinese character, none cut in two
        (cut_cmpp, 8, "gbk", "长" * 71, [134, 8]),
        (cut_cmpp, 16, "gbk", "长" * 71, [132, 10]),
        (cut_smgp, 8, "gbk", "长" * 71, [134, 8]),
        (cut_smgp, 8, "gbk", "x" + "长" * 70, [133, 8]),
        (cut_sgip, 8, "gbk", "长" * 71, [134, 8]),
    ],
)
def test_a_long_text_is_cut_where_its_header_leaves_room(
    cut: Cut, bits: int, encoding: str, text: str, sizes: list[int]
) -> None:
    """Every part holds what is left beside its header, and the parts are the whole text."""
    contents = cut(text, bits, encoding)
    header = HEADERS[bits]
    assert sizes == [len(content) - header for content in contents]
    kinds = {8: b"\5\0\3\x40", 16: b"\6\x08\4\x12\x40"}
    for order, content in enumerate(contents, 1):
        assert kinds[bits] + bytes((len(contents), order)) == content[:header]
        part, _ = texts.read_header(content)
        assert part == texts.Part(0x40 if bits == 8 else 0x1240, len(contents), order)


@pytest.mark.parametrize("units", [71, 132, 133, 134, 135, 198, 199, 201, 202, 500])
def test_parts_are_billed_as_they_are_sent(units: int) -> None:
    """As many parts are billed as leave, with 8-bit references and with 16-bit ones."""
    text = "长" * units
    for cut in (cut_smpp, cut_cmpp, cut_smgp, cut_sgip):
        assert segments(text, part({})) == len(cut(text, 8, "ucs2"))
    for cut in (cut_smpp, cut_cmpp):
        assert segments(text, part({"reference_bits": 16})) == len(cut(text, 16, "ucs2"))


def test_a_plan_costs_what_its_connection_sends() -> None:
    """A text of 133 characters is two parts, three where the connection's references are wide."""
    text = "长" * 127 + "{token}"
    usual = Plan(text=text, rate=1, claim=0.9, price=1, caps=Caps(count=1, rate=1, cost=9), count=1)
    narrow = Line("narrow", "narrow", simulated=False, rate=9)
    wide = replace(narrow, part=part({"reference_bits": 16}))
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for lines, parts in (([narrow], 2), ([wide], 3), ([narrow, wide], 3)):
        plan = fitted(usual, lines, now, rules=RULES)
        assert (parts, parts) == (parts_of(plan), cost(plan))
        billed = [each for each in findings(plan, lines, now, rules=RULES) if "long" in each.key]
        assert [parts] == [each.params["parts"] for each in billed]

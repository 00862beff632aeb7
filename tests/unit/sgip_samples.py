"""SGIP messages to test with: those laid out in tests/golden/sgip, and any there can be."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from evaluators.protocols.sgip import pdus, status
from tests.unit.golden_octets import octets

GOLDEN = Path(__file__).parent.parent / "golden" / "sgip"
NODE = 3_0755_12345
AT = datetime(2026, 11, 22, 6, 55, 1, tzinfo=UTC).timestamp()  # 14:55:01 in Beijing


def sp(counter: int) -> bytes:
    """A number of an SP's, whose node lies beyond 2^31, on 22 November at 14:55:01."""
    return pdus.sequence(NODE, 1122145501, counter)


def smg(counter: int) -> bytes:
    return pdus.sequence(107551, 1122145502, counter)


TO = "8619800001234"


VECTORS: dict[str, pdus.Pdu] = {
    "bind": pdus.Bind(sp(0), pdus.SP_TO_SMG, "buyer", "simulate"),
    "bind_reverse": pdus.Bind(smg(0xFFFFFFFF), pdus.SMG_TO_SP, "sixteenletters!!"),
    "bind_resp": pdus.Result(pdus.BIND_RESP, sp(0)),
    "bind_resp_refused": pdus.Result(pdus.BIND_RESP, sp(0), status.WRONG_LOGIN),
    "unbind": pdus.Bare(pdus.UNBIND, sp(9)),
    "unbind_resp": pdus.Bare(pdus.UNBIND_RESP, sp(9)),
    "submit": pdus.Submit(
        sp(1),
        "1069000001",
        (TO,),
        "【测试】你好".encode("utf-16-be"),
        pdus.UCS2,
        corp_id="12345",
        report_flag=pdus.REPORT_ALWAYS,
        service_type="TEST",
        fee_type=1,
        more_related=2,
    ),
    "submit_many": pdus.Submit(
        pdus.sequence(3_999_999_999, 101000000, 0xFFFFFFFF),
        "1069",
        ("8619800000001", "8616600000002", "8619900000003"),
        b"hi",
        corp_id="00007",
        report_flag=pdus.REPORT_NEVER,
        charge_number="",
        fee_type=2,
        fee_value="100",
        given_value="99999",
        agent_flag=1,
        more_related=3,
        priority=9,
        expire_time="261122190000032+",
        schedule_time="261122180000032+",
    ),
    "submit_long_part": pdus.Submit(
        sp(2),
        "1069000001",
        (TO,),
        b"\x05\x00\x03\x2a\x02\x01" + "你好".encode("gbk"),
        pdus.GBK,
        udhi=1,
        pid=1,
        corp_id="12345",
        report_flag=pdus.REPORT_ALWAYS,
        charge_number=TO,
        service_type="0123456789",
        fee_type=3,
        fee_value="000500",
        priority=1,
    ),
    "submit_resp": pdus.Result(pdus.SUBMIT_RESP, sp(1)),
    "submit_resp_busy": pdus.Result(pdus.SUBMIT_RESP, sp(1), status.BUSY),
    "deliver": pdus.Deliver(smg(3), TO, "1069000001", "退订".encode("gbk"), pdus.GBK),
    "deliver_resp": pdus.Result(pdus.DELIVER_RESP, smg(3)),
    "report": pdus.Report(smg(4), sp(1), TO),
    "report_failed": pdus.Report(smg(5), sp(2), TO, pdus.FAILED, 27),
    "report_waiting": pdus.Report(smg(6), sp(2), TO, pdus.PENDING, kind=pdus.OF_DELIVER),
    "report_resp": pdus.Result(pdus.REPORT_RESP, smg(4)),
    "user_report": pdus.UserReport(smg(7), "1069000001", TO, 1),
    "user_report_resp": pdus.Result(pdus.USER_REPORT_RESP, smg(7)),
    "trace": pdus.Trace(sp(8), sp(1), TO),
    "trace_resp": pdus.TraceResp(
        sp(8),
        (
            pdus.Hop(0, "107551", "261122145501", "261122145502"),
            pdus.Hop(1, "110000", "261122145503"),
        ),
    ),
    "add_sp_resp": pdus.Foreign(0x80000006, pdus.sequence(410001, 1122145503, 0), bytes(9)),
}


octet = st.integers(0, 255)


sequences = st.binary(min_size=12, max_size=12)


numbers = st.text("0123456789", min_size=1, max_size=21)


def words(most: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=most)


submits = st.builds(
    pdus.Submit,
    sequences,
    numbers,
    st.lists(numbers, min_size=1, max_size=5).map(tuple),
    st.binary(max_size=200),
    octet,
    octet,
    words(5),
    octet,
    words(21),
    words(10),
    octet,
    words(6),
    words(6),
    octet,
    octet,
    octet,
    words(16),
    words(16),
    octet,
    octet,
    words(8),
)


delivers = st.builds(
    pdus.Deliver, sequences, numbers, numbers, st.binary(max_size=200), octet, octet, octet
)


reports = st.builds(pdus.Report, sequences, sequences, numbers, octet, octet, octet, words(8))


results = st.builds(
    pdus.Result,
    st.sampled_from(
        [
            pdus.BIND_RESP,
            pdus.SUBMIT_RESP,
            pdus.DELIVER_RESP,
            pdus.REPORT_RESP,
            pdus.USER_REPORT_RESP,
        ]
    ),
    sequences,
    octet,
    words(8),
)


hops = st.builds(pdus.Hop, octet, words(6), words(16), words(16), words(8))


messages = st.one_of(
    submits,
    delivers,
    reports,
    results,
    st.builds(pdus.Bind, sequences, octet, words(16), words(16), words(8)),
    st.builds(pdus.UserReport, sequences, numbers, numbers, octet, words(8)),
    st.builds(pdus.Trace, sequences, sequences, numbers, words(8)),
    st.builds(pdus.TraceResp, sequences, st.lists(hops, max_size=4).map(tuple)),
    st.builds(pdus.Bare, st.sampled_from([pdus.UNBIND, pdus.UNBIND_RESP]), sequences),
    st.builds(pdus.Foreign, st.integers(6, 16), sequences, st.binary(max_size=50)),
)


def vector(name: str) -> bytes:
    return octets(GOLDEN / f"{name}.hex")

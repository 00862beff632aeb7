"""SMGP messages to test with: those laid out in tests/golden/smgp, and any there can be."""

from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from evaluators.protocols.smgp import codec, receipt, status, tlv
from tests.unit.golden_octets import octets

GOLDEN = Path(__file__).parent.parent / "golden" / "smgp"
EXAMPLE_ID = bytes.fromhex("01006101161700012345")
NASTY_ID = b" :\0d: \0\tsu"
CLIENT_PROOF = bytes.fromhex("a8d688d538f261b2d72cbab6745b7220")
SERVER_PROOF = bytes.fromhex("c36a0396517b4ffed4e5f2b683d36421")
REPORT = receipt.Report(
    EXAMPLE_ID, "DELIVRD", "000", "2611221900", "2611221901", text=b"012code 1234".ljust(20, b"\0")
)
NASTY_REPORT = replace(
    REPORT,
    message_id=NASTY_ID,
    text=(b"012" + "【测试】你好".encode("gb18030")).ljust(20, b"\0"),
)


def report(sequence: int, order: int, given: receipt.Report) -> codec.Deliver:
    return codec.Deliver(
        sequence,
        bytes.fromhex(f"000061112219{order:08d}"),
        "19800001234",
        "106900001",
        receipt.format(given),
        is_report=1,
        received="20261122190100",
    )


VECTORS: dict[str, codec.Pdu] = {
    "login": codec.Login(1, "10690001", CLIENT_PROOF, codec.BOTH, 301000000),
    "login_resp": codec.LoginResp(1, 0, SERVER_PROOF),
    "login_resp_refused": codec.LoginResp(0xFFFFFFFF, status.WRONG_PASSWORD),
    "submit": codec.Submit(
        5, "106900001", ("19800001234",), "【测试】你好".encode("gb18030"), need_report=1
    ),
    "submit_1_3": codec.Submit(
        6, "106900001", ("19800001234",), b"code 1234", codec.ASCII, need_report=1
    ),
    "submit_long_part": codec.Submit(
        7,
        "106900001",
        ("19800001234",),
        b"\x05\x00\x03\x2a\x02\x01" + "你好".encode("utf-16-be"),
        codec.UCS2,
        need_report=1,
        tlvs=(
            tlv.number(tlv.TP_UDHI, 1),
            tlv.number(tlv.PK_TOTAL, 2),
            tlv.number(tlv.PK_NUMBER, 1),
        ),
    ),
    "submit_full": codec.Submit(
        8,
        "106900001",
        ("19800000001", "16600000002", "199000000030000000000"),
        b"\x01\x02\xff",
        codec.BINARY,
        service_id="PC2P",
        fee_type="03",
        fee_code="000010",
        fixed_fee="000500",
        msg_type=7,
        priority=3,
        valid_time="000001000000000R",
        at_time="261122190000032+",
        charge_number="19900000004",
        reserve="reserved",
        tlvs=(
            tlv.number(tlv.TP_PID, 0x3F),
            tlv.text(tlv.LINK_ID, "LINK0001"),
            tlv.text(tlv.MSG_SRC, "900001"),
            tlv.number(tlv.CHARGE_USER_TYPE, 2),
            tlv.number(tlv.CHARGE_TERM_TYPE, 1),
            tlv.text(tlv.CHARGE_TERM_PSEUDO, "abc"),
            tlv.number(tlv.DEST_TERM_TYPE, 0),
            tlv.text(tlv.DEST_TERM_PSEUDO, "defg"),
            tlv.number(tlv.SUBMIT_MSG_TYPE, 1),
            tlv.number(tlv.SP_DEAL_RESULT, 0),
            tlv.text(tlv.M_SERVICE_ID, "P900001"),
        ),
    ),
    "submit_resp": codec.SmsResp(codec.SUBMIT_RESP, 5, 0, EXAMPLE_ID),
    "submit_resp_busy": codec.SmsResp(codec.SUBMIT_RESP, 6, status.BUSY),
    "deliver_report": report(11, 1000001, REPORT),
    "deliver_report_nasty_id": report(12, 1000002, NASTY_REPORT),
    "deliver_message": codec.Deliver(
        13,
        bytes.fromhex("00006111221901000003"),
        "19800001234",
        "106900001",
        "退订R".encode("utf-16-be"),
        msg_format=codec.UCS2,
        received="20261122190105",
        tlvs=(
            tlv.number(tlv.SRC_TERM_TYPE, 1),
            tlv.text(tlv.SRC_TERM_PSEUDO, "pseud"),
            tlv.number(tlv.SRC_TYPE, 0),
        ),
    ),
    "deliver_resp": codec.SmsResp(codec.DELIVER_RESP, 11, 0, bytes.fromhex("00006111221901000001")),
    "active_test": codec.Bare(codec.ACTIVE_TEST, 9),
    "active_test_resp": codec.Bare(codec.ACTIVE_TEST_RESP, 9),
    "exit": codec.Bare(codec.EXIT, 9),
    "exit_resp": codec.Bare(codec.EXIT_RESP, 9),
    "forward_resp": codec.SmsResp(codec.FORWARD_RESP, 14, status.UNKNOWN_COMMAND, EXAMPLE_ID),
    "query": codec.Query(15, "20261122", 1, "PC2P"),
    "query_resp": codec.QueryResp(15, "20261122", 1, "PC2P", (100, 90, 80, 15, 5, 7, 2, 1)),
}
VERSIONS = {"submit_1_3": codec.VERSION_1_3}

octet = st.integers(0, 255)
four = st.integers(0, 0xFFFFFFFF)
numbers = st.text("0123456789", min_size=1, max_size=21)


def words(most: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=most)


tlvs = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=4).map(tuple)
submits = st.builds(
    codec.Submit,
    four,
    words(21),
    st.lists(words(21), min_size=1, max_size=4).map(tuple),
    st.binary(max_size=255),
    octet,
    octet,
    service_id=words(10),
    fee_type=words(2),
    fee_code=words(6),
    fixed_fee=words(6),
    msg_type=octet,
    priority=octet,
    valid_time=words(17),
    at_time=words(17),
    charge_number=words(21),
    reserve=words(8),
    tlvs=tlvs,
)
ids = st.binary(min_size=10, max_size=10)
delivers = st.builds(
    codec.Deliver,
    four,
    ids,
    words(21),
    words(21),
    st.binary(max_size=255),
    octet,
    octet,
    words(14),
    words(8),
    tlvs,
)
pdus = st.one_of(
    submits,
    delivers,
    st.builds(codec.Login, four, words(8), st.binary(min_size=16, max_size=16), octet, four, octet),
    st.builds(codec.LoginResp, four, four, st.binary(min_size=16, max_size=16), octet),
    st.builds(
        codec.SmsResp,
        st.sampled_from([codec.SUBMIT_RESP, codec.DELIVER_RESP, codec.FORWARD_RESP]),
        four,
        four,
        ids,
    ),
    st.builds(
        codec.Bare,
        st.sampled_from([codec.ACTIVE_TEST, codec.ACTIVE_TEST_RESP, codec.EXIT, codec.EXIT_RESP]),
        four,
    ),
    st.builds(codec.Query, four, words(8), octet, words(10)),
    st.builds(
        codec.QueryResp,
        four,
        words(8),
        octet,
        words(10),
        st.lists(four, min_size=8, max_size=8).map(tuple),
        words(8),
    ),
)
dates = st.from_regex(r"26[01][0-9]{7}", fullmatch=True)
reports = st.builds(
    receipt.Report,
    ids,
    st.sampled_from([*sorted(receipt.STATES), "MA:0001"]),
    st.from_regex(r"[0-9]{3}", fullmatch=True),
    dates,
    dates,
    st.just("001"),
    st.sampled_from(["000", "001"]),
    st.binary(min_size=20, max_size=20),
)


def vector(name: str) -> bytes:
    return octets(GOLDEN / f"{name}.hex")

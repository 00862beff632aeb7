"""CMPP messages to test with: those laid out in tests/golden/cmpp, and any there can be."""

from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from evaluators.protocols.cmpp import login, pdus, receipt
from evaluators.protocols.cmpp.pdus import V20, V30
from tests.unit.golden_octets import octets

GOLDEN = Path(__file__).parent.parent / "golden" / "cmpp"


SUBMITTED = pdus.MessageId(11, 22, 9, 53, 57, 1001, 4239)


DELIVERED = pdus.MessageId(11, 22, 9, 54, 3, 1001, 7)


DIGEST = login.authenticator("900001", "simulate", 102030405)


ANSWER_20 = login.answer(bytes(1), DIGEST, "simulate")


ANSWER_30 = login.answer(bytes(4), DIGEST, "simulate")


CHINESE = pdus.Submit(
    5,
    "10690001",
    ("19800001234",),
    "【测试】你好".encode("utf-16-be"),
    msg_fmt=8,
    registered_delivery=1,
    fee_user_type=2,
    msg_src="900001",
    fee_type="01",
    fee_code="000000",
)


PART = replace(
    CHINESE,
    sequence=6,
    destinations=("16600000001",),
    content=bytes.fromhex("0500032a0201") + "长".encode("utf-16-be"),
    pk_total=2,
    tp_udhi=1,
)


FULL_20 = pdus.Submit(
    7,
    "106900019999999999999",
    ("19800000001", "8619900000002"),
    b"hello",
    msg_level=9,
    service_id="TPCQ",
    fee_user_type=3,
    fee_terminal_id="19800000001",
    tp_pid=65,
    msg_src="900001",
    fee_type="02",
    fee_code="000010",
    valid_time="030711120000032+",
    at_time="030710120000032+",
    tail="reserved",
)


FULL_30 = replace(
    FULL_20,
    sequence=0x7FFFFFFF,
    content="中a".encode("gbk"),
    msg_fmt=15,
    fee_terminal_type=1,
    destination_type=1,
    tail="01234567890123456789",
)


REPORT = receipt.Report(SUBMITTED.write(), "DELIVRD", "2611220953", "2611220954", "19800001234", 66)


SHORT = replace(REPORT, state="MA:0001")


DELIVER = pdus.Deliver(11, DELIVERED.write(), "10690001", "19800001234", registered_delivery=1)


REPLY = pdus.Deliver(
    12,
    DELIVERED.write(),
    "10690001",
    "19800001234",
    "退订R".encode("utf-16-be"),
    msg_fmt=8,
    service_id="TPCQ",
    tail="link",
)


BOTH = (V20, V30)


VECTORS: dict[str, tuple[pdus.Pdu, tuple[int, ...]]] = {
    "connect_20": (pdus.Connect(1, "900001", DIGEST, 102030405, V20), BOTH),
    "connect_30": (pdus.Connect(1, "900001", DIGEST, 102030405, V30), BOTH),
    "connect_resp_20": (pdus.ConnectResp(1, 0, ANSWER_20, V20), (V20,)),
    "connect_resp_30": (pdus.ConnectResp(1, 0, ANSWER_30, V30), (V30,)),
    "connect_resp_refused_30": (pdus.ConnectResp(1, 3, bytes(16), V30), (V30,)),
    "submit_20": (CHINESE, (V20,)),
    "submit_30": (CHINESE, (V30,)),
    "submit_long_part_20": (PART, (V20,)),
    "submit_long_part_30": (PART, (V30,)),
    "submit_full_20": (FULL_20, (V20,)),
    "submit_full_30": (FULL_30, (V30,)),
    "submit_resp_20": (pdus.SmsResp(pdus.SUBMIT_RESP, 5, SUBMITTED.write()), (V20,)),
    "submit_resp_30": (pdus.SmsResp(pdus.SUBMIT_RESP, 5, SUBMITTED.write()), (V30,)),
    "submit_resp_throttled_20": (pdus.SmsResp(pdus.SUBMIT_RESP, 6, result=8), (V20,)),
    "submit_resp_throttled_30": (pdus.SmsResp(pdus.SUBMIT_RESP, 6, result=8), (V30,)),
    "deliver_message_20": (REPLY, (V20,)),
    "deliver_message_30": (REPLY, (V30,)),
    "deliver_report_20": (replace(DELIVER, content=receipt.format(REPORT, V20)), (V20,)),
    "deliver_report_30": (replace(DELIVER, content=receipt.format(REPORT, V30)), (V30,)),
    "deliver_report_short_30": (
        replace(DELIVER, sequence=13, content=receipt.format(SHORT, V20)),
        (V30,),
    ),
    "deliver_resp_20": (pdus.SmsResp(pdus.DELIVER_RESP, 11, DELIVERED.write()), (V20,)),
    "deliver_resp_30": (pdus.SmsResp(pdus.DELIVER_RESP, 11, DELIVERED.write()), (V30,)),
    "query": (pdus.Query(8, "20261122", 1, "TPCQ"), BOTH),
    "query_resp": (pdus.QueryResp(8, "20261122", 1, "TPCQ", (1, 2, 3, 4, 5, 6, 7, 8)), BOTH),
    "cancel": (pdus.Cancel(9, SUBMITTED.write()), BOTH),
    "cancel_resp_20": (pdus.CancelResp(9, 1), (V20,)),
    "cancel_resp_30": (pdus.CancelResp(9, 1), (V30,)),
    "active_test": (pdus.Bare(pdus.ACTIVE_TEST, 10), BOTH),
    "active_test_resp": (pdus.Bare(pdus.ACTIVE_TEST_RESP, 10), BOTH),
    "terminate": (pdus.Bare(pdus.TERMINATE, 14), BOTH),
    "terminate_resp": (pdus.Bare(pdus.TERMINATE_RESP, 14), BOTH),
}


# what peers write although the specification does not: read, never written
TOLERATED: dict[str, pdus.Pdu] = {
    "active_test_resp_12": pdus.Bare(pdus.ACTIVE_TEST_RESP, 10),
    "connect_resp_refused_short": pdus.ConnectResp(1, 3, bytes(16), V30),
}


octet = st.integers(0, 255)


sequences = st.integers(0, 0xFFFFFFFF)


ids = st.binary(min_size=8, max_size=8)


def strings(most: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=most)


def submits(version: int) -> st.SearchStrategy[pdus.Submit]:
    new = version == V30
    kind = octet if new else st.just(0)
    number = strings(32 if new else 21)
    return st.builds(
        pdus.Submit,
        sequences,
        strings(21),
        st.lists(number, min_size=1, max_size=4).map(tuple),
        st.binary(max_size=255),
        octet,
        ids,
        *[octet] * 4,
        strings(10),
        octet,
        number,
        kind,
        octet,
        octet,
        strings(6),
        strings(2),
        strings(6),
        strings(17),
        strings(17),
        kind,
        strings(20 if new else 8),
    )


def all_pdus(version: int) -> st.SearchStrategy[pdus.Pdu]:
    new = version == V30
    result = st.integers(0, 0xFFFFFFFF) if new else octet
    delivers = st.builds(
        pdus.Deliver,
        sequences,
        ids,
        strings(21),
        strings(32 if new else 21),
        st.binary(max_size=255),
        octet,
        octet,
        strings(10),
        octet,
        octet,
        octet if new else st.just(0),
        strings(20 if new else 8),
    )
    answers = st.sampled_from([pdus.SUBMIT_RESP, pdus.DELIVER_RESP])
    bare = st.sampled_from(
        [pdus.ACTIVE_TEST, pdus.ACTIVE_TEST_RESP, pdus.TERMINATE, pdus.TERMINATE_RESP]
    )
    digest, number = st.binary(min_size=16, max_size=16), st.integers(0, 0xFFFFFFFF)
    counts = st.lists(number, min_size=8, max_size=8).map(tuple)
    return st.one_of(
        submits(version),
        delivers,
        st.builds(pdus.SmsResp, answers, sequences, ids, result),
        st.builds(pdus.Connect, sequences, strings(6), digest, number, octet),
        st.builds(pdus.ConnectResp, sequences, result, digest, octet),
        st.builds(pdus.Query, sequences, strings(8), octet, strings(10), strings(8)),
        st.builds(pdus.QueryResp, sequences, strings(8), octet, strings(10), counts),
        st.builds(pdus.Cancel, sequences, ids),
        st.builds(pdus.CancelResp, sequences, result),
        st.builds(pdus.Bare, bare, sequences),
    )


both_versions = st.sampled_from(BOTH).flatmap(
    lambda version: st.tuples(st.just(version), all_pdus(version))
)


def vector(name: str) -> bytes:
    return octets(GOLDEN / f"{name}.hex")

"""SMPP messages to test with: those laid out in tests/golden/smpp, and any there can be."""

from pathlib import Path

from hypothesis import strategies as st

from evaluators.protocols import text as texts
from evaluators.protocols.smpp import codec, receipt, status
from tests.unit.golden_octets import octets

GOLDEN = Path(__file__).parent.parent / "golden" / "smpp"


RECEIPT_TEXT = (
    b"id:0000000042 sub:001 dlvrd:001 submit date:2611221900 done date:2611221901 "
    b"stat:DELIVRD err:000 text:hi"
)


VECTORS: dict[str, codec.Pdu] = {
    "bind_transceiver": codec.Bind(
        codec.BIND_TRANSCEIVER, 1, "buyer", "simulate", "VMS", 0x34, 1, 1, "1069"
    ),
    "bind_transmitter": codec.Bind(codec.BIND_TRANSMITTER, 2, "buyer"),
    "bind_receiver": codec.Bind(codec.BIND_RECEIVER, 0x7FFFFFFF, "buyer", "simulate"),
    "bind_transceiver_resp": codec.BindResp(
        codec.BIND_TRANSCEIVER_RESP, 1, 0, "SMSC", ((0x0210, b"\x34"),)
    ),
    "bind_transmitter_resp": codec.BindResp(codec.BIND_TRANSMITTER_RESP, 2),
    "bind_receiver_resp": codec.BindResp(
        codec.BIND_RECEIVER_RESP, 0x7FFFFFFF, status.WRONG_PASSWORD
    ),
    "submit_sm": codec.Sms(
        codec.SUBMIT_SM,
        5,
        "106900001",
        "19800001234",
        "【测试】你好".encode("utf-16-be"),
        data_coding=8,
        registered_delivery=1,
        destination_ton=1,
        destination_npi=1,
    ),
    "submit_sm_long_part": codec.Sms(
        codec.SUBMIT_SM,
        6,
        "Shop",
        "16600000001",
        b"\x05\x00\x03\x2a\x02\x01hi",
        esm_class=codec.ESM_UDHI,
        registered_delivery=2,
        service_type="CMT",
        source_ton=5,
        destination_ton=1,
        destination_npi=1,
        priority=1,
        schedule_delivery_time="261122190000032+",
        validity_period="000001000000000R",
    ),
    "submit_sm_payload": codec.Sms(
        codec.SUBMIT_SM,
        7,
        "",
        "19900000002",
        tlvs=(
            (codec.TLV_SAR_REFERENCE, b"\x01\x02"),
            (codec.TLV_SAR_TOTAL, b"\x03"),
            (codec.TLV_SAR_NUMBER, b"\x02"),
            (codec.TLV_MESSAGE_PAYLOAD, b"hello"),
        ),
    ),
    "submit_sm_wide_part": codec.Sms(
        codec.SUBMIT_SM,
        8,
        "1069",
        "16600000001",
        b"\x06\x08\x04\x01\x2c\x02\x02" + "测试".encode("utf-16-be"),
        esm_class=codec.ESM_UDHI,
        data_coding=8,
        registered_delivery=1,
    ),
    "submit_sm_sar_part": codec.Sms(
        codec.SUBMIT_SM,
        9,
        "1069",
        "16600000001",
        "测试".encode("utf-16-be"),
        data_coding=8,
        registered_delivery=1,
        tlvs=(
            (codec.TLV_SAR_REFERENCE, b"\x01\x2c"),
            (codec.TLV_SAR_TOTAL, b"\x02"),
            (codec.TLV_SAR_NUMBER, b"\x02"),
        ),
    ),
    "submit_sm_7_bit": codec.Sms(
        codec.SUBMIT_SM,
        10,
        "1069",
        "16600000001",
        texts.encode("€5@[¡", "gsm7"),
        registered_delivery=1,
    ),
    "submit_sm_resp": codec.SmsResp(codec.SUBMIT_SM_RESP, 5, 0, b"0000000042"),
    "submit_sm_resp_throttled": codec.SmsResp(codec.SUBMIT_SM_RESP, 6, status.THROTTLED),
    "submit_sm_resp_queue_full": codec.SmsResp(codec.SUBMIT_SM_RESP, 7, status.QUEUE_FULL),
    "submit_sm_resp_hex_id": codec.SmsResp(codec.SUBMIT_SM_RESP, 8, 0, b"12ED574B"),
    "deliver_sm_decimal_id": codec.Sms(
        codec.DELIVER_SM,
        13,
        "16600000001",
        "1069",
        b"id:317544267 sub:001 dlvrd:001 submit date:2611221900 done date:2611221901 "
        b"stat:DELIVRD err:000 text:",
        esm_class=codec.ESM_RECEIPT,
        source_ton=1,
        source_npi=1,
    ),
    "data_sm_receipt": codec.Sms(
        codec.DATA_SM,
        12,
        "19800001234",
        "106900001",
        esm_class=codec.ESM_RECEIPT,
        source_ton=1,
        source_npi=1,
        tlvs=(
            (codec.TLV_RECEIPTED_MESSAGE_ID, b"12ED574B\0"),
            (codec.TLV_MESSAGE_STATE, b"\x05"),
            (codec.TLV_NETWORK_ERROR_CODE, b"\x03\x00\x21"),
        ),
    ),
    "data_sm_resp": codec.SmsResp(codec.DATA_SM_RESP, 12),
    "deliver_sm_receipt": codec.Sms(
        codec.DELIVER_SM,
        11,
        "19800001234",
        "106900001",
        RECEIPT_TEXT,
        esm_class=codec.ESM_RECEIPT,
        tlvs=(
            (codec.TLV_RECEIPTED_MESSAGE_ID, b"0000000042\0"),
            (codec.TLV_MESSAGE_STATE, b"\x02"),
        ),
    ),
    "deliver_sm_resp": codec.SmsResp(codec.DELIVER_SM_RESP, 11),
    "enquire_link": codec.Bare(codec.ENQUIRE_LINK, 9),
    "enquire_link_resp": codec.Bare(codec.ENQUIRE_LINK_RESP, 9),
    "unbind": codec.Bare(codec.UNBIND, 9),
    "unbind_resp": codec.Bare(codec.UNBIND_RESP, 9),
    "generic_nack": codec.Bare(codec.GENERIC_NACK, 9, status.UNKNOWN_COMMAND),
}


numbers = st.text("0123456789", min_size=1, max_size=20)


octet = st.integers(0, 255)


sequences = st.integers(1, codec.LAST_SEQUENCE)


words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=15)


tlvs = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=4)


messages = st.builds(
    codec.Sms,
    st.sampled_from([codec.SUBMIT_SM, codec.DELIVER_SM]),
    sequences,
    numbers,
    numbers,
    st.binary(max_size=254),
    octet,
    octet,
    octet,
    service_type=words.map(lambda word: word[:5]),
    source_ton=octet,
    priority=octet,
    validity_period=words,
    tlvs=tlvs.map(tuple),
)


pdus = st.one_of(
    messages,
    st.builds(codec.Bind, st.sampled_from(sorted(codec.BINDS)), sequences, words, words),
    st.builds(
        codec.SmsResp, st.just(codec.SUBMIT_SM_RESP), sequences, message_id=words.map(str.encode)
    ),
    st.builds(codec.Bare, st.just(codec.GENERIC_NACK), sequences, st.integers(0, 0xFFFFFFFF)),
)


reports = st.builds(
    receipt.Report,
    words.map(str.encode),
    st.sampled_from([*receipt.STATE_CODES, "MA:0001", "UNDELIV"]),
    st.text("0123456789", min_size=1, max_size=3),
    submitted=st.just("2611221900"),
    done=st.just("2611221901"),
    text=st.binary(max_size=20),
)


def vector(name: str) -> bytes:
    return octets(GOLDEN / f"{name}.hex")

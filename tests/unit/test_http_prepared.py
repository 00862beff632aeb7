"""What is prepared once for all messages, against the general way, which does each anew."""

import hmac
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.protocols.http import vendor as vendors
from evaluators.protocols.http.compose import Composer, Settings, Writer, settings_of
from evaluators.protocols.http.prepared import hmac_sha256
from evaluators.protocols.http.request import Moment, encode, serialise
from evaluators.protocols.http.session import nonces
from evaluators.protocols.http.vendor import Call, Signed

ALL = vendors.load_all(Path(__file__).parents[2] / "data" / "vendors")
FILED = {
    "aliyun": "验证码${code}，%s勿告他人",
    "huawei": "验证码${1}，勿告他人",
    "tencent": "验证码{1}，勿告他人",
    "volcengine": "验证码${code}，勿告他人",
}
VARIABLE = re.compile(r"\$?\{[a-z1]+\}")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SETTINGS = st.just("{braces}%") | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0{}"), max_size=20
)
NONCES = st.text("0123456789abcdef-", min_size=1, max_size=36)
MOMENTS = st.builds(Moment, st.integers(0, 4_000_000_000), NONCES)
QUERIES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}"), max_size=8),
    st.lists(st.sampled_from(["{number}", "{nonce}", "{iso}", "%", "%(date)s", "ü ", "x"])).map(
        "".join
    ),
    max_size=5,
)
HEADERS = st.dictionaries(
    st.sampled_from(["x-acs-action", "X-Acs-Version", "x-other", "x-acs-date", "content-type"]),
    st.sampled_from(["SendSms", "100%", "%(nonce)s", " blanks "]),
)


@pytest.mark.parametrize("name", sorted(ALL))
@settings(max_examples=30)
@given(code=TEXTS.filter(bool), reference=TEXTS, at=MOMENTS, data=st.data())
def test_every_vendors_octets_are_those_of_its_request(
    name: str, code: str, reference: str, at: Moment, data: st.DataObject
) -> None:
    """Whatever settings and texts hold, what leaves is the request made and signed step by step."""
    vendor = ALL[name]
    held = {spec.name: data.draw(SETTINGS) or "x" for spec in vendor.fields if not spec.default}
    common = {"signature": data.draw(SETTINGS), "template": data.draw(SETTINGS), "source": "1"}
    values = settings_of(vendor, "host.example:8080", held | common)
    filed = FILED.get(name, "")
    composer = Composer(vendor, Settings("host.example:8080", values, filed))
    text = "【测试】" + (VARIABLE.sub(lambda _: code, filed) or code)
    try:
        slowly = serialise(composer.compose("19800000001", text, reference, at))
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            composer.octets("19800000001", text, reference, at)
        return
    assert slowly == composer.octets("19800000001", text, reference, at)


@given(QUERIES, HEADERS, SETTINGS, SETTINGS, MOMENTS, st.sampled_from(["GET", "POST"]))
def test_a_prepared_acs3_signature_is_the_general_one(
    query: dict[str, str],
    headers: dict[str, str],
    secret: str,
    setting: str,
    at: Moment,
    method: str,
) -> None:
    """For any query, headers, path and key the octets, the signature in them, are the same."""
    uses = {"key_id": "{key_id}", "secret": "s{secret}"}
    call = Call.model_validate({
        "method": method, "path": "/a%2F/{key_id}", "query": query, "headers": headers,
        "signature": Signed(scheme="aliyun-acs3", uses=uses),
    })  # fmt: skip
    writer = Writer(call, "host.example", {"key_id": f"k{setting}", "secret": secret})
    values = {"number": f"+{setting}", "nonce": at.nonce, "iso": "2026-11-22T10:00:00Z"}
    assert serialise(writer.write(values, at)) == writer.octets(values, at)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_prepared_hmac_is_the_standard_librarys(key: bytes, told: bytes) -> None:
    """Short keys, long keys and none: the digest is hmac's, the first time and the next."""
    prepared = hmac_sha256(key)
    assert hmac.digest(key, told, "sha256").hex() == prepared(told) == prepared(told)


@given(TEXTS)
def test_percent_encoding_leaves_only_what_is_unreserved(text: str) -> None:
    """Letters, digits and -_.~ stay; every other octet of UTF-8 becomes %XX."""
    kept = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
    wanted = "".join(chr(octet) if octet in kept else f"%{octet:02X}" for octet in text.encode())
    assert wanted == encode(text)


def test_nonces_are_never_the_same() -> None:
    """Two runs share no word, and each is 32 hexadecimal digits."""
    one, other = nonces(), nonces()
    words = [word() for word in (one, other) for _ in range(1000)]
    assert len(set(words)) == 2000
    assert {32} == {len(word) for word in words}
    assert set("".join(words)) <= set("0123456789abcdef")

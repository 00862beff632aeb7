"""Signature schemes against the examples that vendors published, time and nonce given."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from evaluators.protocols.http import signatures
from evaluators.protocols.http.request import Moment, Request


def at(text: str, nonce: str = "") -> Moment:
    return Moment(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()), nonce)


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("GET", "OLeaidS1JvxuMvnyHOwuJ+uX5qY="),
        ("POST", "MxbnVAM4w6sft9xjVpe/GCKueuk="),
    ],
)
def test_aliyun_rpc(method: str, signature: str) -> None:
    """The RPC signature is the documented one.

    Source: help.aliyun.com, RPC 签名机制, DescribeRegions with testid and testsecret.
    """
    items = {
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "Format": "XML",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "SignatureVersion": "1.0",
        "Timestamp": "2016-02-23T12:46:24Z",
        "Version": "2014-05-26",
    }
    request = Request(method, "ecs.aliyuncs.com", "/", items)
    signatures.aliyun_rpc(request, {"secret": "testsecret"}, Moment(0, ""))
    assert signature == request.query["Signature"]


def test_aliyun_acs3() -> None:
    """The V3 signature is the documented one.

    Source: help.aliyun.com, V3 版本请求体 & 签名机制, RunInstances.
    """
    request = Request(
        "POST",
        "ecs.cn-shanghai.aliyuncs.com",
        "/",
        {
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
            "RegionId": "cn-shanghai",
        },
        {"x-acs-action": "RunInstances", "x-acs-version": "2014-05-26"},
    )
    keys = {"key_id": "YourAccessKeyId", "secret": "YourAccessKeySecret"}
    moment = at("2023-10-26T10:22:32", "3156853299f313e23d1673dc12e1703d")
    signatures.aliyun_acs3(request, keys, moment)
    assert (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
        "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature="
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    ) == request.headers["Authorization"]


def test_tencent_tc3() -> None:
    """TC3 gives the documented header.

    Source: cloud.tencent.com, 签名方法 v3, DescribeInstances of cvm at 1551113065.
    """
    body = (
        rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    )
    headers = {"Content-Type": "application/json; charset=utf-8"}
    request = Request("POST", "cvm.tencentcloudapi.com", "/", headers=headers, body=body)
    keys = {
        "key_id": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        "secret": "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
        "service": "cvm",
    }
    signatures.tencent_tc3(request, keys, Moment(1551113065, ""))
    assert (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/"
        "tc3_request, SignedHeaders=content-type;host, Signature="
        "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    ) == request.headers["Authorization"]


def test_volcengine() -> None:
    """The HMAC-SHA256 signature is the documented one.

    Source: www.volcengine.com/docs/6369/67270, ListUsers of iam.
    """
    request = Request(
        "GET",
        "iam.volcengineapi.com",
        "/",
        {"Action": "ListUsers", "Version": "2018-01-01", "Limit": "10", "Offset": "0"},
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    )
    keys = {
        "key_id": "AKLTMjI2ODVlYzI3ZGY1NGU4ZjhjYWRjMTlmNTM5OTZkYzE",
        "secret": "TnpCak5XWXpZV1U0WkRaaE5ERmxaR0ZpTmpjeVkyUXlZek0wTWpJMU1qWQ==",
        "region": "cn-north-1",
        "service": "iam",
    }
    signatures.volcengine(request, keys, at("2020-12-30T08:18:05"))
    assert request.headers["Authorization"].endswith(
        "28eeabbbd726b87002e0fe58ad8c1c768e619b06e2646f35b6ad7ed029a6d8a7"
    )


def test_huawei_sdk() -> None:
    """SDK-HMAC-SHA256 is the documented one.

    Source: support.huaweicloud.com/devg-apisign, GET vpcs.
    """
    request = Request(
        "GET",
        "service.region.example.com",
        "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
        {"limit": "2", "marker": "13551d6b-755d-4757-b956-536f674975c0"},
        {"Content-Type": "application/json"},
    )
    keys = {"key": "QTWAOYTTINDUT2QVKYUC", "secret": "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"}
    signatures.huawei_sdk(request, keys, at("2019-11-15T03:36:55"))
    assert request.headers["Authorization"].endswith(
        "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
    )


def test_huawei_wsse_has_the_form_of_the_documented_example() -> None:
    """PasswordDigest is base64 of the hash in hexadecimal, as in the published example.

    Source: support.huaweicloud.com/api-msgsms, X-WSSE of 2018-05-26T00:35:30Z; no example is
    published with its secret, so the value itself cannot be checked against one.
    """
    published = (
        "NDA1MWIwNjI2ZTkyNWFlM2FhMTE5NDE1YTk5NjU1YWE4NjNlZTY1MmRhYzkxZGViNzczZjdjMjkzZWQ4ZjAwNA=="
    )
    assert len(bytes.fromhex(base64.b64decode(published).decode())) == hashlib.sha256().digest_size
    request = Request("POST", "smsapi.cn-north-4.myhuaweicloud.com", "/sms/batchSendSms/v1")
    moment = at("2018-05-26T00:35:30", "ac1c911c4792492687f8f6b2264a491e")
    signatures.huawei_wsse(request, {"key": "key", "secret": "secret"}, moment)
    told = b"ac1c911c4792492687f8f6b2264a491e2018-05-26T00:35:30Zsecret"
    digest = base64.b64encode(hashlib.sha256(told).hexdigest().encode()).decode()
    assert (
        f'UsernameToken Username="key",PasswordDigest="{digest}",'
        'Nonce="ac1c911c4792492687f8f6b2264a491e",Created="2018-05-26T00:35:30Z"'
    ) == request.headers["X-WSSE"]
    wanted = 'WSSE realm="SDP",profile="UsernameToken",type="Appkey"'
    assert wanted == request.headers["Authorization"]


@pytest.mark.parametrize("kind", ["md5", "sha1"])
def test_submail_follows_the_published_formula(kind: str) -> None:
    """appid + appkey + sorted parameters + appid + appkey, hashed; the tag is not signed.

    Source: mysubmail.com/documents/fbaT14 and the official samples; no result is published.
    """
    form = {"appid": "10000", "to": "19800000001", "content": "【测试】1", "tag": "r-1"}
    request = Request("POST", "api-v4.mysubmail.com", "/sms/send", form=form)
    keys = {"app_id": "10000", "app_key": "key", "type": kind}
    signatures.submail(request, keys, Moment(1415014855, ""))
    told = "appid=10000&content=【测试】1&sign_type={}&timestamp=1415014855&to=19800000001"
    whole = f"10000key{told.format(kind)}10000key"
    assert request.form is not None
    assert hashlib.new(kind, whole.encode()).hexdigest() == request.form["signature"]


def test_submail_plain_is_the_key_itself() -> None:
    """With sign_type normal the key is sent and nothing is computed.

    Source: mysubmail.com/documents/fbaT14.
    """
    request = Request("POST", "api-v4.mysubmail.com", "/sms/send", form={"to": "1"})
    keys = {"app_id": "1", "app_key": "key", "type": "normal"}
    signatures.submail(request, keys, Moment(0, ""))
    assert request.form == {"to": "1", "signature": "key"}


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("md5hash", "6af838ef94998832dbfc29020b564830"),
        ("md5", "c15c21ced558c93a226c305f58f902f2"),
        ("sha1", "3e19a4e6880fdc2c1426bfd0587c98b9532f0210"),
        ("sha256", "a321e824b9b816be7c3f28859a31749a098713d39f613c80d455bbaffae1cd24"),
    ],
)
def test_vonage(method: str, signature: str) -> None:
    """Each method gives what the official client's tests expect.

    Source: Nexmo/nexmo-python, tests/test_signature.py (a=1, b=2, timestamp 1461605396).
    """
    request = Request("GET", "rest.nexmo.com", "/sms/json", {"a": "1", "b": "2"})
    signatures.vonage(request, {"secret": "secret", "method": method}, Moment(1461605396, ""))
    assert signature == request.query["sig"]


def test_twilio() -> None:
    """X-Twilio-Signature is what the official clients' tests expect, also with repeated fields.

    Source: twilio/twilio-python, tests/unit/test_request_validator.py. Numbers stand in two pieces
    because this repository holds none that could be somebody's.
    """
    caller = "+1" + "4158675309"
    form = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", caller),
        ("Digits", "1234"),
        ("From", caller),
        ("To", "+1" + "8005551212"),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    wanted = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert wanted == signatures.twilio_signature(url, form, "12345")
    form = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234")]
    wanted = "IK+Dwps556ElfBT0I3Rgjkr1wJU="
    assert wanted == signatures.twilio_signature(url, [*form, ("Digits", "1234")], "12345")


def test_keys_that_travel_as_they_are() -> None:
    """Basic, Bearer and App put the key into Authorization; a parameter stays where it is.

    Source: RFC 7617 section 2 (Aladdin), RFC 6750 section 2.1, Infobip's authentication page.
    """
    user = {"user": "Aladdin", "password": "open sesame"}
    given = {
        "basic": (user, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        "bearer": ({"token": "mF_9.B5f-4.1JqM"}, "Bearer mF_9.B5f-4.1JqM"),
        "app-key": ({"key": "003026bbc133714d"}, "App 003026bbc133714d"),
        "parameter": ({}, None),
    }
    for scheme, (keys, wanted) in given.items():
        request = Request("POST", "example.com", "/")
        signatures.SIGNERS[scheme](request, keys, Moment(0, ""))
        assert wanted == request.headers.get("Authorization")

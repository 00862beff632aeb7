"""How vendors want requests signed, by the scheme's name in `data/vendors/*.yaml`. Pure.

A signer adds to a request what its scheme needs. `keys` are the scheme's parts as the vendor's
file fills them (`signature.uses`); time and nonce come in with the moment.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

from evaluators.protocols.http.request import Moment, Request, encode, pairs

Keys: TypeAlias = Mapping[str, str]
Signer: TypeAlias = Callable[[Request, Keys, Moment], None]

_UNSIGNED = frozenset({"signature", "tag"})  # Submail: never part of the signature
_UNSIGNED_V2 = _UNSIGNED | {"content", "vars", "multi"}  # nor these where sign_version is 2


def parameter(request: Request, keys: Keys, at: Moment) -> None:
    """The key is a parameter of the request, as the vendor's file has it."""


def basic(request: Request, keys: Keys, at: Moment) -> None:
    """HTTP Basic: `user`, `password`."""
    request.headers["Authorization"] = basic_value(keys["user"], keys["password"])


def bearer(request: Request, keys: Keys, at: Moment) -> None:
    """A token: `token`."""
    request.headers["Authorization"] = f"Bearer {keys['token']}"


def app_key(request: Request, keys: Keys, at: Moment) -> None:
    """Infobip: `key`."""
    request.headers["Authorization"] = f"App {keys['key']}"


def aliyun_rpc(request: Request, keys: Keys, at: Moment) -> None:
    """Alibaba Cloud's signature 1.0 of RPC interfaces, HMAC-SHA1: `secret`.

    All parameters but Signature itself are signed; they stand in the vendor's file.
    """
    where = request.query if request.form is None else request.form
    canonical = pairs(dict(sorted({**request.query, **(request.form or {})}.items())))
    told = f"{request.method}&%2F&{encode(canonical)}"
    digest = hmac.digest(f"{keys['secret']}&".encode(), told.encode(), "sha1")
    where["Signature"] = base64.b64encode(digest).decode()


def aliyun_acs3(request: Request, keys: Keys, at: Moment) -> None:
    """Alibaba Cloud's signature 3, ACS3-HMAC-SHA256: `key_id`, `secret`.

    Signed are host, content-type and every x-acs- header.
    """
    payload = _hash(request.payload())
    request.headers["x-acs-date"] = iso(at.unix)
    request.headers["x-acs-signature-nonce"] = at.nonce
    request.headers["x-acs-content-sha256"] = payload
    signed = acs3_signed(tuple(request.headers))
    told = f"ACS3-HMAC-SHA256\n{_hash(canonical(request, signed, payload).encode())}"
    signature = hmac.digest(keys["secret"].encode(), told.encode(), "sha256").hex()
    request.headers["Authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={keys['key_id']},SignedHeaders={signed},Signature={signature}"
    )


def tencent_tc3(request: Request, keys: Keys, at: Moment) -> None:
    """Tencent Cloud's signature 3, TC3-HMAC-SHA256: `key_id`, `secret`, `service`."""
    day = _time(at.unix, "%Y-%m-%d")
    request.headers["X-TC-Timestamp"] = str(at.unix)
    signed = "content-type;host"
    scope = f"{day}/{keys['service']}/tc3_request"
    text = canonical(request, signed, _hash(request.payload()))
    told = f"TC3-HMAC-SHA256\n{at.unix}\n{scope}\n{_hash(text.encode())}"
    key = _derived(f"TC3{keys['secret']}", day, keys["service"], "tc3_request")
    request.headers["Authorization"] = (
        f"TC3-HMAC-SHA256 Credential={keys['key_id']}/{scope}, SignedHeaders={signed}, "
        f"Signature={hmac.digest(key, told.encode(), 'sha256').hex()}"
    )


def volcengine(request: Request, keys: Keys, at: Moment) -> None:
    """Volcengine's HMAC-SHA256: `key_id`, `secret`, `region`, `service`."""
    stamp = _time(at.unix, "%Y%m%dT%H%M%SZ")
    payload = _hash(request.payload())
    request.headers["X-Date"] = stamp
    request.headers["X-Content-Sha256"] = payload
    signed = "content-type;host;x-content-sha256;x-date"
    scope = f"{stamp[:8]}/{keys['region']}/{keys['service']}/request"
    told = f"HMAC-SHA256\n{stamp}\n{scope}\n{_hash(canonical(request, signed, payload).encode())}"
    key = _derived(keys["secret"], stamp[:8], keys["region"], keys["service"], "request")
    request.headers["Authorization"] = (
        f"HMAC-SHA256 Credential={keys['key_id']}/{scope}, SignedHeaders={signed}, "
        f"Signature={hmac.digest(key, told.encode(), 'sha256').hex()}"
    )


def huawei_wsse(request: Request, keys: Keys, at: Moment) -> None:
    """Huawei Cloud's X-WSSE: `key`, `secret`. The digest is base64 of the hash in hexadecimal."""
    created = iso(at.unix)
    digest = _hash(f"{at.nonce}{created}{keys['secret']}".encode())
    request.headers["Authorization"] = 'WSSE realm="SDP",profile="UsernameToken",type="Appkey"'
    request.headers["X-WSSE"] = (
        f'UsernameToken Username="{keys["key"]}",'
        f'PasswordDigest="{base64.b64encode(digest.encode()).decode()}",'
        f'Nonce="{at.nonce}",Created="{created}"'
    )


def huawei_sdk(request: Request, keys: Keys, at: Moment) -> None:
    """Huawei Cloud's SDK-HMAC-SHA256: `key`, `secret`."""
    request.headers["X-Sdk-Date"] = _time(at.unix, "%Y%m%dT%H%M%SZ")
    signed = "content-type;host;x-sdk-date"
    signature = huawei_signature(request, signed, keys["secret"])
    request.headers["Authorization"] = (
        f"SDK-HMAC-SHA256 Access={keys['key']}, SignedHeaders={signed}, Signature={signature}"
    )


def submail(request: Request, keys: Keys, at: Moment) -> None:
    """Submail: `app_id`, `app_key`, and `type`: normal (the key itself), md5 or sha1.

    With md5 and sha1 a timestamp is signed too.
    """
    form = request.form if request.form is not None else request.query
    if keys["type"] == "normal":
        form["signature"] = keys["app_key"]
        return
    form["sign_type"] = keys["type"]
    form["timestamp"] = str(at.unix)
    unsigned = _UNSIGNED_V2 if form.get("sign_version") == "2" else _UNSIGNED
    told = "&".join(f"{name}={form[name]}" for name in sorted(form) if name not in unsigned)
    ends = keys["app_id"] + keys["app_key"]
    form["signature"] = hashlib.new(keys["type"], f"{ends}{told}{ends}".encode()).hexdigest()


def vonage(request: Request, keys: Keys, at: Moment) -> None:
    """Vonage's signed requests: `secret`, `method` (md5hash, or md5, sha1, sha256, sha512)."""
    form = request.form if request.form is not None else request.query
    form["timestamp"] = str(at.unix)
    form["sig"] = vonage_signature(form, keys["secret"], keys["method"])


SIGNERS: Mapping[str, Signer] = {
    "parameter": parameter,
    "basic": basic,
    "bearer": bearer,
    "app-key": app_key,
    "aliyun-rpc": aliyun_rpc,
    "aliyun-acs3": aliyun_acs3,
    "tencent-tc3": tencent_tc3,
    "huawei-wsse": huawei_wsse,
    "huawei-sdk": huawei_sdk,
    "volcengine": volcengine,
    "submail": submail,
    "vonage": vonage,
}


# What those who check a vendor's own requests compute as well.


def basic_value(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def vonage_signature(items: Mapping[str, str], secret: str, method: str) -> str:
    """Over all items but sig, by name, with & and = in values written as _."""
    told = "".join(
        f"&{name}={items[name].replace('&', '_').replace('=', '_')}"
        for name in sorted(items)
        if name != "sig"
    )
    if method == "md5hash":
        return hashlib.md5(f"{told}{secret}".encode()).hexdigest()  # noqa: S324 - the vendor's choice
    return hmac.digest(secret.encode(), told.encode(), method).hex()


def twilio_signature(url: str, items: Iterable[tuple[str, str]], token: str) -> str:
    """X-Twilio-Signature of a form: the address called, then each name with its value."""
    told = url + "".join(f"{name}{value}" for name, value in sorted(set(items)))
    return base64.b64encode(hmac.digest(token.encode(), told.encode(), "sha1")).decode()


def submail_push_signature(token: str, key: str) -> str:
    """A SUBHOOK's signature."""
    return hashlib.md5(f"{token}{key}".encode()).hexdigest()  # noqa: S324 - the vendor's choice


def huawei_signature(request: Request, signed: str, secret: str) -> str:
    """SDK-HMAC-SHA256 over a request that has its X-Sdk-Date; a / is put behind the path."""
    lower = {name.lower(): value for name, value in request.headers.items()}
    path = request.path if request.path.endswith("/") else f"{request.path}/"
    text = canonical(request, signed, _hash(request.payload()), path=path)
    told = f"SDK-HMAC-SHA256\n{lower['x-sdk-date']}\n{_hash(text.encode())}"
    return hmac.digest(secret.encode(), told.encode(), "sha256").hex()


def canonical(
    request: Request, signed: str, payload: str, *, path: str = "", query: str = ""
) -> str:
    """The canonical request of the schemes that come from AWS's: `signed` are header names.

    `path` and `query`, encoded and in order, stand for the request's own.
    """
    lower = {name.lower(): value.strip() for name, value in request.headers.items()}
    lower["host"] = request.host
    headers = "".join(f"{name}:{lower.get(name, '')}\n" for name in signed.split(";"))
    query = query or pairs(dict(sorted(request.query.items())))
    return f"{request.method}\n{path or request.path}\n{query}\n{headers}\n{signed}\n{payload}"


@lru_cache(maxsize=64)
def acs3_signed(names: tuple[str, ...]) -> str:
    """Which of a request's headers ACS3 signs."""
    lower = {name.lower() for name in names}
    acs = {name for name in lower if name.startswith("x-acs-")}
    return ";".join(sorted(acs | {"host"} | (lower & {"content-type"})))


@lru_cache(maxsize=64)
def _derived(secret: str, *steps: str) -> bytes:
    """A key of the day: HMAC-SHA256 of each step with the result of the one before."""
    key = secret.encode()
    for step in steps:
        key = hmac.digest(key, step.encode(), "sha256")
    return key


def iso(unix: int) -> str:
    """The moment as ISO 8601 has it, 2026-11-22T10:00:00Z."""
    return _time(unix, "%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=64)
def _time(unix: int, form: str) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime(form)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

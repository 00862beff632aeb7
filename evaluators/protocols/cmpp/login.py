"""Who is who in CMPP: the digests in CONNECT and CONNECT_RESP, and the timestamp. Pure."""

import hashlib
import hmac
from datetime import datetime

_ZEROS = bytes(9)
_ACCOUNT = 6  # octets of Source_Addr


def timestamp(now: datetime) -> int:
    """MMDDHHMMSS as the number that CONNECT carries."""
    return int(now.strftime("%m%d%H%M%S"))


def authenticator(account: str, secret: str, timestamp: int, *, padded: bool = False) -> bytes:
    """AuthenticatorSource: MD5 of account, nine zero octets, secret and the ten digits.

    The digits keep their leading zero although the number in CONNECT has none. `padded` fills an
    account shorter than six characters with zero octets first: the specification knows only
    accounts of six, and gateways differ.
    """
    name = account.encode("latin-1")
    if padded:
        name = name.ljust(_ACCOUNT, b"\0")
    return _digest(name + _ZEROS + secret.encode() + b"%010d" % timestamp)


def answer(status: bytes, authenticator_source: bytes, secret: str) -> bytes:
    """AuthenticatorISMG: MD5 of Status (as it is on the wire), AuthenticatorSource and secret."""
    return _digest(status + authenticator_source + secret.encode())


def proves(given: bytes, account: str, secret: str, timestamp: int) -> bool:
    """Whether the client knows the secret, in either reading of a short account."""
    return any(
        hmac.compare_digest(given, authenticator(account, secret, timestamp, padded=padded))
        for padded in (False, True)
    )


def answer_proves(given: bytes, status: int, authenticator_source: bytes, secret: str) -> bool:
    """Whether the gateway knows the secret; some digest four octets of Status where one is due."""
    return any(
        hmac.compare_digest(
            given, answer(status.to_bytes(size, "big"), authenticator_source, secret)
        )
        for size in ((1, 4) if status <= 0xFF else (4,))
    )


def _digest(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()  # the protocol's own choice

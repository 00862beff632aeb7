"""Who is who in SMGP: the digests in Login and Login_Resp, and the timestamp. Pure."""

import hashlib
import hmac
from datetime import datetime

_ZEROS = bytes(7)  # seven, where CMPP has nine
_ACCOUNT = 8  # octets of ClientID


def timestamp(now: datetime) -> int:
    """MMDDHHMMSS as the number that Login carries."""
    return int(now.strftime("%m%d%H%M%S"))


def authenticator(account: str, secret: str, timestamp: int, *, padded: bool = False) -> bytes:
    """AuthenticatorClient: MD5 of ClientID, seven zero octets, secret and the ten digits.

    The digits keep their leading zero although the number in Login has none. `padded` fills an
    account shorter than eight characters with zero octets first: the specification does not say
    whether it means the field or the name.
    """
    name = account.encode("latin-1")
    if padded:
        name = name.ljust(_ACCOUNT, b"\0")
    return _digest(name + _ZEROS + secret.encode() + b"%010d" % timestamp)


def answer(status: int, authenticator_client: bytes, secret: str) -> bytes:
    """AuthenticatorServer: MD5 of Status (four octets), AuthenticatorClient and secret."""
    return _digest(status.to_bytes(4, "big") + authenticator_client + secret.encode())


def proves(given: bytes, account: str, secret: str, timestamp: int) -> bool:
    """Whether the client knows the secret, in either reading of a short account."""
    return any(
        hmac.compare_digest(given, authenticator(account, secret, timestamp, padded=padded))
        for padded in (False, True)
    )


def _digest(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()  # the protocol's own choice

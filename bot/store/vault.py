"""Personal data and secrets at rest: AES-256-GCM with a keyed blind index for look-up."""

import hashlib
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import UserError

_VERSION = b"\x01"  # of key and format, so that a later key can live beside this one
_NONCE = 12


class Vault:
    """Seals and opens texts with one master key; `about` binds a text to its column."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hashlib.sha256(b"seal" + key).digest())
        self._index_key = hashlib.sha256(b"index" + key).digest()

    @classmethod
    def open(cls, path: Path) -> "Vault":
        """Read the master key, or make one (mode 0600) where there is none yet."""
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            key = _make(path)
        except OSError as error:
            raise UserError(f"The master key {path} cannot be read: {error.strerror}") from error
        if len(key) < 32:
            raise UserError(f"The master key {path} is shorter than 32 bytes; restore it.")
        if path.stat().st_mode & 0o077:
            raise UserError(f"The master key {path} is open to others: chmod 600 {path}")
        return cls(key)

    def seal(self, text: str, about: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), about.encode())

    def unseal(self, sealed: bytes, about: str) -> str:
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, body, about.encode()).decode()
        except InvalidTag as error:
            raise UserError(
                "Stored text cannot be opened with this master key. "
                "Restore the key that belongs to this database (SMSVET_MASTER_KEY_FILE)."
            ) from error

    def index(self, text: str) -> str:
        """The same text always gives the same index; without the key it says nothing."""
        return hmac.new(self._index_key, text.encode(), hashlib.sha256).hexdigest()


def _make(path: Path) -> bytes:
    """Write a fresh key whole or not at all; of two processes starting at once, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    key = os.urandom(32)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        return path.read_bytes()
    finally:
        fresh.unlink()
    return key

"""The platform's two uses of AES: files for download, and callbacks with a signature."""

import base64
import hashlib
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


def _padded(data: bytes) -> bytes:
    count = BLOCK - len(data) % BLOCK
    return data + bytes([count]) * count


def encrypted(data: bytes, key: bytes) -> bytes:
    """AES-256-CBC; the key's first 16 bytes are the start vector, padding fills 32."""
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return cipher.update(_padded(data)) + cipher.finalize()


def decrypted(data: bytes, key: bytes) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = cipher.update(data) + cipher.finalize()
    return plain[: -plain[-1]]


def signature(token: str, timestamp: str, nonce: str, text: str) -> str:
    joined = "".join(sorted([token, timestamp, nonce, text]))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def enveloped(text: str, key: bytes) -> str:
    """A callback's text as base64: 16 random bytes, its length, itself, an empty receiver."""
    raw = text.encode()
    return base64.b64encode(
        encrypted(os.urandom(16) + struct.pack(">I", len(raw)) + raw, key)
    ).decode()


def opened(text: str, key: bytes) -> str:
    plain = decrypted(base64.b64decode(text), key)
    (size,) = struct.unpack(">I", plain[16:20])
    return plain[20 : 20 + size].decode()

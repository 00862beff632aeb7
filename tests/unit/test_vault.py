"""Sealing personal data and secrets."""

import stat
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.store.vault import Vault


def test_sealed_text_opens_and_tells_nothing(tmp_path: Path) -> None:
    """A sealed text opens again, equal texts look different, and none shows its content."""
    vault = Vault.open(tmp_path / "key")
    first, second = vault.seal("两分五", "answer.words"), vault.seal("两分五", "answer.words")
    assert "两分五" == vault.unseal(first, "answer.words")
    assert first != second
    assert "两分五".encode() not in first


def test_a_text_opens_only_in_its_own_column(tmp_path: Path) -> None:
    """A value moved to another column is refused instead of shown."""
    vault = Vault.open(tmp_path / "key")
    with pytest.raises(UserError):
        vault.unseal(vault.seal("x", "number"), "answer.words")


def test_another_key_is_refused_in_words(tmp_path: Path) -> None:
    """With the wrong master key a person is told which file to restore."""
    sealed = Vault.open(tmp_path / "one").seal("x", "number")
    with pytest.raises(UserError, match="master key"):
        Vault.open(tmp_path / "two").unseal(sealed, "number")


def test_the_key_is_private_and_stays(tmp_path: Path) -> None:
    """The key file is made once, readable by its owner alone, and refused when open to others."""
    path = tmp_path / "key"
    index = Vault.open(path).index("19800000001")
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert index == Vault.open(path).index("19800000001")
    path.chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        Vault.open(path)

"""Settings from the environment or `smsvet.toml` in the state directory; the environment wins."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import UserError

CONTENT = Path(__file__).resolve().parent.parent / "data"

# What is read in this release; the others named in the docs belong to channels still to come.
NAMES = (
    "SMSVET_HOME",
    "SMSVET_DATABASE_URL",
    "SMSVET_EMBEDDING_MODEL",
    "SMSVET_MASTER_KEY_FILE",
    "SMSVET_WEB_HOST",
    "SMSVET_WEB_PORT",
    "SMSVET_PUBLIC_URL",
)

WEB_PORT = 8377


@dataclass(frozen=True)
class Settings:
    """Where things live. `home` exists and is private to its owner."""

    home: Path
    database_url: str
    master_key_file: Path
    embedding_model: str | None = None
    web_host: str = "127.0.0.1"  # where `smsvet serve` listens; TLS is the proxy's before it
    web_port: int = WEB_PORT
    public_url: str = ""  # how the proxy before it is reached: vendors push their receipts there

    @property
    def sqlite(self) -> Path | None:
        """The database file, or None where the database is a server."""
        prefix = "sqlite:///"
        return (
            Path(self.database_url[len(prefix) :]) if self.database_url.startswith(prefix) else None
        )

    @property
    def database_for_people(self) -> str:
        """The database without its password."""
        parts = urlsplit(self.database_url)
        return self.database_url.replace(f":{parts.password}@", ":***@", 1)


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises UserError for an unknown name or an unreadable file."""
    env = os.environ if environment is None else environment
    home = Path(env.get("SMSVET_HOME") or _default_home(env)).expanduser().absolute()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The state directory {home} cannot be made: {error.strerror}") from error
    values = {**_from_file(home / "smsvet.toml"), **{n: env[n] for n in NAMES if env.get(n)}}
    return Settings(
        home=home,
        database_url=values.get("SMSVET_DATABASE_URL", f"sqlite:///{home / 'smsvet.db'}"),
        master_key_file=Path(values.get("SMSVET_MASTER_KEY_FILE", home / "master.key")),
        embedding_model=values.get("SMSVET_EMBEDDING_MODEL"),
        web_host=values.get("SMSVET_WEB_HOST", "127.0.0.1"),
        public_url=_public(values.get("SMSVET_PUBLIC_URL", "")),
        web_port=_port(values.get("SMSVET_WEB_PORT", str(WEB_PORT))),
    )


def _default_home(env: Mapping[str, str]) -> str:
    state = env.get("XDG_STATE_HOME") or str(Path(env.get("HOME", "~")) / ".local" / "state")
    return str(Path(state) / "smsvet")


def _public(text: str) -> str:
    if text and not (text.startswith("https://") and urlsplit(text).hostname):
        raise UserError(f"SMSVET_PUBLIC_URL starts with https://, not {text!r}")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise UserError(f"SMSVET_WEB_PORT is a port number, not {text!r}")
    return int(text)


def _from_file(path: Path) -> dict[str, str]:
    """`smsvet.toml` holds the same names in lower case without the prefix, one per line."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    known = {name.removeprefix("SMSVET_").lower(): name for name in NAMES}
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise UserError(f"{path}: unknown setting {unknown[0]!r}; known: {', '.join(known)}")
    return {known[name]: str(value) for name, value in raw.items()}

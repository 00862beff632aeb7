"""Settings from the environment or `smsvet.toml` in the state directory; the environment wins."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from bot.errors import UserError

CONTENT = Path(__file__).resolve().parent.parent / "data"

NAMES = (
    "SMSVET_HOME",
    "SMSVET_DATABASE_URL",
    "SMSVET_EMBEDDING_MODEL",
    "SMSVET_CHROMA_URL",
    "SMSVET_LLM",
    "SMSVET_MASTER_KEY_FILE",
    "SMSVET_WEB_HOST",
    "SMSVET_WEB_PORT",
    "SMSVET_PUBLIC_URL",
    "SMSVET_TELEGRAM_TOKEN",
    "SMSVET_TELEGRAM_BASE_URL",
    "SMSVET_TELEGRAM_BASE_FILE_URL",
    "SMSVET_TELEGRAM_WEBHOOK_SECRET",
    "SMSVET_WECOM_BOT_ID",
    "SMSVET_WECOM_SECRET",
    "SMSVET_WECOM_URL",
    "SMSVET_WECOM_BOT_NAME",
    "SMSVET_WECOM_CALLBACK_TOKEN",
    "SMSVET_WECOM_CALLBACK_KEY",
    "SMSVET_WECOM_GROUP_URL",
)

WEB_PORT = 8377


@dataclass(frozen=True)
class Telegram:
    """A bot of Telegram's. Addresses are empty for Telegram's own.

    With `webhook_secret` Telegram posts to `public_url`/telegram, and nothing is polled.
    """

    token: str = field(repr=False)
    base_url: str = ""
    base_file_url: str = ""
    webhook_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Wecom:
    """A WeCom bot (智能机器人) over its long connection; `url` is empty for WeCom's own.

    With `callback_token` and `callback_key` (its EncodingAESKey) WeCom posts to
    `public_url`/wecom instead. `bot_name` is how people mention it in groups.
    """

    bot_id: str = ""
    secret: str = field(default="", repr=False)
    url: str = ""
    bot_name: str = ""
    callback_token: str = field(default="", repr=False)
    callback_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Settings:
    """Where things live. `home` exists and is private to its owner."""

    home: Path
    database_url: str
    master_key_file: Path
    embedding_model: str | None = None
    chroma_url: str | None = field(default=None, repr=False)  # a server's; None: in this process
    llm: str = ""  # a language model as LangChain names it; empty: none is asked
    web_host: str = "127.0.0.1"  # where `smsvet serve` listens; TLS is the proxy's before it
    web_port: int = WEB_PORT
    public_url: str = ""  # how the proxy before it is reached: vendors push their receipts there
    telegram: Telegram | None = None
    wecom: Wecom | None = None
    wecom_group_url: str = field(default="", repr=False)  # a group robot's; hears of escalations

    @property
    def sqlite(self) -> Path | None:
        """The database file, or None where the database is a server."""
        prefix = "sqlite:///"
        return (
            Path(self.database_url[len(prefix) :]) if self.database_url.startswith(prefix) else None
        )

    def sign_in_link(self, code: str) -> str:
        """Where a browser signs in with a code; the code stays in the browser, after the #."""
        host = f"[{self.web_host}]" if ":" in self.web_host else self.web_host
        base = self.public_url or f"http://{host}:{self.web_port}"
        return f"{base.rstrip('/')}/#{code}"

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
        chroma_url=values.get("SMSVET_CHROMA_URL"),
        llm=_llm(values.get("SMSVET_LLM", "")),
        web_host=values.get("SMSVET_WEB_HOST", "127.0.0.1"),
        public_url=_public(values.get("SMSVET_PUBLIC_URL", "")),
        web_port=_port(values.get("SMSVET_WEB_PORT", str(WEB_PORT))),
        telegram=_telegram(values),
        wecom=_wecom(values),
        wecom_group_url=_group(values.get("SMSVET_WECOM_GROUP_URL", "")),
    )


def _telegram(values: Mapping[str, str]) -> Telegram | None:
    if "SMSVET_TELEGRAM_TOKEN" not in values:
        return None
    secret = values.get("SMSVET_TELEGRAM_WEBHOOK_SECRET", "")
    if secret and not values.get("SMSVET_PUBLIC_URL"):
        raise UserError("SMSVET_TELEGRAM_WEBHOOK_SECRET needs SMSVET_PUBLIC_URL, where to post to")
    return Telegram(
        token=values["SMSVET_TELEGRAM_TOKEN"],
        base_url=values.get("SMSVET_TELEGRAM_BASE_URL", ""),
        base_file_url=values.get("SMSVET_TELEGRAM_BASE_FILE_URL", ""),
        webhook_secret=secret,
    )


def _wecom(values: Mapping[str, str]) -> Wecom | None:
    both = _together(values, "SMSVET_WECOM_BOT_ID", "SMSVET_WECOM_SECRET")
    posted = _together(values, "SMSVET_WECOM_CALLBACK_TOKEN", "SMSVET_WECOM_CALLBACK_KEY")
    if not both and not posted:
        return None
    names = ("bot_id", "secret", "url", "bot_name", "callback_token", "callback_key")
    return Wecom(**{name: values.get(f"SMSVET_WECOM_{name.upper()}", "") for name in names})


def _together(values: Mapping[str, str], first: str, second: str) -> bool:
    """Two settings of which one alone is a mistake."""
    if bool(values.get(first)) != bool(values.get(second)):
        raise UserError(f"{first} and {second} go together; one is missing")
    return bool(values.get(first))


def _default_home(env: Mapping[str, str]) -> str:
    state = env.get("XDG_STATE_HOME") or str(Path(env.get("HOME", "~")) / ".local" / "state")
    return str(Path(state) / "smsvet")


def _public(text: str) -> str:
    if text and not (text.startswith("https://") and urlsplit(text).hostname):
        raise UserError(f"SMSVET_PUBLIC_URL starts with https://, not {text!r}")
    return text


def _group(text: str) -> str:
    """A group robot's address; it holds the robot's key, so a complaint does not repeat it."""
    if text and not _is_private(urlsplit(text)):
        raise UserError("SMSVET_WECOM_GROUP_URL starts with https:// (http:// only on loopback)")
    return text


def _is_private(at: SplitResult) -> bool:
    """Whether nobody on the way can read what is sent there."""
    loopback = at.hostname in {"127.0.0.1", "::1", "localhost"}
    return bool(at.hostname) and (at.scheme == "https" or (at.scheme == "http" and loopback))


def _llm(text: str) -> str:
    """`provider:model`, as LangChain writes it."""
    provider, _, model = text.partition(":")
    if text and not (provider and model):
        raise UserError(f"SMSVET_LLM is written provider:model, not {text!r}")
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

"""What a consent column says: that somebody agreed and how, or anything else. Pure.

Whatever is not clearly a consent is none: a wrongly refused line costs a rewording, a wrongly
texted number costs somebody a text they did not want.
"""

import re
import unicodedata

_BARE_YES = frozenset({"yes", "y", "ok", "okay", "true", "sure", "是", "是的", "好", "有", "对"})
_AGREED = frozenset({"agree", "agrees", "agreed", "consent", "consented", "同意", "已同意"})
_BARE_NO = frozenset({"n", "f", "x", "false", "nil", "null", "nope", "na", "n/a", "nan", "off"})
_LETTER = re.compile(r"[^\W\d_]")
_NO = re.compile(
    r"^no\b(?!\.?\s*\d)"  # `No. 12, signed` is the form's number
    r"|\b(?:no (?:consent|permission|answer|reply|agreement)|non|none|not|never|without|cannot)\b"
    r"|\bno$|\bsa(?:id|ys) no\b|\b(?:nope|disagree|unwilling|on hold|suspend)"
    r"|n['’]t\b|\b(?:refus|declin|withdr[ae]w|revo[ck]|reject|den(?:y|ied|ies)\b|object|pending"
    r"|cancel|opt(?:ed|s)?[ -]?out|stop|unsubscri|expire|unknown|unsure|unclear|tbd|tba|todo"
    r"|await|maybe|perhaps|invalid|waiting|to be)"
)
_NO_ZH = re.compile(
    r"^[否无無不没沒未待别勿非]|不同意|不愿|不想|不肯|不答应|没答应|还没|说不|不願|不允许|不接受|不行|不详|没同意|没有|沒有|拒|撤回|撤销|撤銷|撤[^,，]{0,2}同意"
    r"|收回|取消|反对|反對|退订|退訂|作废|作廢|过期|過期|失效|尚未|未同意|未签|未簽|没签|未授权|未回|未知|未定"
    r"|待定|待签|待确|待回|[?？]"
)


def denied(said: str) -> bool:
    """Whether this is a no, a withdrawal, still open, or nothing at all."""
    plain = _plain(said)
    if plain.strip("\"'.,;:!。，；！ ") in _BARE_NO or not _LETTER.search(plain):
        return True
    return bool(_NO.search(plain) or _NO_ZH.search(plain))


def vague(said: str) -> bool:
    """Whether it is a yes that does not say how it was given."""
    return _plain(said).strip("\"'.,;:!。，；！ ") in _BARE_YES | _AGREED


def _plain(said: str) -> str:
    return unicodedata.normalize("NFKC", said).strip().casefold()

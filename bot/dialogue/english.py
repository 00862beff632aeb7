"""Whether somebody's first words are English: a greeting or a sentence, not a vendor's name."""

import re

_GREETING = re.compile(
    r"(?:hi|hello|hey|greetings|good (?:morning|afternoon|evening|day))"
    r"(?: (?:there|all|everyone|everybody|team|smsvet|bot|again))?"
)
_ASKED_FOR = re.compile(
    r"(?:(?:in|speak|use|switch to|change to|talk|only|please) )*(?:en|english)"
    r"(?: (?:please|only|language|version|thanks))*|language english"
)
_STARTS = frozenset(
    [
        "i",
        "i'm",
        "i'd",
        "we",
        "we're",
        "how",
        "what",
        "why",
        "when",
        "where",
        "who",
        "which",
        "can",
        "could",
        "do",
        "does",
        "did",
        "is",
        "are",
        "please",
        "tell",
        "show",
        "let",
        "let's",
        "my",
        "our",
        "there",
        "want",
        "need",
        "would",
        "should",
        "this",
        "it",
        "thanks",
        "thank",
        "you",
        "have",
    ]
)
_GOES_ON = frozenset(
    [
        "to",
        "a",
        "an",
        "the",
        "is",
        "are",
        "am",
        "do",
        "does",
        "you",
        "me",
        "my",
        "our",
        "want",
        "need",
        "would",
        "like",
        "it",
        "for",
        "long",
        "much",
        "many",
        "this",
        "that",
        "have",
        "has",
        "with",
        "about",
        "of",
        "be",
        "get",
        "test",
        "check",
        "compare",
        "use",
        "know",
    ]
)


def asked_for(text: str) -> bool:
    """Whether it says nothing but that English is wanted."""
    return _ASKED_FOR.fullmatch(_plain(text)) is not None


def spoken(text: str) -> bool:
    """Whether a conversation that begins so goes on in English."""
    if not text.isascii():
        return False
    plain = _plain(text)
    return _greets(plain) or asked_for(text) or _is_sentence(text, plain.split())


def _greets(plain: str) -> bool:
    found = _GREETING.match(plain)
    if found is None:
        return False
    rest = plain[found.end() :].split()
    return not rest or (rest[0] in _STARTS and len(rest) > 1)


def _is_sentence(text: str, words: list[str]) -> bool:
    if len(words) < 2 or words[0] not in _STARTS:
        return False
    if text.rstrip().endswith("?"):
        return True
    return len(words) > 2 and any(word in _GOES_ON for word in words[1:])


def _plain(text: str) -> str:
    """Lower case, words parted by one space, no marks but apostrophes."""
    return " ".join(re.sub(r"[^a-z0-9'’ ]+", " ", text.lower()).split())

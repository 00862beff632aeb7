"""Text as search terms."""

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.text import Glossary, normalise, runs, stem, terms

NOTHING = Glossary([])


def test_traditional_is_read_as_simplified() -> None:
    """Traditional characters and Taiwan's word for a text message become the mainland's."""
    assert "短信到达率" == normalise("簡訊到達率")
    assert "软件" == normalise("軟體")


def test_width_and_case_do_not_matter() -> None:
    """Full-width letters and capitals are read as plain small ones."""
    assert "smpp 99%" == normalise("SMPP 99%")


def test_question_words_are_no_terms() -> None:
    """What only makes a question of a sentence is left out, in both languages."""
    assert ["到达率", "合格"] == runs("请问到达率多少合格吗")
    assert ["rat", "enough"] == runs("what is the rate that is enough")


def test_chinese_gives_characters_pairs_and_sounds() -> None:
    """A run of Chinese gives its characters, their pairs and the pairs' sounds."""
    assert ["c回", "c执", "b回执", "phui'zhi"] == terms("回执", NOTHING)


def test_a_homophone_keeps_its_sound() -> None:
    """A word typed with the wrong character shares its sound with the right one."""
    assert "pqian'ming" in set(terms("签名", NOTHING)) & set(terms("签明", NOTHING))


def test_english_words_meet_in_their_stems() -> None:
    """Singular and plural, verb and noun have one stem."""
    assert stem("records") == stem("record") == stem("recording")
    assert stem("deliveries") == stem("delivery")
    assert "sms" == stem("sms")


def test_figures_stay_whole() -> None:
    """A price, a share and an identifier are one term each; small numbers count apart."""
    assert ["w0.035", "n99%", "wb2-20150210"] == terms("0.035 99% B2-20150210", NOTHING)


def test_words_of_one_group_are_one_concept() -> None:
    """A question and a page meet in a concept though they share no character."""
    glossary = Glossary([["到达率", "delivery rate"], ["回执", "receipt"]])
    assert ["g到达率"] == glossary.concepts("the delivery rates")
    assert ["g回执", "g到达率"] == glossary.concepts("回执和到达率")


def test_the_longest_word_wins() -> None:
    """Of two words that overlap the longer one counts; a part of an English word is no word."""
    glossary = Glossary([["短信"], ["短信验证码"], ["otp"]])
    assert ["g短信验证码"] == glossary.concepts("短信验证码")
    assert [] == glossary.concepts("laptop otps2")


def test_a_word_may_have_two_meanings() -> None:
    """A word in two groups gives both concepts."""
    glossary = Glossary([["报备", "filing"], ["备案", "filing"]])
    assert ["g报备", "g备案"] == glossary.concepts("filing")


def test_a_concept_keeps_its_name() -> None:
    """Groups before it, and words added to it, leave a concept's name as it was."""
    wider = Glossary([["短信", "sms"], ["delivery rate", "到达率", "送达率"]])
    assert Glossary([["delivery rate", "到达率"]]).concepts("到达率") == wider.concepts("送达率")


@settings(deadline=None)  # the first text loads the tables
@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    """No input, however odd, breaks the reading, and every term has a known family."""
    assert set("cbpwng") >= {term[0] for term in terms(text, Glossary([["短信", "sms"]]))}


@settings(deadline=None)
@given(st.text(alphabet="到达率回执短信abc 0123"))
def test_normalising_twice_changes_nothing(text: str) -> None:
    """Normal text stays as it is."""
    assert normalise(text) == normalise(normalise(text))

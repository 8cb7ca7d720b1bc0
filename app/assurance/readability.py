"""How hard a text is to read: sentences, Flesch-Kincaid and Coleman-Liau grades, masked terms.

Our own small functions, so that no corpus has to be downloaded. Syllables are estimated from the
spelling. It knows nothing of the rulebook.
"""

import re
from collections.abc import Iterable, Sequence

_END = re.compile(r"(?<=[.?!])[\"\u201d\u2019]?\s+")
_WORD = re.compile(r"[A-Za-zÀ-ÿ]+(?:['\u2019][A-Za-zÀ-ÿ]+)*|\d+(?:[.,]\d+)*")
_VOWELS = re.compile(r"[aeiouyà-ÿ]+")
_SILENT_E = re.compile(r"[^aeiouy]e(?:s|d)?$")
_SPOKEN_END = re.compile(r"(?:[^aeiouy]les?|[td]ed|(?:[cgszx]|ch|sh)es)$")
_TWO_SOUNDS = re.compile(
    r"(?<![ct])ia(?!n\b)|(?<![ctgx])iou|io(?!n|u)|iu|ua|uie|eo(?!p)|(?<=[dnr])eas?$|[aeiouy]ing|uou"
)
MASK = "thing"
"""What stands for a masked term: one plain word of one syllable."""
NAME = "illness"
"""What stands for a name that has to be said, of an illness or a medicine: a word of two."""


def split_sentences(texts: Iterable[str]) -> list[str]:
    """The sentences of all texts; a text's end always ends a sentence."""
    parts = (part.strip() for text in texts for part in _END.split(text))
    return [part for part in parts if split_words(part)]


def split_words(text: str) -> list[str]:
    """The words of a text. "X-ray" is two, a number is one."""
    return _WORD.findall(text)


def count_syllables(word: str) -> int:
    """About how many syllables a word has; a number counts as one."""
    lower = word.lower()
    if not lower[0].isalpha():
        return 1
    count = len(_VOWELS.findall(lower)) + len(_TWO_SOUNDS.findall(lower))
    if _SILENT_E.search(lower) and not _SPOKEN_END.search(lower):
        count -= 1
    return max(1, count)


def flesch_kincaid_grade(texts: Sequence[str]) -> float:
    """The school grade by words a sentence and syllables a word."""
    lines = split_sentences(texts)
    every = [word for line in lines for word in split_words(line)]
    spoken = sum(count_syllables(word) for word in every)
    return 0.39 * len(every) / len(lines) + 11.8 * spoken / len(every) - 15.59


def coleman_liau_grade(texts: Sequence[str]) -> float:
    """The school grade by letters and sentences per 100 words."""
    lines = split_sentences(texts)
    every = [word for line in lines for word in split_words(line)]
    letters = sum(character.isalnum() for word in every for character in word)
    return 5.88 * letters / len(every) - 29.6 * len(lines) / len(every) - 15.8


def build_term_pattern(forms: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds these words whole, longest first; capitals count in MRI, not in Gout."""
    ordered = sorted(set(forms), key=len, reverse=True)
    ways = [re.escape(f) if f.isupper() else f"(?i:{re.escape(f)})" for f in ordered]
    return re.compile(rf"(?<!\w)(?:{'|'.join(ways)})(?!\w)")


def mask_terms(text: str, terms: re.Pattern[str], by: str = MASK) -> str:
    """The text with each term turned into one short word, so that only the rest is graded."""
    return terms.sub(by, text)

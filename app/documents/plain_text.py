"""Text for records that know no letters but plain ASCII, and text as it stands in one line.

This is the only place that says what stands for a letter or a sign: a sign that is lost or becomes
a question mark changes a number or a unit without a word.
"""

import unicodedata

_PLAIN = {
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u2032", "'"),
    **dict.fromkeys("\u2013\u2014\u2212\u2010\u2011", "-"),
    **dict.fromkeys("\u00b5\u03bc", "u"),
    **dict.fromkeys("\u00b7\u2022", "."),
    **dict.fromkeys("\u00d7\u2715", "x"),
    "\u2265": ">=",
    "\u2264": "<=",
    "\u2260": "!=",
    "\u00b1": "+/-",
    "\u2248": "~",
    "\u2192": "->",
    "\u00f7": "/",
    "\u2044": "/",
    "\u00b0": " deg ",
    "\u2026": "...",
    "\u20ac": "EUR",
    "\u00a3": "GBP",
    "\u00a5": "JPY",
    "\u2116": "No",
    "\u00df": "ss",
    "\u00e6": "ae",
    "\u00c6": "AE",
    "\u0153": "oe",
    "\u0152": "OE",
    "\u00f8": "o",
    "\u00d8": "O",
    "\u0111": "d",
    "\u0110": "D",
    "\u00f0": "d",
    "\u00d0": "D",
    "\u00fe": "th",
    "\u00de": "Th",
    "\u0142": "l",
    "\u0141": "L",
    "\u0131": "i",
    **dict.fromkeys("\u02bb\u02bc`\u00b4", "'"),
}
"""What has a plain form that Unicode does not know of."""


def clean_line(text: str) -> str:
    """The text in one line, composed, without what cannot be seen and without its last stop."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(filter(str.isprintable, line)).rstrip(".")


def to_plain_ascii(text: str) -> str:
    """The same in plain ASCII; a letter that has no such form becomes a question mark."""
    if text.isascii():
        return text
    # A fraction after a figure is one number: "2½" must not become "21/2".
    spaced = "".join(f" {one}" if _is_fraction(one) else one for one in text)
    replaced = "".join(_PLAIN.get(letter, letter) for letter in spaced)
    apart = unicodedata.normalize("NFKD", replaced)
    plain = "".join(_PLAIN.get(one, one) for one in apart if not unicodedata.combining(one))
    return " ".join(plain.encode("ascii", "replace").decode("ascii").split())


def _is_fraction(letter: str) -> bool:
    return unicodedata.decomposition(letter).startswith("<fraction>")

"""Numbers as laboratories and keyboards write them: `<15`, `2,65`, `1 250`, `less than 0.6`.

Says every amount that a text can mean and chooses none of them. It knows no analyte.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

_SIGNS = {
    "<": "<",
    "<=": "<=",
    "≤": "<=",
    ">": ">",
    ">=": ">=",
    "≥": ">=",
    **dict.fromkeys(("less than", "below", "under"), "<"),
    **dict.fromkeys(("more than", "greater than", "above", "over"), ">"),
    "at most": "<=",
    "at least": ">=",
}
"""Every way to write that a value has no exact number, and the sign that says the same."""
_SIGNED = re.compile(
    rf"({'|'.join(sorted(_SIGNS, key=len, reverse=True))})?[ \u00a0\u2009\u202f]*(.*)",
    re.DOTALL | re.IGNORECASE,
)
_PLAIN = re.compile(r"(-?[0-9]{1,7})(?:[.,·]([0-9]{1,30}))?")
"""Plain digits only: Decimal alone would also take 1_30, 1e3 and digits of other scripts."""
_GROUPED = re.compile(
    r"(?P<whole>[1-9][0-9]{0,2}(?P<mark>[.,'\u2019 \u00a0\u2009\u202f])"
    r"[0-9]{3}(?:(?P=mark)[0-9]{3})?)"
    r"(?:(?!(?P=mark))[.,·](?P<decimals>[0-9]{1,30}))?"
)
Limits = tuple[Decimal | None, Decimal | None]
"""The lowest and the highest amount that is meant, both included."""


@dataclass(frozen=True, slots=True)
class TypedNumber:
    """What was typed.

    `sign` is one of < <= > >= or nothing. `plain`: with the mark as decimal mark; `grouped`: with
    it as a mark for thousands. At least one is there; both, where three digits follow one mark.
    """

    sign: str
    plain: Decimal | None
    grouped: Decimal | None
    mark: str = ""

    @property
    def possible_amounts(self) -> tuple[Decimal, ...]:
        """Every amount that it can mean, the plain one first."""
        return tuple(way for way in (self.plain, self.grouped) if way is not None)


def parse_number(text: str) -> TypedNumber | None:
    """What the text can mean; None where it is no number."""
    found = _SIGNED.fullmatch(text.strip())
    if found is None:
        return None
    sign, digits = _SIGNS.get((found[1] or "").lower(), ""), found[2]
    plain, grouped = _PLAIN.fullmatch(digits), _GROUPED.fullmatch(digits)
    if plain is None and grouped is None:
        return None
    return TypedNumber(
        sign,
        None if plain is None else Decimal(f"{plain[1]}.{plain[2]}" if plain[2] else plain[1]),
        None if grouped is None else _parse_grouped(grouped),
        "" if grouped is None else grouped["mark"],
    )


def is_within(amount: Decimal, limits: Limits) -> bool:
    """Whether the amount is one of those; a limit that is missing bars nothing."""
    low, high = limits
    return (low is None or amount >= low) and (high is None or amount <= high)


def find_signed_range(sign: str, amount: Decimal, limits: Limits) -> tuple[Decimal, Decimal]:
    """The least and the most that fit the sign, as far as anyone can have them."""
    low, high = limits
    low, high = Decimal(0) if low is None else low, Decimal("Infinity") if high is None else high
    return {
        "": (amount, amount),
        "<": (low, amount.next_minus()),
        "<=": (low, amount),
        ">": (amount.next_plus(), high),
        ">=": (amount, high),
    }[sign]


def format_unambiguously(amount: Decimal) -> str:
    """The amount in a form that can be read in one way only."""
    text = f"{amount:f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0")
    if len(decimals) == 3:
        decimals += "0"
    return f"{whole}.{decimals}" if decimals else whole


def _parse_grouped(grouped: re.Match[str]) -> Decimal:
    whole = grouped["whole"].replace(grouped["mark"], "")
    return Decimal(f"{whole}.{grouped['decimals']}" if grouped["decimals"] else whole)

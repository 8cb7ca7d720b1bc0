"""One language's words, by id, and a condition in these words or as it stands in a rule file.

Complete or refused; logic never reads a word.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from app.triage.sources import Roles

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """A question as a person reads it; `child` and `other` are for who answers about another.

    `counted`: what "I'm not sure" is counted as. `changes`: what may newly happen, as it stands
    after "if", by option or line of options. `short` names it on a list of answers, `short_none`
    says "none of these" there. `plain`: how to find out, sign by sign, for who is not sure about an
    emergency sign.
    """

    text: str
    why: str
    counted: str
    options: Mapping[str, str]
    hint: str | None = None
    short: str | None = None
    short_none: str | None = None
    groups: Mapping[str, str] | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    plain: Mapping[str, str] = field(default_factory=dict)
    child: "QuestionWords | None" = None
    other: "QuestionWords | None" = None


@dataclass(frozen=True, slots=True)
class TextParts:
    """The words of one thing, by the name of each part (`texts.name`, `texts.reason`, ...)."""

    parts: Mapping[str, str]

    def __getattr__(self, part: str) -> str:
        try:
            return self.parts[part]
        except KeyError:
            raise AttributeError(part) from None


@dataclass(frozen=True, slots=True)
class Wording:
    """Every word of one language. `roles`: whom it addresses how."""

    language: str
    roles: Roles
    questions: Mapping[str, QuestionWords]
    rules: Mapping[str, TextParts]
    named: Mapping[str, str]
    types: Mapping[str, TextParts]
    evidence: Mapping[str, str]
    conflicts: Mapping[str, str]
    standings: Mapping[str, str]
    look_alikes: Mapping[str, TextParts]
    contradictions: Mapping[str, str]
    levels: Mapping[str, TextParts]
    box_lines: Mapping[str, str]
    box_of_baby: Mapping[str, str]
    box_of_any_age: Mapping[str, str]
    net: Mapping[str, str]
    times: Mapping[str, str]
    advice: Mapping[str, str]
    regions: Mapping[str, Mapping[str, str]]
    labs: Mapping[str, TextParts]
    lab_messages: Mapping[str, str]
    dangers: Mapping[str, TextParts]
    pages: Mapping[str, str]

    @property
    def any_age_box(self) -> tuple[str, ...]:
        """The lines of the emergency box for a reader of unknown age."""
        return tuple(self.emergency_box_for(()).values())

    def emergency_box_for(self, ages: Collection[str]) -> Mapping[str, str]:
        """The lines of the emergency box, by id, for someone of one of these `age` options.

        Without any, the age is not known: then a line about babies stands beside the others.
        """
        if not ages:
            return {**self.box_lines, **self.box_of_any_age}
        baby = not self.roles.babies.isdisjoint(ages)
        return {**self.box_lines, **self.box_of_baby} if baby else self.box_lines

    def danger_texts_for(self, danger: str, ages: Collection[str]) -> tuple[str, str]:
        """(What was asked about a danger, what would worry us), for one of these `age` options."""
        parts = self.dangers[danger].parts
        end = "_baby" if not self.roles.babies.isdisjoint(ages) else ""
        return (
            parts.get(f"asked{end}", parts["asked"]),
            parts.get(f"worry{end}", parts["worry"]),
        )

    def evidence_note(self, evidence: str) -> str:
        """What a line of evidence says; a look-alike's line says its name."""
        alike = self.look_alikes.get(evidence.removeprefix("like-"))
        return self.evidence[evidence] if alike is None else alike.name

    def page_text(self, key: str, **more: str) -> str:
        """The words of a page as they are written: in HTML some letters differ."""
        return self.fill_placeholders(self.pages[key], {}, **more)

    @staticmethod
    def fill_placeholders(text: str, region_words: Mapping[str, str], **more: str) -> str:
        """The text with its {placeholders} filled. Raises KeyError for one that is unknown."""
        if "{" not in text:
            return text
        words = {**region_words, **more}
        return _PLACEHOLDER.sub(lambda found: words[found.group(1)], text)


def find_placeholders(text: str) -> frozenset[str]:
    """The names of all {placeholders} in a text."""
    return frozenset(_PLACEHOLDER.findall(text))

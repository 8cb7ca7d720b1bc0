"""One sheet to take along: a result as a doctor or nurse reads it in 20 seconds.

The same values are printed, written as a text and set as a PDF. It joins words and orders them; it
decides nothing. What stands under `needed` is never left out; `rest` gives way where paper ends.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from app.documents.receipt import QrCode, make_qr_code
from app.presentation.dates import format_local_time
from app.presentation.result import ResultPresenter, View
from app.presentation.safety_net import SafetyNetView, build_caution_values
from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, Assessment

MOST_TO_ASK = 3
MOST_OF_DOUBT = 4  # reasons that only a "not sure" keeps open, as the result shows them
_ADVISED = ("bring", "do_not", "self_care", "tests", "treatments")
"""Advice that is told where there is room, by its section, in this order."""
_BLANK = "_" * 20


class SheetSection(NamedTuple):
    """A heading with its lines; `id` is unique on the sheet."""

    id: str
    heading: str
    lines: tuple[str, ...]


class Sheet(NamedTuple):
    """All that stands on the sheet, as plain text.

    `blanks`: what the person writes by hand. `level`: its id; `first`: what to do, in sentences.
    """

    language: str
    service: str
    made: str
    about: str
    blanks: tuple[str, ...]
    level: str
    heading: str
    signs: tuple[str, ...]
    first: str
    needed: tuple[SheetSection, ...]
    rest: tuple[SheetSection, ...]
    receipt_heading: str
    receipt_use: str
    receipt: str
    code: QrCode
    code_label: str
    small: tuple[str, ...]


def build_sheet(
    presenter: ResultPresenter, assessment: Assessment, receipt: str, at: datetime, site: str
) -> Sheet:
    """The sheet of one person. `presenter` fills texts without escaping; `site`: our address."""
    words, card, say = presenter.words, presenter.build_card(assessment), _speaker(presenter)
    made = format_local_time(at, "UTC", words.language)
    return Sheet(
        language=words.language,
        service=say("service.name"),
        made=say("sheet.made", time=made),
        about=words.pages.get(f"sheet.about.{presenter.respondent}", ""),
        blanks=(say("sheet.name"), say("sheet.born")),
        level=card.level,
        heading=card.heading,
        signs=card.signs,
        first=card.action,
        needed=_list_needed(presenter, assessment),
        rest=_list_rest(presenter, assessment, card.signs),
        receipt_heading=say("take.receipt.heading"),
        receipt_use=say("sheet.receipt", address=f"{site}/verify"),
        receipt=receipt,
        code=make_qr_code(receipt),
        code_label=say("take.receipt.code"),
        small=_list_small_print(presenter),
    )


def _speaker(presenter: ResultPresenter) -> Callable[..., str]:
    """Gives the words of a page by their key, for the person's region."""
    pages = presenter.words.pages
    return lambda key, **more: presenter.fill(pages[key], **more)


def _list_needed(presenter: ResultPresenter, assessment: Assessment) -> tuple[SheetSection, ...]:
    say = _speaker(presenter)
    ask = presenter.advice_by_section(assessment)["ask"][:MOST_TO_ASK]
    found = (
        SheetSection("ticked", say("sheet.ticked"), _list_ticked(presenter)),
        SheetSection("why", say("result.why"), _list_reasons(presenter, assessment)),
        SheetSection("ask", say("result.ask"), tuple(ask)),
    )
    return tuple(section for section in found if section.lines)


def _list_ticked(presenter: ResultPresenter) -> tuple[str, ...]:
    """Each question in a word or two with what was ticked; doubts, then no ticks, in a line."""
    say, given = _speaker(presenter), presenter.all_answers(presenter.path.answers)
    questions, lines = presenter.rulebook.questionnaire, list[str]()
    apart: dict[str, list[str]] = {"sheet.unsure": [], "sheet.nothing": []}
    for answer in given:
        if answer.nothing:
            apart["sheet.nothing"].append(answer.name)
        elif presenter.path.answers[answer.id] == {questions[answer.id].unsure}:
            apart["sheet.unsure"].append(answer.name)
        else:
            lines.append(say("sheet.answer", name=answer.name, chosen="; ".join(answer.chosen)))
    ending = [say(key, names=". ".join(names)) for key, names in apart.items() if names]
    return (*lines, *ending)


def _list_reasons(presenter: ResultPresenter, assessment: Assessment) -> tuple[str, ...]:
    """What is certain, the gravest first; then the gravest that a doubt leaves open.

    Each as the sentence that stands alone: the answers behind it stand right above.
    """
    say, found = _speaker(presenter), {True: list[str](), False: list[str]()}
    for finding in assessment.findings:
        reason = presenter.words.rules[finding.rule].reason
        found[finding.certain].append(presenter.fill(reason))
    lines, doubts = found[True], found[False]
    if doubts:
        lines += [say("result.unsure"), *doubts[:MOST_OF_DOUBT]]
    left = len(doubts) - MOST_OF_DOUBT
    if left > 0:
        more = "result.why_more" if left > 1 else "result.why_more_one"
        lines.append(say(more, number=str(left)))
    return tuple(lines) or (say("result.why_floor"),)


def _list_rest(
    presenter: ResultPresenter, assessment: Assessment, signs: tuple[str, ...]
) -> tuple[SheetSection, ...]:
    say, advice = _speaker(presenter), presenter.advice_by_section(assessment)
    caution = build_caution_values(presenter, assessment)
    in_scope = presenter.is_in_scope()
    found = [_describe_type(presenter, assessment)] if in_scope else []
    if not caution["emergency_now"]:
        found += _describe_watch(presenter, caution["watch"], signs)
    advised = _ADVISED if in_scope else _ADVISED[:2]
    found += [SheetSection(id_, say(f"result.{id_}"), tuple(advice[id_])) for id_ in advised]
    return tuple(section for section in found if section.lines)


def _describe_type(presenter: ResultPresenter, assessment: Assessment) -> SheetSection:
    say, kind = _speaker(presenter), assessment.likely_type
    known = presenter.words.types[kind]
    named, plain = known.name, presenter.fill(known.parts["plain"])
    key = "sheet.type_named" if kind in (NOT_CALCINOSIS, CANNOT_TELL) else "sheet.type_fits"
    lines = (say(key, name=named, plain=plain), say("result.type_not"))
    return SheetSection("type", say("result.type"), lines)


def _describe_watch(
    presenter: ResultPresenter, watch: SafetyNetView, signs: tuple[str, ...]
) -> list[SheetSection]:
    """What would make it more urgent, level by level; `signs` stand on the card already."""
    say, ages = _speaker(presenter), presenter.answers.get(presenter.rulebook.roles.age, ())
    box = map(presenter.fill, presenter.words.emergency_box_for(ages).values())
    box_left = tuple(line for line in box if line not in signs)
    lines: dict[str, tuple[str, ...]] = {}
    for group in [*watch.first, *watch.more]:  # a level may stand in both
        lines[group.heading] = (*lines.get(group.heading, ()), *group.lines)
    return [
        SheetSection("box", say("emergency.heading"), box_left),
        *(
            SheetSection(f"watch-{number}", say("sheet.watch", then=then), found)
            for number, (then, found) in enumerate(lines.items(), start=1)
        ),
    ]


def _list_small_print(presenter: ResultPresenter) -> tuple[str, ...]:
    say, rulebook = _speaker(presenter), presenter.rulebook
    approved = (
        say("result.how_approved", names=", ".join(rulebook.approvals))
        if rulebook.approvals
        else say("result.how_not_approved")
    )
    return (say("sheet.receipt.private"), approved, say("result.how_not_device"))


def write_sheet_text(sheet: Sheet) -> str:
    """The sheet as plain text; the receipt stands last, so that all of it may be pasted."""
    blocks: list[list[str]] = [
        [sheet.service, sheet.made, *filter(None, [sheet.about])],
        [f"{blank} {_BLANK}" for blank in sheet.blanks],
        [sheet.heading, *_write_bullets(sheet.signs), sheet.first],
        *([section.heading, *_write_bullets(section.lines)] for section in sheet.needed),
        *([section.heading, *_write_bullets(section.lines)] for section in sheet.rest),
        [*sheet.small],
        [sheet.receipt_heading, sheet.receipt_use, sheet.receipt],
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _write_bullets(lines: tuple[str, ...]) -> list[str]:
    return [f"- {line}" for line in lines]


def describe_sheet(sheet: Sheet) -> View:
    """The sheet as values that JSON can hold, for what sets it on paper."""
    size, path = sheet.code.size, sheet.code.path
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<path d="{path}" stroke="#000" fill="none"/></svg>'
    )
    sections = {
        part: [section._asdict() for section in getattr(sheet, part)] for part in ("needed", "rest")
    }
    return {**sheet._asdict(), **sections, "code": drawn}

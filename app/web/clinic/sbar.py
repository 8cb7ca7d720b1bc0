"""The SBAR text of a submission, from what a nurse sees. It renders nothing and knows no rule."""

from __future__ import annotations

from collections.abc import Callable

from app.documents import sbar
from app.documents.sbar import Around, Known
from app.store.reviews import CLOSINGS
from app.web.access import Desk
from app.web.clinic.account import told
from app.web.clinic.review_words import KINDS, OUTCOMES
from app.web.clinic.seen import Seen, answered_by, needed
from app.web.pages import floor

_ENDS = (*CLOSINGS, "ask_close", "close_no")
"""The last of these says how it ends, or that a second person is asked about it."""


def text(desk: Desk, here: Seen, *, full: bool = False) -> str:
    """SBAR, in the words of today."""
    say = _plain(desk)
    told_, by_when = here.told, needed(desk, here)
    book = told_.teller.rulebook
    visit = ""
    if by_when.visit:
        forward = "sbar.forward" if by_when.forward else "sbar.in_time"
        visit = f"{say('sbar.visit', day=by_when.visit)}, {say(forward)}"
    around = Around(
        reference=here.record.line.told["reference"],
        name=here.record.line.told["name"],
        sent_as=here.record.sent_as,
        sent=say("sbar.sent", time=told(here.record.arrived_at, here.clinic.time_zone)),
        answered_by=say(answered_by(here)),
        level=told_.badge(here.record.line.level),
        needed=say(by_when.words, day=by_when.day),
        emergency_number=book.regions[here.record.region].emergency_number,
        visit=visit,
        asked=tuple(_asked(desk, here)),
        labs=tuple(here.labs),
    )
    known = Known(book, told_.answers, told_.assessment, told_.tried, told_.looked())
    return sbar.write(known, around, told_.short, full=full)


def _asked(desk: Desk, here: Seen) -> list[str]:
    """What was decided so far, or what is left to do; and what the patient knows."""
    say = _plain(desk)
    left = [say("sbar.nothing_agreed")]
    if here.told.unsure():
        left.append(say("sbar.ask_back"))
    shown = [] if here.record.source == "assisted" else [say("sbar.net")]
    return [*(_agreed(desk, here) or left), *shown]


def _agreed(desk: Desk, here: Seen) -> list[str]:
    """What was decided so far, and by whom, without any words that were typed."""
    say = _plain(desk)
    lines = []
    for kind in (("agree", "raise", "lower"), ("second_yes", "second_no"), _ENDS):
        entry = here.record.done(*kind)
        if entry is not None:
            by = here.names.get(entry.by, "")
            how = say(OUTCOMES[entry.outcome]) if entry.outcome in OUTCOMES else ""
            lines.append(" ".join(filter(None, [by, say(KINDS[entry.kind]).rstrip("."), how])))
    return lines


def _plain(desk: Desk) -> Callable[..., str]:
    """The words of a page as they are written: this is no HTML, in which some letters differ."""
    words = floor(desk.request).words

    def say(key: str, **more: str) -> str:
        return words.fill(words.pages[key], {}, **more)

    return say

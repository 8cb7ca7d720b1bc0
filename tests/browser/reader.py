"""A virtual screen reader inside a page: says what a screen reader would, and acts through it.

It goes by the accessibility tree that the page's markup makes; it takes every fold as open. It
must not know any page.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Page

SOURCE = (
    Path(__file__).parents[2]
    / "node_modules/@guidepup/virtual-screen-reader/lib/esm/index.browser.js"
)
OWN_FAULT = "getElementById is not a function"
"""What it throws when it looks for the names of something that a swap has just taken away."""
UNSAID = re.compile(
    r"(end of )?(paragraph|strong|term|definition|caption|status)"
    r"|end of (listitem|textbox|form).*|form|end, .*|\W"
)
"""What people's screen readers do not say by themselves."""
NAMED_BY_PARTS = re.compile(r"^((?:heading|link), .*)\n(?:.*\n)+?end of \1$", re.MULTILINE)
SHORTER = {
    r"^listitem, level \d+, position (\d+), set size (\d+)\n": r"\1 of \2: ",
    r", position (\d+), set size (\d+)$": r", \1 of \2",
    # Only a fold is a group without a name.
    r"^group\n": "fold, ",
    r"^end of group$": "end of fold",
    r"^(end of \w+), .*": r"\1",
}
"""The library's words for some things, and ours."""


def begin(page: Page) -> None:
    """Switch the screen reader on, at the top of the page."""
    # As plain statements: our policy lets no page import anything.
    page.evaluate(f"() => {{ {_source()} \n }}")
    page.evaluate("() => virtual.start({ container: document.body })")


def listen(page: Page) -> list[str]:
    """Everything on the page, from its title to its end, a phrase a line."""
    begin(page)
    said = page.evaluate(
        """async () => {
          while (await virtual.lastSpokenPhrase() !== "end of document") await virtual.next();
          return virtual.spokenPhraseLog();
        }"""
    )
    sent = page.eval_on_selector_all("button", "all => all.map((one) => one.value).filter(Boolean)")
    return [page.title(), *_as_heard(said, sent)]


def wait_for(page: Page, phrase: str) -> None:
    """Until it says this by itself."""
    page.wait_for_function(
        "async (phrase) => await virtual.lastSpokenPhrase() === phrase", arg=phrase
    )


def go_to(page: Page, phrase: str, steps: int = 1200) -> None:
    """Read on, round the end of the page too, until this is said, alone or with a state."""
    found = page.evaluate(
        """async ([phrase, steps]) => {
          for (let step = 0; step < steps; step += 1) {
            const said = await virtual.lastSpokenPhrase();
            if (said === phrase || said.startsWith(`${phrase}, `)) return true;
            await virtual.next();
          }
          return false;
        }""",
        [phrase, steps],
    )
    assert found, f"never said: {phrase}"


def act(page: Page) -> None:
    """Do what the thing that was just said is for."""
    page.evaluate("() => virtual.act()")


def _as_heard(said: list[str], sent: list[str]) -> list[str]:
    """Without what only frames a text, a name's own words after the name, and what buttons send."""
    lines = NAMED_BY_PARTS.sub(r"\1", "\n".join(said)).splitlines()
    lines = [line for line in lines if not UNSAID.fullmatch(line)]
    lines = [line for before, line in pairwise(["", *lines]) if not _echoes(before, line)]
    heard = "\n".join(lines)
    if sent:
        values = "|".join(re.escape(value) for value in sent)
        heard = re.sub(rf"^(button, .*?), (?:{values})(?=,|$)", r"\1", heard, flags=re.MULTILINE)
    for pattern, words in SHORTER.items():
        heard = re.sub(pattern, words, heard, flags=re.MULTILINE)
    return heard.splitlines()


def _echoes(before: str, line: str) -> bool:
    name = before.partition(", ")[2] or before
    return line in (before, name) or name.startswith(f"{line}, ")


@cache
def _source() -> str:
    assert SOURCE.exists(), "the virtual screen reader is missing: run `make setup`"
    source, found = re.subn(
        r"export\{.*?([\w$]+) as virtual\};?", r"window.virtual = \1;", SOURCE.read_text()
    )
    assert found == 1, "the virtual screen reader is packed in another way"
    return source

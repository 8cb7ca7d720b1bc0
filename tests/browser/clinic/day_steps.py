"""What happens on a clinic's day, step by step, from the list in the morning to the Monday after.

Each step notes in `day.seen` what staff or patients then read, for the tests to judge.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from playwright.sync_api import expect

from benchmarks.nurse_journeys import (
    LATER,
    close_with_words,
    give_shift,
    invite_listed,
    move_visit,
    next_weekday,
    write_workbook,
)
from tests.browser.clinic.day import Day, Guest
from tests.browser.conftest import Tab
from tests.web.desk import CALM, EMERGENCY, TODAY
from tests.web.handed_in import act

AMINA, BEN, ADA = "Amina Khan", "Ben Okafor", "Ada Hill"
SOON = 10_000  # milliseconds that a busy machine may need
REFERENCES = [f"M-{1000 + number}" for number in range(40)]
SENDERS, STOPPED = REFERENCES[:30], REFERENCES[30:33]
(NORMAL, WORSE, MOVED, LOWERED, MISSED, RACED, URGENT, LAST) = SENDERS[:8]
QUIET = SENDERS[8:]
GIVEN = {
    **dict.fromkeys((NORMAL, LOWERED, MISSED, LAST), TODAY),
    **dict.fromkeys((WORSE, MOVED, RACED), LATER),
    **dict.fromkeys(QUIET, CALM),
    URGENT: EMERGENCY,
}


def words_for(reference: str) -> str:
    return f"{reference}: keep it “clean” & dry, ring us if it opens."


# --- Morning ---


def invite_everyone(day: Day, folder: Path) -> None:
    """Amina uploads the list of a hospital's system, looks at it, and invites all forty."""
    amina = day.seats[AMINA]
    amina.tab.open("/worklist")
    hand = amina.hand
    invite_listed(hand, write_workbook(folder / "clinic.xlsx", 40, day.house.now.date()))
    day.seen["clicks to invite"] = hand.clicks
    rows = amina.tab.page.locator("main tbody tr").all()
    shown = [row.locator("th, td").all_inner_texts() for row in rows]
    day.seen["invited"] = shown
    for reference, *_, link in shown:
        path = link[link.index("/i/") :]
        day.guests[reference] = Guest(day.house, reference, path)


def send_most(day: Day) -> None:
    """Most send from their own devices; one on a phone that is looked into."""
    send_by_phone(day, day.phone(), NORMAL)
    for reference in [one for one in SENDERS if one not in {NORMAL, WORSE, URGENT, LAST}]:
        day.guests[reference].send_all(GIVEN[reference])
        day.sent.append(reference)


def send_by_phone(day: Day, phone: Tab, reference: str) -> None:
    """From the link to the page that says what was sent."""
    link = day.guests[reference].link
    phone.open(link)
    phone.page.click("main form button")
    phone.at("/check/age")
    phone.walk({question: sorted(chosen) for question, chosen in GIVEN[reference].items()})
    phone.open("/result")
    phone.page.click("section.send button")
    phone.at(link)
    day.sent.append(reference)


def stop_at_emergencies(day: Day) -> None:
    """Three are stopped: one tells the clinic from a phone, one from elsewhere, one does not."""
    by_phone, elsewhere, silent = STOPPED
    phone = day.phone()
    phone.open(day.guests[by_phone].link)
    phone.page.click("main form button")
    phone.at("/check/age")
    while phone.path.startswith("/check/"):
        phone.answer(*EMERGENCY[phone.path.rsplit("/", 1)[1]])
    phone.page.click("text=Also tell my clinic")
    phone.at("/emergency/clinic")
    day.seen["told by phone"] = phone.page.inner_text("main")
    day.guests[elsewhere].stop_at_emergency(EMERGENCY)
    day.guests[elsewhere].post("/emergency/clinic")
    day.guests[silent].stop_at_emergency(EMERGENCY)
    day.sent += [by_phone, elsewhere]


def hold_a_row(day: Day) -> None:
    """While Amina has a row under her hand an emergency comes, and Ben takes another row."""
    page = day.seats[AMINA].tab.page
    day.seats[AMINA].tab.open("/worklist")
    expect(page.locator("html")).to_have_class("scripted is-live", timeout=SOON)
    for _ in range(5):
        page.keyboard.press("j")
    row = page.locator("#list tbody tr:has(a:focus)")
    held = page.locator(f"#{row.get_attribute('id')}")
    before = held.bounding_box()
    guest = day.guests[URGENT]
    guest.send_all(GIVEN[URGENT])
    day.sent.append(URGENT)
    expect(page.locator("#list tbody tr", has_text=URGENT)).to_have_count(1, timeout=SOON)
    act(day.seats[BEN].who, day.find(MISSED), "note", words="Ben looked.")
    day.for_colleagues[MISSED] = "Ben looked."
    taken = page.locator("#list tbody tr", has_text=MISSED)
    expect(taken).to_contain_text(BEN, timeout=SOON)
    after = held.bounding_box()
    assert before is not None
    assert after is not None
    day.seen["moved by, px"] = abs(after["y"] - before["y"])
    day.seen["still focused"] = held.locator("a:focus").count() == 1
    day.seen["notice"] = page.locator("#said").inner_text()


# --- Reviews ---


def see_to_emergencies(day: Day) -> None:
    """Ben calls; Ada sees to those who told the clinic from the page that stopped them."""
    day.seats[BEN].tab.open("/account")
    day.seen["alarm"] = day.seats[BEN].tab.page.locator(".alarm").count()
    for name, references in ((BEN, [URGENT]), (ADA, STOPPED[:2])):
        who = day.seats[name].who
        for reference in references:
            address = day.find(reference)
            act(who, address, "call", outcome="answered", words=f"{reference} has called.")
            day.for_colleagues[reference] = f"{reference} has called."
            act(who, address, "agree")
            fields = {"compared": "yes", "patient_words": words_for(reference)}
            act(who, address, "close", outcome="emergency_service", **fields)
            day.for_patients[reference] = words_for(reference)
    day.seats[BEN].tab.open("/account")
    day.seen["alarm afterwards"] = day.seats[BEN].tab.page.locator(".alarm").count()


def close_one_after_the_other(day: Day) -> None:
    """Amina closes six who can wait, by keyboard alone, each in words of their own."""
    amina, presses = day.seats[AMINA], []
    amina.tab.open(day.find(QUIET[0]))
    for _ in range(6):
        heading = amina.tab.heading
        reference = heading.rpartition(" ")[2]
        assert reference in QUIET
        hand = amina.hand
        close_with_words(hand, words_for(reference))
        day.for_patients[reference] = words_for(reference)
        presses.append(hand.presses)
    day.seen["keys to close"] = max(presses)


def move_a_visit(day: Day) -> None:
    """Ben brings a visit forward; its patient reads the new day at once."""
    ben, soon = day.seats[BEN], next_weekday(day.house.now.date() + timedelta(days=5))
    ben.tab.open(day.find(MOVED))
    hand = ben.hand
    move_visit(hand, soon)
    day.seen["clicks to move"] = hand.clicks
    day.seen["new visit"] = f"{soon:%A} {soon.day} {soon:%B} {soon.year}"
    day.seen["read of the visit"] = day.guests[MOVED].words


def lower_with_a_second_person(day: Day) -> None:
    """Amina asks to lower a level; it stands until Ada agrees."""
    amina, ada, address = day.seats[AMINA].tab, day.seats[ADA].tab, day.find(LOWERED)
    amina.open(f"{address}/lower")
    for box in amina.page.locator("input[name=rule]").all():
        box.check()
    amina.page.check("#level-soon")
    amina.page.check("#reason-examined")
    amina.page.fill("#words", words_for(LOWERED))
    with amina.page.expect_navigation():
        amina.page.click("#lower button")
    day.for_colleagues[LOWERED] = words_for(LOWERED)
    day.seen["before the second person"] = amina.page.inner_text(".glance")
    ada.open(address)
    day.seen["asked of the second person"] = ada.page.inner_text(".actions")
    ada.page.click("button[name=answer][value=yes]")
    ada.page.locator("#done-part", has_text="agreed to the lower level").wait_for()
    day.seen["after the second person"] = ada.page.inner_text(".glance")
    day.seen["record of the lowering"] = ada.page.locator("#sbar-full").input_value()


def two_at_one_submission(day: Day) -> None:
    """Amina types while Ben closes the same; her words are there to be copied."""
    amina, address = day.seats[AMINA].tab, day.find(RACED)
    amina.open(address)
    amina.page.click("summary:has-text('Note for colleagues')")
    amina.page.fill("#words-note", words_for(RACED))
    ben = day.seats[BEN].who
    act(ben, address, "agree")
    act(ben, address, "close", outcome="advice_given", compared="yes", words="By phone.")
    day.for_colleagues[RACED] = "By phone."
    with amina.page.expect_navigation():
        amina.page.click("text=Add the note")
    day.seen["kept words"] = amina.page.input_value("#kept-words")


def come_back_worse(day: Day) -> None:
    """Someone sends from a phone, and sends again an hour later, when it is an emergency."""
    phone, link = day.phone(), day.guests[WORSE].link
    send_by_phone(day, phone, WORSE)
    day.at("11:40")
    phone.open(link)
    phone.page.click(f"form[action='{link}'] button")
    phone.at("/answers")
    phone.open("/answers/breath")
    phone.page.check("#breath-confused")
    phone.page.click("main form button")
    phone.page.wait_for_url(lambda url: not url.endswith("/answers/breath"))
    phone.open("/result")
    phone.page.click("section.send button")
    phone.at(link)
    day.seen["read when worse"] = phone.page.inner_text("main")
    page = day.seats[BEN].tab.page
    day.seats[BEN].tab.open("/worklist")
    day.seen["row when worse"] = page.locator("#list tbody tr").first.inner_text()


# --- What is missed, handed over and late ---


def miss_a_promise(day: Day) -> None:
    """Nobody looks at what was sent to be looked at within the hour."""
    day.at("10:31")
    page = day.seats[AMINA].tab.page
    day.seats[AMINA].tab.open("/worklist/late")
    day.seen["late"] = page.locator("#list").inner_text()


def hand_over_a_shift(day: Day) -> None:
    """Amina goes; all that she has is Ben's once he accepts."""
    amina, ben = day.seats[AMINA], day.seats[BEN]
    for reference in QUIET[-3:]:
        act(amina.who, day.find(reference), "claim")
    amina.tab.open("/worklist")
    hand = amina.hand
    give_shift(hand, ben.who.id)
    day.seen["clicks to hand over"] = hand.clicks
    ben.tab.open("/hand-over")
    ben.tab.page.click("form[action='/hand-over/accept'] button")
    ben.tab.page.wait_for_load_state()
    ben.tab.open("/worklist/mine")
    day.seen["of the one who accepted"] = ben.tab.page.inner_text("#list")


def take_over_with_a_reason(day: Day) -> None:
    """Ada takes what Amina has, says why, and closes it."""
    reference = QUIET[-4]
    tab, address = day.seats[ADA].tab, day.find(reference)
    act(day.seats[AMINA].who, address, "claim")
    tab.open(address)
    tab.page.fill("#words-take-over", "Amina is at lunch.")
    with tab.page.expect_navigation():
        tab.page.click("form[action$='/take-over'] button")
    day.seen["taken over"] = tab.page.inner_text("#done-part")
    day.for_colleagues[reference] = "Amina is at lunch."
    tab.page.select_option("#close-outcome", "advice_given")
    tab.page.check("#compared")
    tab.page.fill("#told", words_for(reference))
    with tab.page.expect_navigation():
        tab.page.click("form.decide .in-line > button")
    day.for_patients[reference] = words_for(reference)


def close_the_rest(day: Day) -> None:
    """Ben and Ada close what is left, but for one that nobody has time for."""
    ben, ada = day.seats[BEN].who, day.seats[ADA].who
    act(ada, day.find(LOWERED), "close", outcome="advice_given", compared="yes")
    ends = {NORMAL: "seen_today", MISSED: "seen_today", WORSE: "emergency_service"}
    open_ones = [one for one in QUIET[:-1] if one not in day.for_patients]
    for reference in (NORMAL, MISSED, WORSE, *open_ones):
        address = day.find(reference)
        act(ben, address, "agree")
        fields = {"compared": "yes", "patient_words": words_for(reference)}
        act(ben, address, "close", outcome=ends.get(reference, "advice_given"), **fields)
        day.for_patients[reference] = words_for(reference)


def send_after_hours(day: Day) -> None:
    """The last one sends when the clinic is closed until Monday, and nobody comes then."""
    day.at("17:30")
    day.guests[LAST].send_all(GIVEN[LAST])
    day.sent.append(LAST)
    day.at("17:35")
    day.at("10:05", days=3)


def look_for_everything(day: Day) -> None:
    """Each who sent is found, and each word stands where it is to be read, and nowhere else."""
    lead, lost = day.seats[ADA].who, []
    day.seen["found"] = {reference: day.find(reference) for reference in day.sent}
    for reference, words in day.for_patients.items():
        lost += [(reference, "patient")] * (words not in day.guests[reference].words)
    for reference, words in day.for_colleagues.items():
        lost += [(reference, "colleagues")] * (words not in lead.get(day.find(reference)).text)
        lost += [(reference, "shown")] * (words in day.guests[reference].words)
    day.seen["lost"] = lost
    day.seen["done"] = day.house.actions()
    waiting = lead.post("/invitations/find", {"find": STOPPED[2]})
    day.seen["stopped, silent"] = waiting.text


def read_report(day: Day, month: str) -> None:
    """The lead reads the month in numbers, and takes the same as a file."""
    lead = day.seats[ADA].who
    day.seen["report"] = lead.get(f"/reports/{month}").html
    day.seen["report file"] = lead.client.get(f"/reports/{month}/file.csv").text


def run_day(day: Day, folder: Path) -> None:
    """The whole of it, in order; `folder`: for the list of the hospital's system."""
    month = f"{day.house.now:%Y-%m}"
    for name, role in ((AMINA, "nurse"), (BEN, "nurse"), (ADA, "lead")):
        day.seat(name, role)
    day.at("09:05")
    invite_everyone(day, folder)
    day.at("09:15")
    send_most(day)
    hold_a_row(day)
    stop_at_emergencies(day)
    day.at("09:25")
    see_to_emergencies(day)
    close_one_after_the_other(day)
    move_a_visit(day)
    day.at("09:40")
    lower_with_a_second_person(day)
    two_at_one_submission(day)
    miss_a_promise(day)
    come_back_worse(day)
    take_over_with_a_reason(day)
    hand_over_a_shift(day)
    day.at("15:00")
    close_the_rest(day)
    send_after_hours(day)
    look_for_everything(day)
    read_report(day, month)

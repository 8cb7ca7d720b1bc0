"""Every region says whom to call, from a text of an authority, and earlier regions go on."""

import re

import pytest

from app.triage.sources import RegionEntry
from tests.builders import rulebook

REGIONS = rulebook().regions
WORDS = rulebook().wording["en"].regions
OFFICIAL = re.compile(
    r"https://(?:[\w-]+\.)*(?:nhs\.uk|nhs\.wales|nhs24\.scot|hscni\.net|gov\.uk|hse\.ie|hpra\.ie"
    r"|hrsa\.gov|fda\.gov|canada\.ca|gov\.au|govt\.nz|999bsl\.co\.uk|textwith911\.ca)/"
)
EMERGENCY = {
    "uk": "999",
    "uk-ni": "999",
    "ie": "999",
    "us": "911",
    "ca": "911",
    "au": "000",
    "nz": "111",
    "in": "112",
    "eu": "112",
    "international": "112",
}
"""Once more by hand, so that a slip of one key is seen."""

each_region = pytest.mark.parametrize("region", REGIONS.values(), ids=list(REGIONS))


def test_each_region_has_the_emergency_number_that_was_read() -> None:
    assert {id_: region.emergency_number for id_, region in REGIONS.items()} == EMERGENCY


def test_the_regions_of_earlier_editions_go_on_with_their_numbers() -> None:
    kept = {id_: REGIONS[id_].emergency_number for id_ in ("uk", "us", "international")}
    assert kept == {"uk": "999", "us": "911", "international": "112"}
    assert REGIONS["uk"].urgent_number == "111"


@each_region
def test_the_words_say_the_numbers_of_the_region(region: RegionEntry) -> None:
    words = WORDS[region.id]
    for key in ("emergency_call", "emergency_call_start", "emergency_heading"):
        assert region.emergency_number in words[key], key
    assert region.emergency_number in words["local_emergency_words"]
    for key in ("urgent_line", "urgent_heading", "talk_line") if region.urgent_number else ():
        assert str(region.urgent_number) in words[key], key


@each_region
def test_no_text_names_a_telephone_number_that_the_data_does_not_have(region: RegionEntry) -> None:
    known = {region.emergency_number, *region.also, region.urgent_number}
    known |= {channel.number for channel in region.channels}
    known |= {"811"} if region.id == "ca" else set()
    for key, text in WORDS[region.id].items():
        for number in re.findall(r"\d{2,6}(?: \d{2,4})*(?! BSL| TXT)\b", text):
            assert number in known or number in {"999", "911"}, (key, number)


@each_region
def test_every_page_to_go_to_is_one_of_an_authority(region: RegionEntry) -> None:
    pages = [*region.finders, *(c for c in region.channels if c.url)]
    pages += [region.regulator] if region.regulator else []
    assert [page.url for page in pages if not OFFICIAL.match(page.url)] == []


@each_region
def test_a_relay_that_must_not_be_used_in_an_emergency_is_never_offered(
    region: RegionEntry,
) -> None:
    ways = {(channel.reaches, channel.channel) for channel in region.channels}
    if region.id == "nz":
        assert ("emergency", "relay") not in ways
        assert "Do not use NZ Relay" in WORDS["nz"]["relay"]


def test_northern_ireland_is_not_sent_to_a_line_that_it_does_not_have() -> None:
    assert REGIONS["uk-ni"].urgent_number is None
    assert not [text for text in WORDS["uk-ni"].values() if re.search(r"\b111\b", text)]


def test_texts_that_must_be_set_up_first_say_so() -> None:
    for id_, word in (("uk", "register"), ("uk-ni", "register"), ("nz", "registered")):
        assert word in WORDS[id_]["channel_emergency_text"]
    assert "dial 911" in WORDS["ca"]["channel_emergency_text"]
    assert [c for c in REGIONS["ca"].channels if c.number] == []

"""The sealed cookie: ours alone to read, small enough, a day old at most, and never a 500."""

import shutil
import stat

import pytest

from app.store.db.encryption import add_master_key, load_keyring
from app.web.journey import (
    ASSISTED,
    LIFETIME,
    MOST_BYTES,
    OWN,
    Journey,
    JourneyKeys,
    LostJourney,
    load_journey_keys,
    seal_journey,
    unseal_journey,
)

KEY = JourneyKeys(bytes(range(32)))
NOW = 1_800_000_000
JOURNEY = Journey("uk", NOW, {"skin": frozenset({"pus", "open"})}, warned_at="skin", note="x")


def test_what_is_sealed_comes_back_whole():
    assert unseal_journey(KEY, seal_journey(KEY, JOURNEY), NOW) == JOURNEY


def test_every_flipped_bit_is_refused():
    sealed = seal_journey(KEY, JOURNEY).encode()
    for place in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            with pytest.raises(LostJourney):
                unseal_journey(KEY, changed.decode("latin-1"), NOW)


def test_every_cut_is_refused():
    sealed = seal_journey(KEY, JOURNEY)
    for length in range(len(sealed)):
        with pytest.raises(LostJourney):
            unseal_journey(KEY, sealed[:length], NOW)


def test_another_key_is_refused():
    with pytest.raises(LostJourney):
        unseal_journey(JourneyKeys(bytes(32)), seal_journey(KEY, JOURNEY), NOW)


@pytest.mark.parametrize(("later", "kept"), [(0, True), (LIFETIME - 1, True), (LIFETIME, False)])
def test_a_journey_lasts_a_day(later, kept):
    sealed = seal_journey(KEY, JOURNEY)
    if kept:
        assert unseal_journey(KEY, sealed, NOW + later) == JOURNEY
    else:
        with pytest.raises(LostJourney):
            unseal_journey(KEY, sealed, NOW + later)


def test_a_journey_from_the_future_is_refused():
    with pytest.raises(LostJourney):
        unseal_journey(KEY, seal_journey(KEY, JOURNEY), NOW - LIFETIME)


def test_what_a_nurse_asks_is_never_taken_for_ones_own_check_nor_the_other_way_round():
    asked = seal_journey(KEY, JOURNEY, ASSISTED)
    assert unseal_journey(KEY, asked, NOW, ASSISTED) == JOURNEY
    for sealed, kind in ((asked, OWN), (seal_journey(KEY, JOURNEY), ASSISTED)):
        with pytest.raises(LostJourney):
            unseal_journey(KEY, sealed, NOW, kind)


def test_two_seals_of_one_journey_differ():
    assert seal_journey(KEY, JOURNEY) != seal_journey(KEY, JOURNEY)


def test_every_option_of_every_question_fits_into_one_cookie(app):
    """More than the longest path can hold: also the questions that shut each other out."""
    everything = {q.id: frozenset(q.option_ids) for q in app.state.context.rulebook.questionnaire}
    longest = max(everything, key=len)
    full = Journey("international", NOW, everything, warned_at=longest, note="unfinished")
    assert len("__Host-journey=" + seal_journey(KEY, full)) <= MOST_BYTES


def test_without_a_master_key_one_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    path = tmp_path / "new" / "journey.key"
    key = load_journey_keys(path.parent).newest
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_journey_keys(path.parent).newest == key
    assert [file.name for file in path.parent.iterdir()] == ["journey.key"]


def test_servers_with_one_master_key_open_what_the_other_sealed(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    load_keyring(one / "master.key")
    two.mkdir()
    shutil.copy2(one / "master.key", two / "master.key")
    first, second = load_journey_keys(one), load_journey_keys(two)
    assert unseal_journey(second, seal_journey(first, JOURNEY), NOW) == JOURNEY
    assert not (one / "journey.key").exists()


def test_what_was_sealed_before_there_was_a_master_key_still_opens(tmp_path):
    keys = load_journey_keys(tmp_path)
    before = seal_journey(keys, JOURNEY)
    load_keyring(tmp_path / "master.key")
    keys.adopt_masters()
    for known in (keys, load_journey_keys(tmp_path)):
        assert unseal_journey(known, before, NOW) == JOURNEY
        assert known.newest != (tmp_path / "journey.key").read_bytes()


def test_a_server_that_runs_opens_what_one_with_a_newer_master_key_sealed(tmp_path):
    load_keyring(tmp_path / "master.key")
    running = load_journey_keys(tmp_path)
    before = seal_journey(running, JOURNEY)
    add_master_key(tmp_path / "master.key")
    restarted = load_journey_keys(tmp_path)
    assert restarted.newest != running.newest
    assert unseal_journey(restarted, before, NOW) == JOURNEY
    assert unseal_journey(running, seal_journey(restarted, JOURNEY), NOW) == JOURNEY
    assert running.newest == restarted.newest


def test_cookies_that_nobody_sealed_make_no_server_read_its_keys_again_and_again(
    tmp_path, monkeypatch
):
    load_keyring(tmp_path / "master.key")
    keys, looks = load_journey_keys(tmp_path), []
    monkeypatch.setattr(JourneyKeys, "adopt_masters", lambda _: looks.append(1))
    for _ in range(50):
        with pytest.raises(LostJourney):
            unseal_journey(keys, seal_journey(KEY, JOURNEY), NOW)
    assert len(looks) <= 2


def test_a_file_that_holds_no_key_is_refused_in_words(tmp_path):
    (tmp_path / "journey.key").write_bytes(b"too short")
    with pytest.raises(ValueError, match="holds no key"):
        load_journey_keys(tmp_path)


def test_the_cookie_over_http_is_kept_from_scripts_and_other_sites(visitor):
    cookie = visitor.send("/start", {"region": "uk"}).headers["set-cookie"]
    assert cookie.startswith("journey=")
    assert cookie.split("; ")[1:] == ["Path=/", "HttpOnly", "SameSite=Lax"]


def test_the_cookie_over_https_is_bound_to_the_host(app):
    from tests.visitor import Visitor

    visitor = Visitor(app, "https://testserver")
    cookie = visitor.send("/start", {"region": "uk"}).headers["set-cookie"]
    assert cookie.startswith("__Host-journey=")
    assert cookie.split("; ")[1:] == ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"]


@pytest.mark.parametrize("junk", ["x", "A" * 40, "%00", "é", "=" * 10, "A" * 8000])
@pytest.mark.parametrize("page", ["/check/age", "/answers", "/result", "/emergency", "/"])
def test_a_cookie_that_is_not_ours_gives_a_kind_fresh_start(visitor, junk, page):
    response = visitor.client.get(page, headers={b"cookie": f"journey={junk}".encode("latin-1")})
    while response.is_redirect:
        response = visitor.client.get(
            response.headers["location"], headers={b"cookie": f"journey={junk}".encode("latin-1")}
        )
    assert response.status_code == 200
    assert response.url.path == "/"
    assert "Please start again" in response.text
    assert response.headers["set-cookie"].startswith("journey=; ")


def test_a_day_later_the_person_starts_again(visitor, clock):
    visitor.start()
    clock.seconds += LIFETIME
    page = visitor.get("/check/age")
    clock.seconds -= LIFETIME
    assert page.url == "/"
    assert "Please start again" in page.text


def test_a_refused_cookie_is_noticed_at_the_second_step(visitor):
    response = visitor.send("/start", {"region": "uk"})
    visitor.client.cookies.clear()
    page = visitor.get(response.headers["location"])
    assert page.h1 == ["We cannot find your answers"]
    assert "allow cookies" in page.text
    assert page.level == "emergency"


@pytest.mark.parametrize("named", [True, False])
def test_an_answer_that_the_rulebook_no_longer_knows_is_asked_again(app, visitor, named):
    floor = app.state.context
    old = Journey(
        "uk",
        floor.unix_time,
        {"breath": frozenset({"none"}), "age": frozenset({"ancient"}), "gone": frozenset({"yes"})},
        edition=floor.rulebook.version if named else "",
    )
    visitor.client.cookies.set("journey", seal_journey(floor.keys, old))
    assert visitor.get("/answers").url == "/answers"
    assert visitor.get("/check/place").url == "/check/age"


def test_a_region_that_the_rulebook_no_longer_knows_starts_again(app, visitor):
    floor = app.state.context
    visitor.client.cookies.set(
        "journey", seal_journey(floor.keys, Journey("atlantis", floor.unix_time))
    )
    assert visitor.get("/check/age").url == "/"


def test_the_cookie_holds_no_readable_answer(visitor):
    visitor.begin()
    visitor.answer("breath", "breathing")
    assert "breathing" not in str(visitor.client.cookies)

"""Invitations: what a link is worth, who can see it, when it ends."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import SQLModel

from app.store import invitations, people, submission_reads, worklist_rows
from app.store.db import rate_limits
from app.store.db.patient_tables import Invitation, Person
from app.store.db.rate_limits import RateLimitExceeded
from app.store.db.scope import Scope, Store
from app.store.invitations import CODE_LETTERS, InvitationGone, Invitee, NoSuchInvitation
from app.store.people import NameMismatch
from tests.store.kim import actions
from tests.store.patients import MONDAY, Work

FORTNIGHT = timedelta(days=14)
GUEST = Invitee("NHS 12", "Jo", date(2026, 3, 9), "Dr Hill, 10:30")


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def token(work: Work, invitation: str) -> str:
    return invitations.derive_link_token(work.store.keyring, work.clinic, invitation)


def invite(work: Work, *guests: Invitee, key: str = "k") -> list[str]:
    return invitations.invite_patients(work.store, "c1", MONDAY, "kim", guests, key)


def test_a_link_shows_who_invites_and_when_the_appointment_is(work: Work) -> None:
    (invitation,) = invite(work, GUEST)
    for _ in range(50):
        found = invitations.open_invitation(work.store, token(work, invitation), MONDAY)
    assert (found.clinic.name, found.name) == ("Clinic c1", "Jo")
    assert found.appointment_on == date(2026, 3, 9)
    assert not found.finished
    assert actions(work.store) == ["patient_invited"]


def test_link_and_code_can_be_shown_again_and_lead_to_the_same(work: Work) -> None:
    (invitation,) = invite(work, GUEST)
    with work.store.reading_scope("c1") as scope:
        shown = invitations.find_invitation(scope, MONDAY, invitation)
    assert shown.token == token(work, invitation)
    assert shown.appointment_kind == "Dr Hill, 10:30"
    assert set(shown.code) <= set(CODE_LETTERS)
    assert len(shown.code) == 8
    spoken = f" {shown.code[:4].lower()} {shown.code[4:]}-"
    found = invitations.find_token_by_code(work.store, spoken, MONDAY, address="here")
    assert found == shown.token


def test_the_database_holds_no_link_no_code_and_no_name(work: Work) -> None:
    (invitation,) = invite(work, replace(GUEST, name="Josephine"))
    with work.store.reading_scope("c1") as scope:
        shown = invitations.find_invitation(scope, MONDAY, invitation)
    secret = [shown.token.partition(".")[2], shown.code, "NHS 12", "Josephine", "Dr Hill"]
    with work.store.engine.begin() as connection:
        rows = [
            repr(row)
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(table.select())
        ]
    assert [word for word in secret if any(word in row for row in rows)] == []
    assert any(invitation in row for row in rows)


@pytest.mark.parametrize("how", ["expired", "revoked", "unknown", "of no clinic", "no token"])
def test_a_link_that_leads_nowhere_says_nothing_else(work: Work, how: str) -> None:
    invitation = work.invite(appointment_on=None)
    now, words = MONDAY, token(work, invitation)
    if how == "expired":
        now += FORTNIGHT
    elif how == "revoked":
        with work.store.writing_scope("c1", MONDAY, "kim") as scope:
            invitations.revoke_invitation(scope, invitation)
    else:
        words = {"unknown": "c1.x", "of no clinic": f"c9.{words[3:]}", "no token": "\x00"}[how]
    with pytest.raises(InvitationGone) as gone:
        invitations.open_invitation(work.store, words, now)
    assert str(gone.value) == ""


def test_a_link_lasts_as_long_as_the_clinic_says(work: Work) -> None:
    words = token(work, work.invite(appointment_on=None))
    assert invitations.open_invitation(work.store, words, MONDAY + FORTNIGHT - timedelta(seconds=1))


def test_a_finished_one_goes_on_to_show_what_became_of_it(work: Work) -> None:
    invitation = work.invite(appointment_on=None)
    work.hand_in(invitation)
    assert invitations.open_invitation(
        work.store, token(work, invitation), MONDAY + 2 * FORTNIGHT
    ).finished


def test_another_clinics_invitation_is_like_none(work: Work) -> None:
    invitation = work.invite(appointment_on=None)
    with work.store.writing_scope("c2", MONDAY, "kim") as scope:
        for id_ in (invitation, "none"):
            with pytest.raises(NoSuchInvitation):
                invitations.revoke_invitation(scope, id_)
            with pytest.raises(NoSuchInvitation):
                invitations.find_invitation(scope, MONDAY, id_)
    assert invitations.open_invitation(work.store, token(work, invitation), MONDAY)


def judged(work: Work, address: str) -> bool:
    """Whether a code that leads nowhere is looked at at all."""
    with pytest.raises((InvitationGone, RateLimitExceeded)) as refused:
        invitations.find_token_by_code(work.store, "23456789", MONDAY, address=address)
    return refused.type is InvitationGone


def test_codes_cannot_be_guessed_at_length(work: Work) -> None:
    assert [judged(work, "here") for _ in range(21)] == [True] * 20 + [False]


def test_codes_tried_from_one_household_count_together(work: Work) -> None:
    assert sum(judged(work, f"2001:db8:1:2::{n:x}") for n in range(60)) == 20
    assert judged(work, "2001:db8:1:3::1")


def test_however_many_addresses_try_codes_the_server_looks_at_a_thousand_an_hour(
    work: Work,
) -> None:
    most = invitations.GLOBAL_CODE_LIMIT.capacity
    invitation = work.invite(appointment_on=None)
    spoken = invitations.derive_invitation_code(work.store.keyring, invitation)
    assert (
        sum(judged(work, "1.1.1.1") for _ in range(60)) == invitations.CODE_ATTEMPT_LIMIT.capacity
    )
    rate_limits.acquire_tokens(
        work.store.engine, invitations.GLOBAL_CODE_LIMIT, "", MONDAY, tries=most - 21
    )
    assert invitations.find_token_by_code(work.store, spoken, MONDAY, address="2.2.2.2")
    assert not judged(work, "3.3.3.3")


def test_a_batch_is_invited_whole_or_not_at_all(work: Work) -> None:
    invite(work, GUEST)
    with pytest.raises(NameMismatch) as other:
        invite(work, Invitee("new", "Ann"), Invitee("nhs12", "Bob"), key="batch")
    assert other.value.reference == "nhs12"
    with work.store.reading_scope("c1") as scope:
        assert scope.count_rows(Invitation) == scope.count_rows(Person) == 1


def test_the_same_batch_sent_twenty_times_at_once_is_one(work: Work) -> None:
    guests = [Invitee(f"R{n}", "Ann") for n in range(12)]
    with ThreadPoolExecutor(4) as crowd:
        replies = list(crowd.map(lambda _: tuple(invite(work, *guests)), range(16)))
    assert len(set(replies)) == 1
    with work.store.reading_scope("c1") as scope:
        assert scope.count_rows(Invitation) == 12
        asked = [
            invitations.find_invitation(scope, MONDAY, id_).person.reference for id_ in replies[0]
        ]
    assert asked == [guest.reference for guest in guests]


def test_a_person_is_known_again_by_the_reference(work: Work) -> None:
    invite(work, GUEST)
    invite(work, Invitee("nhs  12", "JO"), key="k2")
    with work.store.reading_scope("c1") as scope:
        assert scope.count_rows(Person) == 1
        assert scope.count_rows(Invitation) == 2


def test_the_list_of_who_has_not_done_it_yet(work: Work) -> None:
    done, revoked, open_ = (work.invite(appointment_on=None) for _ in range(3))
    work.hand_in(done)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        invitations.revoke_invitation(scope, revoked)
        invitations.revoke_invitation(scope, done)  # finished: nothing to take back
        late = invitations.list_unfinished_invitations(scope, MONDAY + FORTNIGHT)
    assert [(found.id, found.expired) for found in late] == [(open_, True)]
    assert actions(work.store).count("invitation_revoked") == 1


def test_who_is_forgotten_is_on_no_list(work: Work) -> None:
    invitation = work.invite(appointment_on=None)
    from app.store.db import record_keys

    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        person = scope.find_all(Person)[0].id
        record_keys.destroy_data_keys(scope, [person])
        assert invitations.list_unfinished_invitations(scope, MONDAY) == []
        assert people.find_people(scope, [person]) == {}
    with pytest.raises(InvitationGone):
        invitations.open_invitation(work.store, token(work, invitation), MONDAY)


def test_answers_that_were_begun_in_time_are_still_taken_for_a_day(work: Work) -> None:
    late, too_late = work.invite(appointment_on=None), work.invite(appointment_on=None)
    assert work.hand_in(late, now=MONDAY + FORTNIGHT + timedelta(hours=23))
    with pytest.raises(InvitationGone):
        work.hand_in(too_late, now=MONDAY + FORTNIGHT + timedelta(hours=24))
    with work.store.reading_scope("c1") as scope, pytest.raises(worklist_rows.NoSuchSubmission):
        submission_reads.find_invitation_receipt(scope, too_late, MONDAY)


def test_inviting_again_makes_new_ways_in_for_the_same_visit_and_ends_the_old(work: Work) -> None:
    (old,) = invite(work, GUEST)
    late = MONDAY + FORTNIGHT  # it has ended: that is when people ask
    (new,) = {invitations.renew_invitation(work.store, "c1", late, "kim", old) for _ in range(3)}
    with work.store.reading_scope("c1") as scope:
        (shown,) = invitations.list_unfinished_invitations(scope, late)
        assert scope.count_rows(Person) == 1
    assert (shown.id, shown.person.reference) == (new, "NHS 12")
    assert (shown.appointment_on, shown.appointment_kind) == (date(2026, 3, 9), "Dr Hill, 10:30")
    assert shown.expires_at == late + FORTNIGHT
    assert invitations.open_invitation(work.store, shown.token, late)
    with pytest.raises(InvitationGone):
        invitations.open_invitation(work.store, token(work, old), MONDAY)


@pytest.mark.parametrize("how", ["finished", "revoked", "unknown", "of another clinic"])
def test_what_is_over_is_not_invited_again(work: Work, how: str) -> None:
    old, clinic = work.invite(appointment_on=None), "c1"
    if how == "finished":
        work.hand_in(old)
    elif how == "revoked":
        with work.store.writing_scope("c1", MONDAY, "kim") as scope:
            invitations.revoke_invitation(scope, old)
    elif how == "unknown":
        old = "none"
    else:
        clinic = "c2"
    with pytest.raises(NoSuchInvitation):
        invitations.renew_invitation(work.store, clinic, MONDAY, "kim", old)


def test_those_who_were_invited_together_can_be_shown_together(work: Work) -> None:
    guests = [Invitee(f"R{n}", "Ann") for n in range(12)]
    made = invite(work, *guests)
    invite(work, Invitee("S", "Bob"), key="other")
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        invitations.revoke_invitation(scope, made[3])
        shown = invitations.list_batch_invitations(scope, MONDAY, "k")
    assert [found.id for found in shown] == made[:3] + made[4:]
    with work.store.reading_scope("c2") as scope:
        assert invitations.list_batch_invitations(scope, MONDAY, "k") == []


def test_an_invitation_does_not_end_before_the_visit_is_over(work: Work) -> None:
    in_eight_weeks = replace(GUEST, appointment_on=MONDAY.date() + timedelta(weeks=8))
    (invitation,) = invite(work, in_eight_weeks)
    with work.store.reading_scope("c1") as scope:
        ends = invitations.find_invitation(scope, MONDAY, invitation).expires_at
    # 27 April is over at midnight in London, where it is summer by then.
    assert ends.isoformat() == "2026-04-27T23:00:00+00:00"
    last = ends - timedelta(seconds=1)
    assert invitations.open_invitation(work.store, token(work, invitation), last)
    with pytest.raises(InvitationGone):
        invitations.open_invitation(work.store, token(work, invitation), ends)


def test_no_invitation_is_good_for_more_than_a_year(work: Work) -> None:
    day = MONDAY.date()
    made = invite(
        work,
        *(
            Invitee(f"R{n}", "Jo", on)
            for n, on in enumerate(
                [None, day, day + timedelta(days=366), day + timedelta(days=400), date.max]
            )
        ),
    )
    with work.store.reading_scope("c1") as scope:
        ends = [invitations.find_invitation(scope, MONDAY, id_).expires_at - MONDAY for id_ in made]
    year = timedelta(days=366)
    assert ends == [FORTNIGHT, FORTNIGHT, year, FORTNIGHT, FORTNIGHT]


SAME = [
    "R-9001",
    "r 9001".replace(" ", "\u2013"),
    "R\u20119001",
    "\uff32\uff0d\uff19\uff10\uff10\uff11",
]


def test_a_reference_is_the_same_whatever_keyboard_wrote_it(work: Work) -> None:
    invite(work, Invitee("R-9001", "Ann"))
    for number, reference in enumerate([*SAME, "R-9\u200b001", "R\u22129001"]):
        with pytest.raises(NameMismatch):
            invite(work, Invitee(reference, "Bob"), key=f"other{number}")
    with work.store.reading_scope("c1") as scope:
        assert scope.count_rows(Person) == 1


def test_a_name_is_the_same_however_its_accents_apostrophes_and_dashes_are_written() -> None:
    for one, other in (
        ("Jos\u00e9", "Jose\u0301"),
        ("O'Neil", "o\u2019neil"),
        ("Anne-Marie", "Anne\u2013Marie"),
        ("\u0628\u0647\u0632\u200c\u0631\u0636\u06cc", "\u0628\u0647\u0632\u0631\u0636\u06cc"),
        ("D\u00b4Arcy", "D'Arcy"),
    ):
        assert people.is_same_name(one, other)
    assert not people.is_same_name("Jos\u00e9", "Jose")
    assert not people.is_same_name("J", "Jo")


def _hash_as_before(scope: Scope, reference: str) -> str:
    """The reference as earlier editions looked for it: capitals and spaces alone did not count."""
    plain = "".join(reference.split()).casefold()
    return scope.keyring.keyed_hash("reference", scope.clinic, plain)


@pytest.mark.parametrize("kept", [*SAME, "NHS 12", "\u00c51"])
def test_who_was_kept_by_an_earlier_edition_is_found_however_the_reference_is_typed(
    work: Work, kept: str
) -> None:
    (invitation,) = invite(work, Invitee(kept, "Ann"))
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        person = invitations.find_invitation(scope, MONDAY, invitation).person.id
        scope.update_rows(Person, id=person, to={"reference_print": _hash_as_before(scope, kept)})
        for typed in SAME if kept in SAME else [kept]:
            found = people.find_by_reference(scope, typed)
            assert found is not None, typed
            assert found.id == people.ensure_person(scope, typed, "ann") == person
        assert people.find_by_reference(scope, "someone else") is None


def test_a_plain_reference_is_looked_for_as_it_always_was(work: Work) -> None:
    with work.store.reading_scope("c1") as scope:
        for reference in ("NHS 12", "r-1", "943 476 5919", "A/B.(7)_'x'"):
            assert people.hash_reference(scope, reference) == _hash_as_before(scope, reference)


def test_a_code_counts_in_the_letters_of_any_keyboard() -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in "ABCD2345")
    assert invitations.normalize_code(f"{wide[:4].lower()}\u00a0{wide[4:]}") == "ABCD2345"

"""Every page: its address, the function that answers, and who may open it.

Routes are tried in this order, and what is asked for most comes first. A page of staff without a
permission cannot be written down; what stands as `open_route` is for anyone and asks no database.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.web import api, assets, readiness
from app.web.access import ANYONE, STAFF, staff_route
from app.web.clinic import (
    agreement,
    assisted,
    auditor,
    clinic_settings,
    corrections,
    invitations,
    papers,
    patient_flags,
    patient_lists,
    people,
    provider_signin,
    record_export,
    reports,
    shifts,
    signin,
    staff,
    submission,
    texts,
    worklist,
    worklist_stream,
)
from app.web.pages import see_other
from app.web.patients import (
    handing_over,
    offline,
    result,
    second_look,
    self_check,
    sheet,
    verify,
    waiting_room,
)
from app.web.reading import learn, safety, trust


def open_route(key: str, page: Callable[[Request], Awaitable[Response]]) -> Route:
    """The route of a page for anyone; what it shows of a person stands in their own cookie."""
    method, path = key.split(" ")
    return Route(path, page, methods=[method])


def redirect_route(key: str, address: str) -> Route:
    """GET of what is only posted to: a browser asks for it that loads a refused page anew."""

    async def redirect_browser(_: Request) -> Response:
        return see_other(address)

    return open_route(key, redirect_browser)


ROUTES = [
    # The self-check.
    open_route("GET /check/{question}", self_check.show_question),
    open_route("POST /check/{question}", self_check.submit_answer),
    open_route("GET /", self_check.show_start),
    redirect_route("GET /start", "/"),
    open_route("POST /start", self_check.start_check),
    open_route("GET /answers", self_check.show_answers),
    open_route("GET /answers/{question}", self_check.show_change),
    open_route("POST /answers/{question}", self_check.submit_change),
    open_route("GET /emergency", self_check.show_emergency),
    open_route("GET /clear", self_check.ask_clear),
    open_route("POST /clear", self_check.clear_answers),
    open_route("GET /cleared", self_check.show_cleared),
    open_route("GET /about", self_check.show_about),
    open_route("GET /privacy", self_check.show_privacy),
    open_route("GET /offline", offline.show_offline),
    open_route("GET /result", result.show_result),
    open_route("GET /result/sheet", sheet.show_sheet),
    open_route("GET /result/sheet.pdf", sheet.download_pdf),
    open_route("GET /result/sheet.txt", sheet.download_text),
    open_route("GET /changed", second_look.show_second_look),
    open_route("POST /changed", second_look.start_second_look),
    open_route("GET /changed/{question}", second_look.show_recheck_question),
    open_route("POST /changed/{question}", second_look.submit_recheck_answer),
    # To read.
    open_route("GET /learn", learn.show_learn_index),
    open_route("GET /learn/words", learn.show_glossary),
    open_route("GET /learn/{page}", learn.show_learn_page),
    open_route("GET /rules", trust.show_page),
    open_route("GET /rules/types", trust.show_page),
    open_route("GET /rules/evidence", trust.show_page),
    open_route("GET /rules/look-alikes", trust.show_page),
    open_route("GET /rules/sources", trust.show_page),
    open_route("GET /rules/flow.svg", trust.show_flow_drawing),
    open_route("GET /accessibility", trust.show_page),
    open_route("GET /safety", safety.show_safety),
    open_route("GET /safety/hazards", safety.show_hazards),
    open_route("GET /verify", verify.show_receipt_form),
    open_route("POST /verify", verify.submit_receipt),
    open_route("GET /wrong-advice", result.show_wrong_advice),
    open_route("GET /healthz", api.show_health),
    open_route("GET /readyz", readiness.show_readiness),
    # The doors of staff: what is behind a link or a half session is asked for by the page.
    staff_route("GET /join/{token}", signin.show_join_form, ANYONE),
    staff_route("POST /join/{token}", signin.submit_join, ANYONE, once=True, hashes=True),
    staff_route("GET /sign-in", signin.show_sign_in, ANYONE),
    staff_route("POST /sign-in", signin.submit_sign_in, ANYONE, hashes=True),
    staff_route("GET /sign-in/code", signin.show_code_form, ANYONE),
    staff_route("GET /sign-in/with/{clinic}", provider_signin.start_provider_sign_in, ANYONE),
    staff_route("GET /sign-in/return", provider_signin.finish_provider_sign_in, ANYONE),
    staff_route("GET /account/again", provider_signin.start_proof, STAFF),
    staff_route("POST /sign-in/code", signin.submit_code, ANYONE, once=True),
    staff_route("POST /sign-out", signin.submit_sign_out, ANYONE),
    staff_route("GET /signed-out", signin.show_signed_out, ANYONE),
    staff_route("GET /account", signin.show_account, STAFF),
    staff_route("POST /account/password", signin.change_password, STAFF, once=True, hashes=True),
    staff_route("POST /account/sessions", signin.end_session, STAFF),
    staff_route("GET /desk", signin.show_session_state, STAFF, background=True),
    staff_route("POST /account/stay", signin.keep_session_alive, STAFF),
    staff_route("GET /staff", staff.show_staff_list, "see_staff"),
    staff_route("GET /staff/invite", staff.show_invite_form, "change_staff"),
    staff_route(
        "POST /staff/invite", staff.submit_staff_invitation, "change_staff", fresh_code=True
    ),
    staff_route("GET /staff/{id}", staff.show_staff_member, "change_staff"),
    staff_route("POST /staff/{id}/link", staff.renew_join_link, "change_staff", fresh_code=True),
    staff_route("POST /staff/{id}/disable", staff.disable_member, "change_staff", fresh_code=True),
    staff_route("GET /clinic", clinic_settings.show_clinic, STAFF),
    staff_route("GET /clinic/{part}", clinic_settings.show_part, "change_clinic"),
    staff_route(
        "POST /clinic/{part}", clinic_settings.submit_part, "change_clinic", fresh_code=True
    ),
    staff_route("GET /clinic/holidays/{year}", clinic_settings.show_holiday_year, "change_clinic"),
    staff_route(
        "POST /clinic/holidays/{year}",
        clinic_settings.submit_holiday_year,
        "change_clinic",
        fresh_code=True,
    ),
    staff_route("GET /texts", texts.show_texts, "change_texts"),
    staff_route("POST /texts", texts.add_text, "change_texts"),
    staff_route("GET /texts/{id}", texts.show_text, "change_texts"),
    staff_route("POST /texts/{id}", texts.change_text, "change_texts"),
    staff_route("POST /texts/{id}/retire", texts.retire_text, "change_texts"),
    # A tablet that patients pass on to each other.
    staff_route("GET /waiting-room", waiting_room.show_waiting_room, "invite_patients"),
    staff_route("POST /waiting-room", waiting_room.start_tablet_mode, "invite_patients"),
    staff_route("POST /waiting-room/end", waiting_room.end_tablet_mode, "invite_patients"),
    staff_route("GET /i/still-there", waiting_room.show_still_there, ANYONE, asks_store=False),
    staff_route("GET /i/wiped", waiting_room.wipe_tablet, ANYONE, asks_store=False),
    # A self-check that its person shows to a nurse; the key is in their own cookie.
    staff_route("GET /share", handing_over.show_share_code, ANYONE),
    staff_route("GET /share/news", handing_over.poll_share, ANYONE),
    staff_route("POST /share", handing_over.create_share_code, ANYONE),
    redirect_route("GET /share/back", "/share"),
    staff_route("POST /share/back", handing_over.revoke_share_code, ANYONE),
    staff_route("GET /shared", invitations.show_shared_form, "invite_patients"),
    staff_route("POST /shared", invitations.submit_shared_code, "invite_patients"),
    # Invited people: who has the link is its person.
    staff_route("GET /i", handing_over.show_code_form, ANYONE, asks_store=False),
    staff_route("POST /i", handing_over.submit_invitation_code, ANYONE),
    staff_route("GET /i/{token}", handing_over.show_invitation, ANYONE),
    staff_route("POST /i/{token}", handing_over.start_invited_check, ANYONE),
    staff_route("GET /emergency/clinic", handing_over.show_clinic_told, ANYONE),
    staff_route("POST /emergency/clinic", handing_over.tell_clinic, ANYONE),
    staff_route("GET /i/{token}/answers", handing_over.show_invitation, ANYONE),
    staff_route("POST /i/{token}/answers", handing_over.show_answers_by_code, ANYONE),
    redirect_route("GET /send", "/result"),
    staff_route("POST /send", handing_over.send_submission, ANYONE),
    staff_route("GET /invitations", invitations.show_invitations, "invite_patients"),
    staff_route("POST /invitations", invitations.submit_invitation, "invite_patients"),
    staff_route("GET /invitations/find", invitations.show_invitations, "invite_patients"),
    staff_route("GET /invitations/ticked", invitations.show_invitations, "invite_patients"),
    staff_route("GET /invitations/batch", patient_lists.show_list_form, "invite_patients"),
    staff_route("POST /invitations/find", invitations.find_invitations, "invite_patients"),
    staff_route("POST /invitations/ticked", invitations.change_ticked, "invite_patients"),
    staff_route(
        "GET /invitations/show/{show}/{page}", invitations.show_invitations, "invite_patients"
    ),
    staff_route("GET /invitations/list", patient_lists.show_list_form, "invite_patients"),
    staff_route("POST /invitations/list", patient_lists.submit_list, "invite_patients"),
    staff_route("POST /invitations/batch", patient_lists.submit_batch, "invite_patients"),
    staff_route("GET /invitations/batch/{key}", patient_lists.show_batch, "invite_patients"),
    staff_route(
        "GET /invitations/batch/{key}/slips", patient_lists.show_batch_slips, "invite_patients"
    ),
    staff_route("GET /invitations/batch/{key}/csv", patient_lists.export_batch, "invite_patients"),
    staff_route("GET /invitations/{id}", invitations.show_invitation, "invite_patients"),
    staff_route("POST /invitations/{id}/again", invitations.renew_invitation, "invite_patients"),
    staff_route("POST /invitations/{id}/revoke", invitations.revoke_invitation, "invite_patients"),
    # What came in, and what a nurse does with it.
    staff_route(
        "GET /worklist/live", worklist_stream.stream_worklist, "see_worklist", background=True
    ),
    staff_route("GET /worklist", worklist.show_worklist, "see_worklist"),
    staff_route("POST /worklist/find", worklist.search_worklist, "see_worklist"),
    staff_route("POST /worklist/day", worklist.choose_day, "see_worklist"),
    staff_route("GET /worklist/{show}", worklist.show_worklist, "see_worklist"),
    staff_route("GET /worklist/{show}/after/{place}", worklist.show_worklist, "see_worklist"),
    staff_route("GET /assisted", assisted.show_assisted_start, "review"),
    staff_route("POST /assisted", assisted.begin_assisted_check, "review"),
    staff_route("GET /assisted/ask/{question}", assisted.show_assisted_question, "review"),
    staff_route("POST /assisted/ask/{question}", assisted.save_assisted_answer, "review"),
    staff_route("GET /assisted/answers", assisted.show_assisted_answers, "review"),
    staff_route("POST /assisted/send", assisted.submit_assisted_answers, "review"),
    staff_route("POST /assisted/stop", assisted.stop_assisted_check, "review"),
    staff_route("GET /hand-over", shifts.show_shift, "review"),
    staff_route("POST /hand-over", shifts.submit_shift, "review"),
    staff_route("POST /hand-over/accept", shifts.submit_acceptance, "review"),
    staff_route("GET /submissions/{id}/findings", corrections.show_corrections, "review"),
    staff_route("POST /submissions/{id}/findings", corrections.submit_corrections, "review"),
    staff_route("GET /submissions/{id}/identify", corrections.show_identity_form, "review"),
    staff_route("POST /submissions/{id}/identify", corrections.submit_identity, "review"),
    staff_route("GET /submissions/{id}/marks", patient_flags.show_flags_form, "review"),
    staff_route("POST /submissions/{id}/marks", patient_flags.save_flags, "review"),
    staff_route("GET /submissions/{id}/print", papers.show_record_sheet, "see_answers"),
    staff_route("GET /submissions/{id}/fhir.json", record_export.export_fhir, "see_answers"),
    staff_route("GET /submissions/{id}/copy", papers.show_patient_copy, "see_answers"),
    staff_route("GET /submissions/{id}", submission.show_submission, "see_answers"),
    staff_route("GET /submissions/{id}/plain", submission.show_plain_text, "see_answers"),
    staff_route("GET /submissions/{id}/lower", submission.show_lowering, "lower"),
    staff_route("GET /submissions/{id}/ask-close", submission.show_ask_close, "review"),
    staff_route("POST /submissions/{id}/ask-close", submission.submit_ask_close, "review"),
    staff_route("POST /submissions/{id}/lower", submission.submit_lowering, "lower"),
    staff_route(
        "POST /submissions/{id}/second", submission.submit_second_decision, "second_person"
    ),
    staff_route("POST /submissions/{id}/draft", submission.show_draft, "review"),
    staff_route("POST /submissions/{id}/{step}", submission.submit_review_step, "review"),
    # All of a person, and what is counted and noted of the clinic's work.
    staff_route("GET /people", people.show_person_search, "export_person"),
    staff_route("POST /people", people.submit_person_search, "export_person"),
    staff_route(
        "POST /people/{id}/export", people.add_person_request, "export_person", fresh_code=True
    ),
    staff_route(
        "POST /people/{id}/erase", people.add_person_request, "erase_person", fresh_code=True
    ),
    staff_route("GET /people/requests", people.show_person_requests, "export_person"),
    staff_route(
        "POST /people/requests/{id}/agree",
        people.answer_person_request,
        "export_person",
        fresh_code=True,
    ),
    staff_route("POST /people/requests/{id}/refuse", people.answer_person_request, "export_person"),
    staff_route(
        "POST /people/requests/{id}/file",
        people.download_person_file,
        "export_person",
        fresh_code=True,
    ),
    staff_route("GET /agreement", agreement.show_agreement, "see_agreement"),
    staff_route("GET /agreement/cases.yaml", agreement.export_cases, "export_cases"),
    staff_route("GET /agreement/cases/{entry}", agreement.export_cases, "export_cases"),
    staff_route("GET /reports", reports.show_report, "see_reports"),
    staff_route("POST /reports/seen", reports.mark_rules_seen, "see_reports"),
    staff_route("GET /reports/{month}", reports.show_report, "see_reports"),
    staff_route("GET /reports/{month}/file.csv", reports.download_report, "see_reports"),
    staff_route("GET /audit", auditor.show_audit, "see_audit"),
    staff_route("POST /audit", auditor.choose_audit_filter, "see_audit"),
    staff_route("GET /audit/{kind}/{day}", auditor.show_audit, "see_audit"),
    staff_route("GET /audit/{kind}/{day}/before/{number}", auditor.show_audit, "see_audit"),
    staff_route("GET /audit/{kind}/{day}/file.csv", auditor.download_audit, "see_audit"),
    staff_route("GET /audit/{kind}/{day}/by/{by}/about/{about}", auditor.show_audit, "see_audit"),
    staff_route(
        "GET /audit/{kind}/{day}/by/{by}/about/{about}/before/{number}",
        auditor.show_audit,
        "see_audit",
    ),
    staff_route(
        "GET /audit/{kind}/{day}/by/{by}/about/{about}/file.csv",
        auditor.download_audit,
        "see_audit",
    ),
    staff_route("GET /submissions/{id}/looks", auditor.show_submission_looks, "see_looks"),
    open_route("GET /static/{path:path}", assets.serve_asset),
    open_route("GET /worker.js", assets.serve_worker),
]

"""The codes of a review with the keys of their words: how it ended, what fails."""

OUTCOMES = {
    "answered": "review.call.answered",
    "no_answer": "review.call.no_answer",
    "wrong_number": "review.call.wrong_number",
    "appointment_kept": "review.close.appointment_kept",
    "brought_forward": "review.close.brought_forward",
    "other_service": "review.close.other_service",
    "emergency_service": "review.close.emergency_service",
    "seen_today": "review.close.seen_today",
    "advice_given": "review.close.advice_given",
    "not_reached": "review.close.not_reached",
    "same_person": "review.identify.same_person",
    "wrong_person": "review.identify.wrong_person",
}
NOTED = {
    "appointment_kept": "handed.noted.appointment_kept",
    "brought_forward": "handed.noted.brought_forward",
    "other_service": "handed.noted.other_service",
    "seen_today": "handed.noted.seen_today",
    "advice_given": "handed.noted.advice_given",
    "not_reached": "handed.noted.not_reached",
}
"""How its person is told of an end without the help that the level asks for."""
INSTEAD = {"emergency": "handed.instead.emergency", "same_day": "handed.instead.same_day"}
"""What its person is told besides, by level: that the end changes nothing for them."""
REASONS = {
    "examined": "review.lower.examined",
    "in_care": "review.lower.in_care",
    "misread": "review.lower.misread",
    "known_change": "review.lower.known_change",
    "wrong_person": "review.lower.wrong_person",
    "other": "review.lower.other",
}
IDENTIFIER_WORDS = {
    "full_name": "identify.full_name",
    "born_on": "identify.born_on",
    "address": "identify.address",
    "number": "identify.number",
}
PROBLEMS = {
    "first": "review.problem.first",
    "closed": "review.problem.closed",
    "role": "review.problem.role",
    "owned": "review.problem.owned",
    "second_look": "review.problem.second_look",
    "words": "review.problem.words",
    "outcome": "review.problem.outcome",
    "to_staff": "review.problem.to_staff",
    "highest": "review.problem.highest",
    "level": "review.problem.level",
    "reason": "review.problem.reason",
    "rule": "review.problem.rule",
    "own": "review.problem.own",
    "undecided": "review.problem.undecided",
    "second_person": "review.problem.second_person",
    "why": "review.problem.why",
    "tries": "review.problem.tries",
    "unidentified": "review.problem.unidentified",
    "identifiers": "review.problem.identifiers",
    "person": "review.problem.person",
    "other_name": "review.problem.other_name",
}

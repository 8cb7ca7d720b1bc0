"""What each role may do: the one table of it."""

from collections.abc import Mapping
from types import MappingProxyType

NURSE, LEAD, ADMIN, AUDITOR = "nurse", "lead", "admin", "auditor"

PERMISSIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "see_worklist": frozenset({NURSE, LEAD}),
        "see_answers": frozenset({NURSE, LEAD}),
        "review": frozenset({NURSE, LEAD}),
        "lower": frozenset({NURSE, LEAD}),  # who of them may is the clinic's own choice
        "second_person": frozenset({NURSE, LEAD}),
        "invite_patients": frozenset({NURSE, LEAD}),
        "ask_for_patients": frozenset({NURSE, LEAD}),
        "export_person": frozenset({LEAD, ADMIN}),
        "erase_person": frozenset({LEAD, ADMIN}),
        "see_agreement": frozenset({LEAD}),
        "see_reports": frozenset({LEAD}),
        "export_cases": frozenset({LEAD}),
        "see_staff": frozenset({LEAD, ADMIN}),
        "change_staff": frozenset({ADMIN}),
        "change_texts": frozenset({LEAD, ADMIN}),
        "change_clinic": frozenset({ADMIN}),
        "see_audit": frozenset({AUDITOR}),
        "see_looks": frozenset({NURSE, LEAD, AUDITOR}),  # who looked at one submission
    }
)


def role_allows(role: str, permission: str) -> bool:
    """Whether the role has the permission. Raises KeyError for one that does not exist."""
    return role in PERMISSIONS[permission]

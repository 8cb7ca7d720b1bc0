"""The ids that code must know: read from roles.yaml, and checked against questions and names."""

from collections.abc import Collection

from app.rulebook.entries import read_entry
from app.rulebook.faults import FaultLog, WrittenEntry
from app.triage.rulebook import Rulebook
from app.triage.sources import Roles

ROLES_FILE = "roles.yaml"
_OF_A_LIFE = ["conditions", "kidney", "autoimmune", "medicines", "before"]
DEFAULT_ROLES = Roles(
    age="age",
    children=frozenset({"under_3m", "under_1", "child"}),
    babies=frozenset({"under_3m", "under_1"}),
    place="place",
    sized={"change": ["over_5cm"]},
    out_of_scope="out_of_scope",
    of_a_life=_OF_A_LIFE,
    background=["known", "reason", *_OF_A_LIFE],
)
"""The roles in an edition that was published before the file."""


def read_roles(faults: FaultLog) -> Roles:
    """The roles of this rulebook; what does not fit in the file is noted as a fault."""
    if not (faults.folder / ROLES_FILE).exists():
        return DEFAULT_ROLES
    raw = faults.read_mapping(ROLES_FILE)
    return read_entry(Roles, raw, ROLES_FILE, faults, "roles") or DEFAULT_ROLES


def check_roles(rulebook: Rulebook, faults: FaultLog) -> None:
    """Note every role that no question, option or name of the rulebook plays.

    Only where everything else could be read, so that one slip does not look like many.
    """
    if faults.fault_lines or not (faults.folder / ROLES_FILE).exists():
        return
    roles = rulebook.roles
    at = WrittenEntry(ROLES_FILE, "roles", faults.read_mapping(ROLES_FILE), faults)

    def check_known(what: str, ids: Collection[str], known: Collection[str], *path: object) -> None:
        for one in sorted(ids):
            if known and one not in known:  # of an unknown question no option is known
                text = f"unknown {what} '{one}'; allowed: {', '.join(known)}"
                at.note_fault(text, *path)

    options = {question.id: question.option_ids for question in rulebook.questionnaire}
    for key, questions in (
        ("age", [roles.age]),
        ("place", [roles.place]),
        ("sized", roles.sized),
        ("of_a_life", roles.of_a_life),
        ("background", roles.background),
    ):
        check_known("question", questions, options, key)
    sure = [o for o in options.get(roles.age, ()) if o != rulebook.questionnaire[roles.age].unsure]
    check_known("option", roles.children, sure, "children")
    check_known("child", roles.babies, sorted(roles.children), "babies")
    for question, sized in roles.sized.items():
        check_known("option", sized, options.get(question, ()), "sized", question)
    check_known("name", [roles.out_of_scope], rulebook.named, "out_of_scope")

"""The ids that code must know, checked against questions and names, and pairs of answer and age.

Property (q): answers that an age rules out are asked back, and each pair left open says why.
"""

from collections.abc import Collection, Iterator
from itertools import product

from app.rulebook.entries import EntriesById, read_entry
from app.rulebook.faults import FaultLog
from app.rulebook.reading import RulebookReader
from app.triage.conditions import Situation, judge_condition
from app.triage.rulebook import Rulebook
from app.triage.sources import AgePairEntry, Roles
from app.triage.terms import Truth

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
    return read_entry(Roles, faults.read_whole(ROLES_FILE, "roles")) or DEFAULT_ROLES


def check_roles(rulebook: Rulebook, faults: FaultLog) -> None:
    """Note every role that no question, option or name of the rulebook plays.

    Only where everything else could be read, so that one slip does not look like many.
    """
    if faults.fault_lines or not (faults.folder / ROLES_FILE).exists():
        return
    roles = rulebook.roles
    at = faults.read_whole(ROLES_FILE, "roles")

    def check_known(what: str, ids: Collection[str], known: Collection[str], *path: object) -> None:
        for one in sorted(ids):
            if known and one not in known:  # of an unknown question no option is known
                text = f"unknown {what} '{one}'; allowed: {', '.join(known)}"
                at.note_fault(text, *path)

    options = {question.id: question.option_ids for question in rulebook.questionnaire}
    for key, questions in (
        ("age", [roles.age]),
        ("place", [roles.place]),
        ("course", [roles.course] if roles.course else []),
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


AGES_FILE = "ages.yaml"


def read_age_pairs(reader: RulebookReader) -> Iterator[AgePairEntry]:
    """The pairs of answer and age; an edition before the table has none."""
    if (reader.faults.folder / AGES_FILE).exists():
        yield from (entry for _, entry in reader.read_entries(AGES_FILE, AgePairEntry))


def check_age_pairs(rulebook: Rulebook, faults: FaultLog, where: EntriesById) -> None:
    """Note every pair of option and age that is not asked back as said, or not thought of."""
    if not rulebook.age_pairs or faults.fault_lines:
        return
    thought_of: set[tuple[str, str, str]] = set()
    for entry in rulebook.age_pairs:
        at = where[AgePairEntry][entry.id]
        if bool(entry.asked_back) is bool(entry.left_open):
            at.note_fault("give 'asked_back', or say why in 'left_open'")
        pairs = {(entry.question, *pair) for pair in product(entry.options, entry.ages)}
        for question, option, age in sorted(pairs):
            known = rulebook.questionnaire.has_option
            if not (known(question, option) and known(rulebook.roles.age, age)):
                at.note_fault(f"there is no '{option}' of '{question}' at '{age}'")
                continue
            back = list_age_contradictions(rulebook, question, option, age)
            if entry.asked_back and entry.asked_back not in back:
                at.note_fault(f"'{option}' at '{age}' is not asked back by '{entry.asked_back}'")
            if entry.left_open and back:
                at.note_fault(f"'{option}' at '{age}' is asked back by '{back[0]}', not left open")
        for question, option, age in sorted(pairs & thought_of):
            at.note_fault(f"'{option}' of '{question}' at '{age}' stands twice")
        thought_of |= pairs
    for name in rulebook.roles.of_a_life:
        asked = rulebook.questionnaire[name]
        for option in asked.option_ids:
            for age in (
                sorted(rulebook.roles.babies) if option not in (asked.none, asked.unsure) else ()
            ):
                if (name, option, age) not in thought_of:
                    text = f"lacks '{option}' of '{name}' at '{age}': ask back, or say why not"
                    faults.note_fault(AGES_FILE, 1, "file", text)


def list_age_contradictions(rulebook: Rulebook, question: str, option: str, age: str) -> list[str]:
    """Ids of the contradictions that hold for this age and option, whatever else is answered.

    Only those that ask about the age count.
    """
    given = {rulebook.roles.age: frozenset([age]), question: frozenset([option])}
    situation = Situation(given, frozenset(), rulebook.questionnaire.unsure_options, {})
    return [
        known.id
        for known in rulebook.contradictions
        if rulebook.roles.age in known.questions
        and judge_condition(known.when, situation) is Truth.TRUE
    ]

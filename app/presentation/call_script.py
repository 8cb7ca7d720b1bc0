"""What to say when you call: the result in at most four sentences that can be read aloud.

Whom it is about and what this check said; the signs that decided; what it is, where and since
when; the illnesses and medicines that matter. It picks answers and joins them with words by key;
it decides nothing.
"""

from collections.abc import Collection, Iterable, Iterator

from app.documents.short_answers import leading_findings
from app.presentation.result import ResultPresenter
from app.triage.conditions import Choice, walk_leaves
from app.triage.questionnaire import Question
from app.triage.terms import Answers, Assessment, Evidence, Urgency

MOST_NAMED = 6  # parts of one sentence; whoever answers the call asks for the rest


def write_call_script(presenter: ResultPresenter, assessment: Assessment) -> list[str]:
    """The sentences, for whoever calls, in the order in which they are asked."""
    pages, fill = presenter.words.pages, presenter.fill
    parts = _list_parts(presenter, assessment)
    joint = fill(pages["say.joint"])  # filled, so that joined HTML stays HTML
    said = [fill(pages[key], named=joint.join(named[:MOST_NAMED])) for key, named in parts if named]
    return [_introduce(presenter, assessment), *said]


def _introduce(presenter: ResultPresenter, assessment: Assessment) -> str:
    """Whom the call is about, how old they are, and what this check said."""
    roles, pages = presenter.rulebook.roles, presenter.words.pages
    ages = _list_chosen(presenter, presenter.rulebook.questionnaire[roles.age])
    key = f"say.{presenter.respondent}" if ages else f"say.{presenter.respondent}.no_age"
    level = presenter.words.levels[assessment.urgency.name].parts
    within = assessment.within and presenter.words.times[assessment.within]
    when = presenter.fill(level["when_within" if within else "when"], within=within or "")
    calm = assessment.urgency is Urgency.self_care
    advised = presenter.fill(pages["say.advised.self_care" if calm else "say.advised"], when=when)
    return presenter.fill(pages[key], age=ages[0] if ages else "", advised=advised)


def _list_parts(
    presenter: ResultPresenter, assessment: Assessment
) -> Iterator[tuple[str, list[str]]]:
    """(Key of a sentence, what it names)."""
    roles, questionnaire = presenter.rulebook.roles, presenter.rulebook.questionnaire
    leading = leading_findings(assessment)
    reasons = [name for name in roles.background if name not in roles.of_a_life]
    about = [*reasons, *(name for name in (roles.place, roles.course) if name)]
    apart = {roles.age, *about, *roles.of_a_life}
    certain = _collect_options(e for f in leading if f.certain for e in f.because)
    yield "say.signs", _name_options(presenter, certain, apart)
    doubts = {e.question for f in leading if not f.certain for e in f.because if e.unsure}
    yield "say.unsure", [presenter.name_question(q.id) for q in questionnaire if q.id in doubts]
    for key, names in (("say.about", about), ("say.background", roles.of_a_life)):
        chosen = (_list_chosen(presenter, questionnaire[name]) for name in names)
        yield key, [text for texts in chosen for text in texts]


def _collect_options(evidence: Iterable[Evidence]) -> Answers:
    """Question -> the options that were ticked, of all evidence together."""
    found: dict[str, frozenset[str]] = {}
    for piece in evidence:
        if piece.lab is None and not piece.unsure:
            found[piece.question] = found.get(piece.question, frozenset()) | set(piece.options)
    return found


def _name_options(
    presenter: ResultPresenter, options: Answers, apart: Collection[str]
) -> list[str]:
    """These options as the person read them, in asking order, without some questions.

    A choice of one, such as how bad it is, says little without its question.
    """
    pages, named = presenter.words.pages, list[str]()
    for question in presenter.rulebook.questionnaire:
        if question.id not in options or question.id in apart:
            continue
        chosen = _list_chosen(presenter, question, options[question.id])
        if question.kind == "one":
            name = presenter.name_question(question.id)
            chosen = [presenter.fill(pages["say.answer"], name=name, chosen=one) for one in chosen]
        named += chosen
    return named


def _is_named_closer(presenter: ResultPresenter, question: Question, option: str) -> bool:
    """Whether another question asked which illness of this line it is, and was told."""
    questionnaire = presenter.rulebook.questionnaire
    for closer in (questionnaire[name] for name in presenter.rulebook.roles.of_a_life):
        given = presenter.path.answers.get(closer.id, frozenset()) - {closer.none, closer.unsure}
        if given and closer.narrows is not None:
            leaves = [leaf for leaf in walk_leaves(closer.narrows) if isinstance(leaf, Choice)]
            if any(leaf.question == question.id and option in leaf.options for leaf in leaves):
                return True
    return False


def _list_chosen(
    presenter: ResultPresenter, question: Question, only: Collection[str] | None = None
) -> list[str]:
    """What was ticked there, as the person read it, but for what is no sign and "not sure"."""
    given = presenter.path.answers.get(question.id, frozenset())
    words = presenter.question_words(question.id).options
    chosen = [o for o in question.option_ids if o in given and (only is None or o in only)]
    if question.id in presenter.rulebook.roles.of_a_life:
        chosen = [o for o in chosen if not _is_named_closer(presenter, question, o)]
    noes = {question.none, question.unsure, *(chain[0] for chain in question.severity)}
    # A line may explain itself in a second sentence, which nobody needs on the phone.
    return [
        presenter.fill(words[option].partition(". ")[0]) for option in chosen if option not in noes
    ]

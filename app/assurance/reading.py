"""A blind reading: what a reader is given, and how the answers are kept.

A reader gets the stories and the words of the questions, and nothing else; what comes back is kept
with the hashes of both before anyone looks at a label.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from app.assurance.asked import format_questions, hash_questions, sha256_hex
from app.assurance.cases import BadCases, Label, as_list, format_validation_errors
from app.assurance.sets import (
    CaseLibrary,
    CaseSet,
    LabelOpening,
    Reading,
    Reply,
    SetCase,
    Sha256,
    Use,
)
from app.triage.labs import BadLab, read_lab_amounts
from app.triage.questionnaire import BadAnswer, parse_answer
from app.triage.rulebook import Rulebook

CONVENTION = ("## How a retelling becomes answers", "## What a reader hands in")
"""The parts of rules/cases/README.md that a reader gets."""
READERS_NEEDED = 2
"""So many blind readings, at least, before a set of unseen cases is opened."""


class Story(BaseModel):
    """One case as a reader gets it."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
    story: Annotated[str, Field(min_length=1, validation_alias=AliasChoices("story", "vignette"))]


class AnswerFileReply(BaseModel):
    """What a reader answered for one story, as it was handed in; other keys are passed over."""

    answers: dict[str, Annotated[list[str], BeforeValidator(as_list)]]
    labs: dict[str, dict[str, str]] = {}


class AnswerFile(BaseModel):
    """What a reader hands in."""

    model_config = ConfigDict(extra="forbid")

    questions: Sha256
    stories: Sha256
    answers: dict[str, AnswerFileReply]


class LabelledCase(Label):
    """One case of a list of labels."""

    id: str
    source: Annotated[dict[str, Any], Field(default_factory=dict)]
    diagnosis: str | None = None


def read_stories(file: Path) -> tuple[Story, ...]:
    """The stories of a JSON list, ordered by hash: the order of the list tells a reader nothing."""
    found = _load_json(TypeAdapter(list[Story]), file)
    if len({story.id for story in found}) != len(found) or not found:
        raise BadCases(f"{file}: holds no story, or two of one id")
    return tuple(sorted(found, key=lambda story: sha256_hex(f"{story.id}\n{story.story}")))


def format_stories(stories: Iterable[Story]) -> str:
    """The stories as a reader gets them; their hash is that of this text."""
    return "\n".join(f"## {one.id}\n\n{one.story.strip()}\n" for one in stories)


def create_case_set(name: str, use: Use, stories: Sequence[Story]) -> CaseSet:
    """A set of these stories whose labels nobody has opened. Raises ValidationError."""
    ids = sorted(story.id for story in stories)
    stories_hash = sha256_hex(format_stories(stories))
    return CaseSet(name=name, use=use, stories=stories_hash, cases=[SetCase(id=one) for one in ids])


def make_reader_folder(
    rulebook: Rulebook, stories: Sequence[Story], readme: Path, folder: Path
) -> tuple[str, str]:
    """Write all that a reader gets into a new folder; give back both hashes.

    `readme`: rules/cases/README.md, of which a reader gets the convention. Raises BadCases.
    """
    text = format_stories(stories)
    hashes = {"questions": hash_questions(rulebook), "stories": sha256_hex(text)}
    files = {
        "README.md": _reader_sections(readme),
        "questions.md": format_questions(rulebook),
        "stories.txt": text,
        "answers.json": json.dumps({**hashes, "answers": {}}, indent=1) + "\n",
    }
    try:
        folder.mkdir(parents=True)
    except OSError as problem:
        raise BadCases(f"{folder}: a new folder is needed: {problem.strerror}") from None
    for name, content in files.items():
        (folder / name).write_text(content, "utf-8")
    return hashes["questions"], hashes["stories"]


def build_reading(
    rulebook: Rulebook, library: CaseLibrary, file: Path, of: str, reader: str, date: str
) -> Reading:
    """What a reader handed in, as a reading of the set `of`, without the ids that are not known.

    Raises BadCases with everything that the reader has to mend.
    """
    handed, known = _load_json(TypeAdapter(AnswerFile), file), _find_set(library, of)
    if known.opened is not None and known.use == "unseen":
        raise BadCases(f"{of}: its labels were opened on {known.opened.date}; it is read no more")
    asked = hash_questions(rulebook)
    faults = []
    for name, theirs, ours in (
        ("questions", handed.questions, asked),
        ("stories", handed.stories, known.stories),
    ):
        if theirs != ours:
            faults.append(f"{name}: these answers are to {theirs[:12]}, not to {ours[:12]}")
    cases = known.labels_by_id.keys()
    faults += [f"{case}: is not answered" for case in sorted(cases - handed.answers.keys())]
    faults += [f"{case}: is no case of this set" for case in sorted(handed.answers.keys() - cases)]
    replies, refused = {}, []
    for case in sorted(handed.answers):
        given = handed.answers[case]
        replies[case], strange = drop_unknown_ids(rulebook, Reply(**given.model_dump()))
        refused += [f"{case}: {id_}" for id_ in strange]
        found = _find_reply_faults(rulebook, replies[case], strange)
        faults += [f"{case}: {fault}" for fault in found]
    if faults:
        raise BadCases("\n".join(faults))
    return Reading(
        set=of, reader=reader, date=date, questions=asked, stories=known.stories,
        refused=refused, answers=replies,
    )  # fmt: skip


def drop_unknown_ids(rulebook: Rulebook, reply: Reply) -> tuple[Reply, list[str]]:
    """The reply without the ids that this questionnaire does not know, and those ids."""
    answers, labs, strange = {}, {}, []
    for name, chosen in reply.answers.items():
        if name not in rulebook.questionnaire:
            strange.append(name)
            continue
        options = rulebook.questionnaire[name].option_ids
        good = [option for option in chosen if option in options]
        strange += [f"{name}={option}" for option in chosen if option not in options]
        if good or not chosen:
            answers[name] = good
    for name, value in reply.labs.items():
        analyte = rulebook.laboratory.analytes.get(name)
        if analyte is None or analyte.find_unit(value.get("unit", "")) is None:
            strange.append(f"{name} in {value.get('unit')}")
        else:
            labs[name] = value
    return Reply(answers=answers, labs=labs), strange


def open_labels(
    rulebook: Rulebook, library: CaseLibrary, of: str, labels: Path, date: str
) -> CaseSet:
    """The set with its labels, which are looked at now, once. Raises BadCases."""
    known = _find_set(library, of)
    if known.opened is not None:
        raise BadCases(f"{of}: was opened on {known.opened.date}, and is opened once only")
    asked = hash_questions(rulebook)
    readers = {r.reader for r in library.readings_of(of) if r.questions == asked}
    if known.use == "unseen" and len(readers) < READERS_NEEDED:
        kept = f"{of}: blind readings kept: {len(readers)}"
        raise BadCases(f"{kept}; needed before it is opened: {READERS_NEEDED}")
    found = {case.id: case for case in _load_json(TypeAdapter(list[LabelledCase]), labels)}
    if found.keys() != known.labels_by_id.keys():
        raise BadCases(f"{labels}: does not hold the labels of just the cases of {of}")
    opening = LabelOpening(rulebook=rulebook.version, sha256=rulebook.sha256, date=date)
    labelled = [_label_case(found[case.id]) for case in known.cases]
    return known.model_copy(update={"opened": opening, "cases": labelled})


def _label_case(case: LabelledCase) -> SetCase:
    label = Label.model_validate(case.model_dump())
    return SetCase(id=case.id, source=case.source, diagnosis=case.diagnosis, expected=label)


def _find_set(library: CaseLibrary, of: str) -> CaseSet:
    if of not in library.sets:
        raise BadCases(f"no set '{of}'; there are: {', '.join(library.sets) or 'none'}")
    return library.sets[of]


def _find_reply_faults(rulebook: Rulebook, reply: Reply, strange: Sequence[str]) -> list[str]:
    """What only the reader can mend: two answers where one is asked, or a question left out."""
    questions = rulebook.questionnaire
    try:
        read_lab_amounts(rulebook.laboratory, reply.labs)
        answers = {name: parse_answer(questions[name], c) for name, c in reply.answers.items()}
    except (BadAnswer, BadLab) as problem:
        return [str(problem)]
    following = questions.trace_path(answers).next
    return [f"{following.id} is not answered"] if following is not None and not strange else []


def _reader_sections(readme: Path) -> str:
    """The sections of the file that a reader gets, and no other."""
    sections = ("\n" + readme.read_text("utf-8")).split("\n## ")
    wanted = [f"## {section.rstrip()}\n" for section in sections]
    found = [part for part in wanted if part.startswith(CONVENTION)]
    if len(found) != len(CONVENTION):
        raise BadCases(f"{readme}: lacks one of the sections {', '.join(CONVENTION)}")
    return "\n".join(found)


def _load_json(shape: TypeAdapter[Any], file: Path) -> Any:
    try:
        return shape.validate_json(file.read_bytes())
    except OSError as problem:
        raise BadCases(f"{file}: cannot be read: {problem.strerror}") from problem
    except ValidationError as problem:
        raise BadCases(f"{file}: {format_validation_errors(problem)}") from problem

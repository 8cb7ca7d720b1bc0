"""Sets of cases, and what readers who saw only their stories answered, as files under rules/cases.

A set holds labels and the hash of its stories; the stories themselves are kept elsewhere, since
they retell what others have published. A reading is kept once and never edited: a log of hashes
tells when it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.assurance.asked import canonical_json, sha256_hex
from app.assurance.cases import BadCases, Label, format_validation_errors, read_plain

SETS = "sets"
READINGS = "readings"
LOG = "readings.yaml"

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Use = Literal["building", "unseen"]
"""What a set is for: open while rules are sharpened, or opened once after their last change."""


class CaseFileModel(BaseModel):
    """Anything of these files: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelOpening(CaseFileModel):
    """The rulebook as it was when the labels of a set were first looked at."""

    rulebook: str
    sha256: Sha256
    date: Day


class SetCase(CaseFileModel):
    """One case of a set; its label is there once the set is opened."""

    id: str
    source: dict[str, Any] = {}
    diagnosis: str | None = None
    expected: Label | None = None


class CaseSet(CaseFileModel):
    """A set of cases with what it may be used for."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9-]*$")]
    use: Use
    stories: Sha256
    opened: LabelOpening | None = None
    cases: Annotated[list[SetCase], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_labels_opened(self) -> Self:
        for case in self.cases:
            if (case.expected is None) != (self.opened is None):
                why = "labels stand in a set that is opened, and in no other"
                raise ValueError(f"{case.id}: {why}")
        if len(self.labels_by_id) != len(self.cases):
            raise ValueError("an id stands there twice")
        return self

    @property
    def labels_by_id(self) -> Mapping[str, Label | None]:
        """The label of each case."""
        return {case.id: case.expected for case in self.cases}


class Reply(CaseFileModel):
    """What a reader answered for one story."""

    answers: dict[str, list[str]]
    labs: dict[str, dict[str, str]] = {}


class Reading(CaseFileModel):
    """One reader's answers to a set, with what the reader was shown.

    `refused`: ids that the questionnaire does not know, left out of the answers.
    """

    set: str
    reader: Annotated[str, Field(pattern="^[A-Z]$")]
    date: Day
    questions: Sha256
    stories: Sha256
    refused: list[str] = []
    answers: Annotated[dict[str, Reply], Field(min_length=1)]

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.set}-{self.reader}"

    @property
    def content_hash(self) -> str:
        """The hash of all that stands in it; what it does not say is left out, so it lasts."""
        return sha256_hex(canonical_json(self.model_dump(exclude_defaults=True)))


@dataclass(frozen=True, slots=True)
class CaseLibrary:
    """All sets and readings; `log` holds the hash of each reading as it was first kept."""

    sets: Mapping[str, CaseSet]
    readings: tuple[Reading, ...]
    log: Mapping[str, str]

    def readings_of(self, name: str) -> tuple[Reading, ...]:
        """The readings of this set."""
        return tuple(reading for reading in self.readings if reading.set == name)


def read_library(cases: Path) -> CaseLibrary:
    """What stands in the folder rules/cases. Raises BadCases."""
    sets = [_load_model(CaseSet, file) for file in sorted((cases / SETS).glob("*.yaml"))]
    readings = [_load_model(Reading, file) for file in sorted((cases / READINGS).glob("*.yaml"))]
    by_name = {one.name: one for one in sets}
    faults = [fault for reading in readings for fault in _find_reading_faults(reading, by_name)]
    if faults:
        raise BadCases("\n".join(faults))
    return CaseLibrary(by_name, tuple(readings), _load_hash_log(cases))


def write_set(cases: Path, case_set: CaseSet) -> Path:
    """Write the file of a set, over the one that is there."""
    file = cases / SETS / f"{case_set.name}.yaml"
    return _write_model(file, case_set, "# See README.md beside this folder.\n")


def write_reading(cases: Path, reading: Reading) -> Path:
    """Write the file of a reading and note its hash. Raises BadCases for one that is there."""
    known = dict(_load_hash_log(cases))
    file = cases / READINGS / f"{reading.name}.yaml"
    if file.exists() or reading.name in known:
        raise BadCases(f"{reading.name}: is kept already; a reading is never changed")
    known[reading.name] = reading.content_hash
    _write_model(file, reading, "# Never edited: ../readings.yaml holds its hash.\n")
    lines = [{"reading": name, "sha256": hashed} for name, hashed in known.items()]
    heading = "# The hash of each reading as it was first kept. `benchmark keep` adds to it.\n"
    (cases / LOG).write_text(heading + yaml.safe_dump(lines, sort_keys=False), "utf-8")
    return file


Shape = TypeVar("Shape", bound=CaseFileModel)


def _load_model(shape: type[Shape], file: Path) -> Shape:
    try:
        found = shape.model_validate(read_plain(file))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise BadCases(f"{file}: cannot be read: {problem}") from problem
    except ValidationError as problem:
        raise BadCases(f"{file}: {format_validation_errors(problem)}") from problem
    if file.stem != getattr(found, "name", None):
        raise BadCases(f"{file}: its name and what stands in it do not fit")
    return found


def _find_reading_faults(reading: Reading, sets: Mapping[str, CaseSet]) -> list[str]:
    if reading.set not in sets:
        return [f"{reading.name}: no set '{reading.set}'; there are: {', '.join(sets) or 'none'}"]
    strange = reading.answers.keys() - sets[reading.set].labels_by_id.keys()
    return [f"{reading.name}: {case} is no case of this set" for case in sorted(strange)]


def _load_hash_log(cases: Path) -> Mapping[str, str]:
    file = cases / LOG
    entries = read_plain(file) if file.is_file() else None
    return {entry["reading"]: entry["sha256"] for entry in entries or ()}


def _write_model(file: Path, model: CaseFileModel, heading: str) -> Path:
    plain = model.model_dump(exclude_defaults=True)
    text = yaml.safe_dump(
        plain, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(heading + text, "utf-8")
    return file

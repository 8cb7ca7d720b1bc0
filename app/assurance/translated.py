"""A rulebook as those meet it who answered an earlier edition, as decision diagrams.

Whether an option is chosen today is read from the old answers (`rules/published/translation.yaml`),
so that every diagram speaks of the old answer sets, exactly. A second reading of that table: it
shares no code with `app.rulebook.translation`.
"""

from pathlib import Path
from typing import Any

from app.assurance.proof.answer_space import AnswerSpace
from app.assurance.proof.diagrams import Diagram
from app.assurance.proof.evaluator import read_yaml_strings

TABLE = Path("published") / "translation.yaml"


def find_translation_table(old: Path, new: Path) -> dict[str, Any] | None:
    """How answers of the old rulebook read in the new one; None where no table speaks of it."""
    if not (new / TABLE).is_file():
        return None
    table: dict[str, Any] = read_yaml_strings(new / TABLE)
    version = read_yaml_strings(old / "rulebook.yaml")["version"]
    return table if version in table["editions"] else None


class TranslatedSpace(AnswerSpace):
    """The answer sets of an old rulebook, judged by the rules in this folder.

    Make both before the first use of either, as two spaces that stand beside each other.
    """

    def __init__(self, folder: Path, old: AnswerSpace, table: dict[str, Any]) -> None:
        self.old = old
        self._leading: dict[str, list[Diagram]] = {}
        ways = [
            ({"question": name, "includes": option}, places)
            for name, options in table["options"].items()
            for option, places in options.items()
        ]
        ways += [(entry["when"], entry["gives"]) for entry in table["also"]]
        for when, places in ways:
            for place in places:
                self._leading.setdefault(place, []).append(old.read_condition(when).certain)
        super().__init__(folder, beside=old)

    def option_chosen(self, name: str, option: str) -> Diagram:
        """The old answer sets that choose this; an answer to what is not asked is left out."""
        return self.on_path[name] & self.any_of(self._leading.get(f"{name}.{option}", []))

    @property
    def unreached_options(self) -> list[tuple[str, str]]:
        """Questions with an option to which no old answer leads."""
        every = [(name, option) for name, options in self.options.items() for option in options]
        return [pair for pair in every if self.option_chosen(*pair) == self.bdd.false]

    def count_answer_sets(self, u: Diagram) -> int:
        """How many old answer sets; `u` must know no laboratory value."""
        return self.old.count_answer_sets(u)

    def find_smallest(self, u: Diagram) -> dict[str, bool] | None:
        """Of the old answer sets in `u` one that says least."""
        return self.old.find_smallest(u)

    def decode_case(self, picked: dict[str, bool]) -> dict[str, list[str]]:
        """Its answers, as they were given to the old rulebook."""
        return self.old.decode_case(picked)

    def _declare_options(self, question: dict[str, Any]) -> dict[str, str]:
        """The options, without variables of their own."""
        ids = [option["id"] for option in question["options"]] + [question["unsure"]]
        return {option: f"{question['id']}: {option}" for option in ids}

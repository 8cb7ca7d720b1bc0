"""An assessment as JSON: ids joined with the words of one language and region.

`write_assessment` is for everyone; a nurse also gets the safety net, what doubt did and what must
not be missed. It decides nothing and knows no page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.documents.lab_notes import RawLabs, compute_lab_notes
from app.triage.dangers import assess_dangers
from app.triage.explain import describe_open_signs
from app.triage.labs import is_unusual_value, suggest_other_unit
from app.triage.rulebook import Rulebook
from app.triage.safety_net import build_safety_net
from app.triage.second_look import assess_doubts, find_open_emergency
from app.triage.terms import Advice, Answers, Assessment, Evidence, TypeEvidence, TypeStanding
from app.triage.wording import Wording

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class AssessmentWriter:
    """Writes what a rulebook makes of one person's answers and blood results."""

    rulebook: Rulebook
    words: Wording
    region: str
    answers: Answers
    labs: RawLabs

    def write_assessment(self, found: Assessment) -> Json:
        """The level and everything behind it."""
        words = self.words
        return {
            "rulebook": write_version(self.rulebook),
            "urgency": found.urgency.name,
            "within": found.within,
            "level": self._write_level(found),
            "findings": [
                {
                    "rule": finding.rule,
                    "urgency": finding.urgency.name,
                    "certain": finding.certain,
                    "reason": self._fill(words.rules[finding.rule].reason),
                    "because": self._write_reasons(finding.because),
                    "sources": list(finding.sources),
                    "within": finding.within,
                }
                for finding in found.findings
            ],
            "likely_type": found.likely_type,
            "types": [self._write_standing(standing) for standing in found.types],
            "look_alikes": [
                {
                    "id": alike.id,
                    "name": words.look_alikes[alike.id].name,
                    "tells_apart": words.look_alikes[alike.id].tells_apart,
                    "because": self._write_reasons(alike.because),
                    "sources": list(alike.sources),
                }
                for alike in found.look_alikes
            ],
            "conflicts": [{"id": c, "note": words.conflicts[c]} for c in found.conflicts],
            "contradictions": [
                {"id": c, "text": words.contradictions[c]} for c in found.contradictions
            ],
            "next_question": found.next_question,
            "complete": found.complete,
            "ignored": list(found.ignored),
            "labs_not_weighed": list(found.labs_not_weighed),
            "advice": {
                section: [self._write_advice(advice) for advice in chosen]
                for section, chosen in found.advice.items()
            },
        }

    def write_labs(self) -> Json:
        """Each value as it was sent, with what to look at again, and what was worked out."""
        words, found = self.words, compute_lab_notes(self.rulebook, self.answers, self.labs)
        return {
            "labs": [self._write_value(name, value) for name, value in self.labs.items()],
            "labs_computed": [
                {
                    "lab": one.analyte,
                    "name": words.labs[one.analyte].name,
                    "value": one.value,
                    "unit": one.unit,
                    "reliable": one.reliable,
                }
                for one in found.computed
            ],
            "labs_notes": [{"id": id_, "text": words.lab_messages[id_]} for id_ in found.messages],
        }

    def write_nurse_parts(self, found: Assessment) -> Json:
        """What a nurse sees beside the level; every change is listed, one by one."""
        rulebook, words = self.rulebook, self.words
        net = build_safety_net(rulebook, self.answers, self.labs)
        doubts = assess_doubts(rulebook, self.answers, self.labs)
        return {
            "safety_net": [
                {
                    "question": change.question,
                    "option": change.option,
                    "text": self._fill(words.questions[change.question].options[change.option]),
                    "ends": change.ends,
                    "urgency": change.urgency.name,
                    "within": change.within,
                    "rules": list(change.rules),
                    "opens": list(change.opens),
                }
                for change in net.changes
            ],
            "doubts": {
                "each": [
                    {
                        "question": doubt.question,
                        "counted": words.questions[doubt.question].counted,
                        "if_no": doubt.if_no.name,
                    }
                    for doubt in doubts.each
                ],
                "if_all_no": doubts.if_all_no.name,
            },
            "must_not_miss": self._write_dangers(found),
        }

    def _fill(self, text: str, **more: str) -> str:
        return self.words.fill_placeholders(text, self.words.regions[self.region], **more)

    def _write_level(self, found: Assessment) -> Json:
        """Signs of an emergency that may be there come first, where the level has words for it."""
        texts, words = self.words.levels[found.urgency.name].parts, self.words
        open_ = find_open_emergency(self.rulebook, self.answers, found, self.labs)
        signs: list[str] = []
        if open_ and "heading_doubt" in texts:
            spoken, ages = words.questions.__getitem__, self.answers.get(words.roles.age, ())
            signs = describe_open_signs(open_, self.rulebook.questionnaire, words, spoken, ages)
        ending = "_doubt" if signs else "_within" if found.within else ""
        within = words.times.get(found.within or "", found.within or "")
        parts = {
            part: texts.get(f"{part}{ending}", texts[part])
            for part in ("heading", "action", "when")
        }
        if not found.complete:
            parts["more"] = texts["more"]
        parts["action"] = " ".join(filter(None, (parts["action"], texts.get(f"nobody{ending}"))))
        filled = {part: self._fill(text, within=within) for part, text in parts.items()}
        return {**filled, "signs": [self._fill(sign) for sign in signs]}

    def _write_reasons(self, because: Sequence[Evidence]) -> list[Json]:
        listed: list[Json] = []
        for evidence in because:
            if evidence.lab is not None:
                listed.append({"lab": evidence.lab, "text": self.words.labs[evidence.lab].name})
                continue
            question = self.words.questions[evidence.question]
            given = [question.options[option] for option in evidence.options]
            listed.append(
                {
                    "question": evidence.question,
                    "options": list(evidence.options),
                    "unsure": evidence.unsure,
                    "text": f"{question.text} {'; '.join(given)}",
                }
            )
        return listed

    def _write_standing(self, standing: TypeStanding) -> Json:
        return {
            "type": standing.type,
            "standing": standing.standing,
            "evidence_for": self._write_evidence(standing.evidence_for),
            "evidence_against": self._write_evidence(standing.evidence_against),
        }

    def _write_evidence(self, lines: Sequence[TypeEvidence]) -> list[Json]:
        return [
            {
                "id": line.id,
                "note": self.words.evidence_note(line.id),
                "because": self._write_reasons(line.because),
                "sources": list(line.sources),
            }
            for line in lines
        ]

    def _write_advice(self, advice: Advice) -> Json:
        text = self._fill(self.words.advice[advice.id])
        return {"id": advice.id, "text": text, "sources": list(advice.sources)}

    def _write_value(self, name: str, value: Mapping[str, str]) -> Json:
        analyte, said = self.rulebook.laboratory.analytes[name], self.words.lab_messages
        strange, other = is_unusual_value(analyte, value), suggest_other_unit(analyte, value)
        texts = [said["unusual"]] if strange else []
        texts += [said["perhaps_unit"].format(other=other)] if other else []
        return {
            "lab": name,
            "name": self.words.labs[name].name,
            "value": value["value"],
            "unit": value["unit"],
            "unusual": strange,
            "perhaps_unit": other,
            "text": " ".join(texts) or None,
        }

    def _write_dangers(self, found: Assessment) -> list[Json]:
        rulebook, words = self.rulebook, self.words
        path = rulebook.questionnaire.trace_path(self.answers)
        ages = self.answers.get(rulebook.roles.age, ())
        listed: list[Json] = []
        for looked in assess_dangers(rulebook.dangers, rulebook.questionnaire, path, found):
            spoken = words.dangers[looked.danger]
            asked, worry = words.danger_texts_for(looked.danger, ages)
            listed.append(
                {
                    "id": looked.danger,
                    "name": self._fill(spoken.name),
                    "state": looked.state,
                    "asked": self._fill(asked),
                    "worry": self._fill(worry),
                    "not_asked": self._fill(spoken.not_asked) if looked.partly_asked else None,
                }
            )
        return listed


def write_version(rulebook: Rulebook) -> dict[str, str]:
    """Which rulebook it was."""
    return {"version": rulebook.version, "sha256": rulebook.sha256}

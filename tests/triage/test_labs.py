"""Laboratory values: spellings, limits, conversion, correction for albumin, calcium bands."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.triage.labs import Amounts, BadLab, read_labs
from app.triage.terms import Urgency
from tests.builders import KNOWN, assessed, examples, labs, rulebook

ANALYTES = rulebook().laboratory.analytes


def amounts(**values: str) -> Amounts:
    return read_labs(rulebook().laboratory, labs(**values))


def refusal(analyte: str, value: object, unit: object = "mmol/L") -> BadLab:
    with pytest.raises(BadLab) as refused:
        read_labs(rulebook().laboratory, {analyte: {"value": value, "unit": unit}})
    return refused.value


def urgency(changes: dict[str, str] | None = None, **values: str) -> str:
    return assessed(labs(**values), **(changes or {})).urgency.name


def test_an_amount_is_kept_as_typed_and_unrounded_in_every_other_unit() -> None:
    calcium = amounts(calcium_total="2.50 mmol/L")["calcium_total"]
    assert calcium["mmol/L"] == Decimal("2.50")
    assert calcium["mg/dL"] == Decimal("2.50") / Decimal("0.2495")


def test_the_other_unit_is_converted_by_its_factor() -> None:
    assert amounts(albumin="3.9 g/dL")["albumin"]["g/L"] == Decimal("39")
    assert amounts(creatinine="2 mg/dL")["creatinine"]["µmol/L"] == Decimal("176.8")
    assert amounts(pth="100 pg/mL")["pth"]["pmol/L"] == Decimal("10.6")


@pytest.mark.parametrize(
    ("analyte", "value", "spellings"),
    [
        ("creatinine", "90", ["µmol/L", "μmol/L", "umol/L"]),
        ("egfr", "45", ["mL/min/1.73 m²", "mL/min/1.73m2", "mL/min/1.73 m2", "mL/min"]),
        ("pth", "60", ["pg/mL", "ng/L"]),
        ("vitamin_d", "30", ["ng/mL", "µg/L", "μg/L", "ug/L"]),
        ("alp", "100", ["U/L", "IU/L"]),
    ],
)
def test_other_spellings_of_a_unit_are_the_same_unit(
    analyte: str, value: str, spellings: list[str]
) -> None:
    read = [amounts(**{analyte: f"{value} {unit}"}) for unit in spellings]
    assert all(one == read[0] for one in read)


@pytest.mark.parametrize("analyte", list(ANALYTES.values()), ids=lambda analyte: analyte.id)
def test_the_limits_of_each_unit_themselves_are_accepted(analyte) -> None:
    for unit in analyte.units:
        for limit in unit.hard:
            read = read_labs(
                rulebook().laboratory, {analyte.id: {"value": str(limit), "unit": unit.name}}
            )
            assert read[analyte.id][unit.name] == limit


def test_an_unknown_analyte_is_refused_with_what_is_known() -> None:
    refused = refusal("kalzium", "2.5")
    assert (refused.problem, refused.analyte) == ("unknown_analyte", None)
    assert refused.allowed == tuple(ANALYTES)


def test_the_product_cannot_be_sent_it_is_worked_out() -> None:
    assert refusal("calcium_phosphate_product", "6", "mmol²/L²").problem == "unknown_analyte"


@pytest.mark.parametrize("unit", ["mmol", "MMOL/L", "g/L", "", None, 7, "mmol/L\0"])
def test_an_unknown_unit_is_refused_with_the_units_that_would_do(unit: object) -> None:
    refused = refusal("calcium_adjusted", "2.5", unit)
    assert (refused.problem, refused.allowed) == ("unknown_unit", ("mmol/L", "mg/dL"))


def test_a_value_without_a_unit_is_refused() -> None:
    with pytest.raises(BadLab, match="unknown_unit"):
        read_labs(rulebook().laboratory, {"calcium_adjusted": {"value": "2.5"}})


@pytest.mark.parametrize(
    "value",
    [
        *["", " ", "high", "2,5", "2.5 mmol/L", ">3", "2..5", "--2", "0x3", None],
        *["NaN", "nan", "sNaN", "Infinity", "-Infinity", "inf"],
        *["1" * 13, "9" * 100_000, "0." + "0" * 100_000 + "1"],
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_is_no_plain_number_is_refused(value: object) -> None:
    refused = refusal("calcium_adjusted", value)
    assert refused.problem == "not_a_number"
    assert refused.allowed == ("0.5 to 6.0 mmol/L",)


@pytest.mark.parametrize(
    "value", ["0", "-0", "-2.5", "0.49", "6.01", "99", "1e9", "9E99999999", "1e-9999999"]
)
def test_a_value_that_no_one_can_have_is_refused(value: str) -> None:
    assert refusal("calcium_adjusted", value).problem in ("outside", "other_unit", "not_a_number")


def test_a_value_that_fits_only_the_other_unit_is_asked_back() -> None:
    refused = refusal("calcium_adjusted", "12.5", "mmol/L")
    assert refused.problem == "other_unit"
    assert refused.allowed == ("0.5 to 6.0 mmol/L", "4 to 24 mg/dL")
    assert refusal("albumin", "39", "g/dL").problem == "other_unit"


def test_a_value_that_fits_no_unit_is_outside() -> None:
    refused = refusal("calcium_adjusted", "30", "mmol/L")
    assert (refused.problem, refused.allowed) == ("outside", ("0.5 to 6.0 mmol/L",))


def test_a_refusal_never_repeats_what_was_sent() -> None:
    for refused in (
        refusal("secret-analyte", "2.5"),
        refusal("phosphate", "secret-value"),
        refusal("phosphate", "2", "secret-unit"),
    ):
        assert "secret" not in str(refused)


def test_calcium_is_adjusted_for_albumin_in_both_unit_systems() -> None:
    si = amounts(calcium_total="2.30 mmol/L", albumin="20 g/L")["calcium_adjusted"]
    assert si["mmol/L"] == Decimal("2.70")
    us = amounts(calcium_total="9.2 mg/dL", albumin="2.0 g/dL")["calcium_adjusted"]
    assert us["mg/dL"] == Decimal("10.8")


def test_units_of_the_two_systems_may_be_mixed() -> None:
    mixed = amounts(calcium_total="9.2 mg/dL", albumin="20 g/L")["calcium_adjusted"]
    assert mixed["mg/dL"] == Decimal("10.8")


def test_high_albumin_lowers_the_adjusted_calcium() -> None:
    adjusted = amounts(calcium_total="2.70 mmol/L", albumin="50 g/L")["calcium_adjusted"]
    assert adjusted["mmol/L"] == Decimal("2.50")


def test_the_two_formulas_agree_to_a_hundredth() -> None:
    adjusted = amounts(calcium_total="2.80 mmol/L", albumin="25 g/L")["calcium_adjusted"]
    assert abs(adjusted["mg/dL"] * Decimal("0.2495") - adjusted["mmol/L"]) < Decimal("0.01")


def test_a_calcium_that_the_laboratory_adjusted_is_not_adjusted_again() -> None:
    read = amounts(calcium_adjusted="2.60 mmol/L", calcium_total="2.30 mmol/L", albumin="20 g/L")
    assert read["calcium_adjusted"]["mmol/L"] == Decimal("2.60")


def test_without_albumin_the_total_calcium_stands_for_the_adjusted() -> None:
    assert amounts(calcium_total="3.6 mmol/L")["calcium_adjusted"]["mmol/L"] == Decimal("3.6")


def test_the_product_is_of_adjusted_calcium_and_phosphate_within_one_system() -> None:
    read = amounts(calcium_total="2.30 mmol/L", albumin="20 g/L", phosphate="2.0 mmol/L")
    product = read["calcium_phosphate_product"]
    assert product["mmol²/L²"] == Decimal("2.70") * 2
    assert product["mg²/dL²"] == read["calcium_adjusted"]["mg/dL"] * read["phosphate"]["mg/dL"]


@pytest.mark.parametrize("given_one", ["calcium_adjusted", "phosphate"])
def test_there_is_no_product_of_one_value(given_one: str) -> None:
    assert "calcium_phosphate_product" not in amounts(**{given_one: "2.5 mmol/L"})


# The bands of adjusted calcium: emergency, same day, soon. A value is compared in both units
# without rounding, and the graver answer counts.


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("14.0 mg/dL", "emergency"),
        ("13.99 mg/dL", "same_day"),
        ("12.0 mg/dL", "same_day"),
        ("11.99 mg/dL", "soon"),
        ("10.41 mg/dL", "soon"),
        ("10.4 mg/dL", "routine"),
        ("3.5 mmol/L", "emergency"),
        ("3.4999 mmol/L", "emergency"),
        ("3.493 mmol/L", "emergency"),
        ("3.4929 mmol/L", "same_day"),
        ("3.49 mmol/L", "same_day"),
        ("3.0 mmol/L", "same_day"),
        ("2.994 mmol/L", "same_day"),
        ("2.9939 mmol/L", "soon"),
        ("2.61 mmol/L", "soon"),
        ("2.6001 mmol/L", "soon"),
        ("2.5948 mmol/L", "routine"),
        ("1.9 mmol/L", "routine"),
        ("1.8999 mmol/L", "emergency"),
        ("7.6 mg/dL", "emergency"),
    ],
)
def test_each_band_of_calcium_has_its_level(value: str, expected: str) -> None:
    """12.0 mg/dL is 2.994 mmol/L and 14.0 mg/dL is 3.493: the lower edge counts in either unit."""
    assert urgency(calcium_adjusted=value) == expected


@examples(300)
@given(st.decimals("2.2", "6.0", places=4), st.sampled_from(["adult", "child", "not_sure"]))
def test_a_higher_calcium_never_lowers_the_level(mmol: Decimal, age: str) -> None:
    steps = [mmol, min(mmol + Decimal("0.0001"), Decimal("6.0")), Decimal("6.0")]
    levels = [urgency({"age": age}, calcium_adjusted=f"{step} mmol/L") for step in steps]
    assert all(Urgency[a] <= Urgency[b] for a, b in pairwise(levels))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"phosphate": "1.81 mmol/L"}, "soon"),
        ({"phosphate": "1.7758 mmol/L"}, "routine"),
        ({"phosphate": "5.51 mg/dL"}, "soon"),
        ({"phosphate": "5.5 mg/dL"}, "routine"),
        ({"calcium_adjusted": "2.5 mmol/L", "phosphate": "1.7 mmol/L"}, "routine"),
        ({"calcium_total": "2.5 mmol/L", "albumin": "30 g/L"}, "soon"),
        ({"calcium_total": "2.9 mmol/L", "albumin": "60 g/L"}, "routine"),
        ({"pth": "7.0 pmol/L"}, "soon"),
        ({"pth": "6.8 pmol/L"}, "routine"),
    ],
)
def test_other_bounds_of_the_two_week_row(values: dict[str, str], expected: str) -> None:
    assert urgency(**values) == expected


def test_normal_blood_never_lowers_black_skin() -> None:
    normal = {"calcium_adjusted": "2.4 mmol/L", "phosphate": "1.1 mmol/L", "pth": "4 pmol/L"}
    assert urgency({"skin": "dead_skin"}, **normal) == "emergency"


def test_a_value_bars_self_care_only_where_it_is_not_normal() -> None:
    assert urgency(KNOWN, calcium_adjusted="2.4 mmol/L") == "self_care"
    assert urgency(KNOWN, calcium_adjusted="2.7 mmol/L") == "soon"

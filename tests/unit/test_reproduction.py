"""`tertia reproduce` without a solver: facts, the rules for fits, orders, inputs, tables, the command."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from mpi4py import MPI
from rich.console import Console

from cases import loader
from cases.errors import CaseError
from cases.reproduce import run_reproduce
from cases.reproduction import inputs, sensitivity, tables
from cases.reproduction.bench import Assumed, Bench, Fit
from cases.reproduction.cells import scaled, similar
from cases.reproduction.cells import tables as case_tables
from cases.reproduction.comparisons import Between, Kind, Point, Ranking, Row, Verdict, order
from cases.reproduction.facts import Fact, fact, library
from cases.reproduction.paper import Paper, factors
from cases.reproduction.papers import papers

ONE, FIVE = (fact("mV", "pbmp", "polarisation_mV", rate) for rate in ("1", "5"))  # 42, 140


class Made(Bench):
    """A bench whose cells are a formula, 42 mV at a parameter of 2."""

    def response(self, parameter: float) -> float:
        return 84.0 / parameter * self.scales.get("assumed.factor", 1.0)


def answer(bench: Bench, parameter: float) -> float:
    assert isinstance(bench, Made)
    return bench.response(parameter)


def bench(*fits: Fit, scales: Mapping[str, float] | None = None) -> Made:
    return Made({f.electrode: f for f in fits}, {}, MPI.COMM_SELF, scales or {})


def fit(electrode: str = "gel", point: Fact = ONE) -> Fit:
    return Fit(electrode, "exchange current density", "mA/cm2", point, answer, 1.0)


def fitted(electrode: str, factor: float = 1.0) -> Callable[[Bench], float]:
    return lambda bench: factor * answer(bench, bench.fitted(electrode))


MET = Point("met", "at 1", Kind.FITTED, fitted("gel"), ONE)
PREDICTED = Point("five", "at 5", Kind.PREDICTED, fitted("gel", 4.0), FIVE, "no physics at all")


def paper(*comparisons: object, fits: tuple[Fit, ...] = (fit(),)) -> Paper:
    return Paper("pbmp", "made up", (), fits, comparisons or (MET, PREDICTED))  # type: ignore[arg-type]


# --- facts


def test_a_fact_is_read_from_the_published_figures() -> None:
    assert (ONE.value, ONE.name) == (42.0, "pbmp.polarisation_mV.1")
    with pytest.raises(ValueError, match=r"no number at pbmp\.polarisation_mV\.2"):
        fact("mV", "pbmp", "polarisation_mV", "2")


def test_case_files_hold_the_published_inputs() -> None:
    """What a case file gives without an assumption stands in papers.toml, where it is in both."""
    vn, na2se_v, pbmp = (library()[name] for name in ("vn", "na2se_v", "pbmp"))
    i0, ea = "reactions.deposition.exchange_current_density", "reactions.deposition.activation_energy"
    energies = na2se_v["sei_diffusion_activation_energy_kJ_per_mol"]
    conductivity = pbmp["electrolyte"]["conductivity_mS_per_cm"]["gpe_pbmp"]
    published = {
        ("nisb_symmetric", "electrolyte.conductivity"): library()["nisb"]["comsol_model"]["conductivity"],
        ("pbmp_symmetric", "geometry.gap"): pbmp["electrolyte"]["gpe_thickness"],
        ("pbmp_symmetric", "electrolyte.conductivity"): f"{conductivity} mS/cm",
        ("vn_symmetric", i0): f"{vn['exchange_current_density_mA_cm2']['vn']} mA/cm^2",
        ("vn_symmetric", ea): f"{vn['activation_energy_kJ_per_mol']['vn']} kJ/mol",
        ("bare_na_symmetric", ea): f"{energies['bare_na']} kJ/mol",
        ("na2se_v_symmetric", ea): f"{energies['na2se_v']} kJ/mol",
    }
    for (case, key), value in published.items():
        found = {item.name: item for item in inputs.of_case(case)}[key]
        assert (found.value, found.origin) == (value, inputs.Origin.PUBLISHED), (case, key)


# --- one fit per electrode


def test_a_fitted_point_is_met_and_leaves_the_rest_to_prediction() -> None:
    made = bench(fit())
    assert made.fitted("gel") == pytest.approx(2.0, rel=1e-6)
    assert MET.row(made).number == pytest.approx(42.0, rel=1e-6)
    row = PREDICTED.row(made)
    assert row.error == pytest.approx(168.0 / 140.0 - 1.0, rel=1e-6)
    assert (row.passed, row.note) == (True, "")


def test_an_electrode_cannot_be_fitted_twice() -> None:
    with pytest.raises(ValueError, match="electrode fitted twice: gel"):
        paper(MET, Point("b", "", Kind.FITTED, fitted("gel"), FIVE), fits=(fit(), fit(point=FIVE)))


def test_a_point_cannot_serve_two_fits() -> None:
    with pytest.raises(ValueError, match=r"point used by two fits: pbmp\.polarisation_mV\.1"):
        paper(MET, fits=(fit(), fit("liquid")))


def test_a_fitted_point_is_said_to_be_one() -> None:
    with pytest.raises(ValueError, match=r"fitted to pbmp\.polarisation_mV\.1 without saying so"):
        paper(PREDICTED)


def test_a_point_is_not_predicted_from_a_fit_to_itself() -> None:
    for solved in (False, True):
        made = bench(fit())
        if solved:
            made.fitted("gel")
        with pytest.raises(ValueError, match="is predicted from a fit to itself"):
            Point("one", "", Kind.PREDICTED, fitted("gel"), ONE).row(made)


def test_nor_from_a_fit_that_rests_on_it() -> None:
    def through(bench: Bench, parameter: float) -> float:
        return answer(bench, parameter) * bench.fitted("gel")

    made = bench(fit(), Fit("second", "share", "", FIVE, through, 1.0))
    made.fitted("second")
    with pytest.raises(ValueError, match="is predicted from a fit to itself"):
        Point("one", "", Kind.PREDICTED, fitted("second"), ONE).row(made)


def test_a_fit_without_a_solution_says_so() -> None:
    with pytest.raises(CaseError, match=r"gel: no exchange current density was found .* = 42 mV"):
        bench(Fit("gel", "exchange current density", "", ONE, lambda _, x: 10.0 / (1.0 + x * x), 1.0)).fitted(
            "gel"
        )


def test_the_papers_keep_the_rules() -> None:
    assert [p.name for p in papers()] == list(library()["papers"])


# --- comparisons


def test_orders_know_ties() -> None:
    assert order([("b", 2.0), ("a", 1.0), ("d", 3.0), ("c", 3.0000001)]) == "a < b < d = c"
    tie = Ranking("r", "", [("a", 1.0, lambda _: 5.0), ("b", 2.0, lambda _: 5.0)], "no physics").row(bench())
    assert (tie.passed, tie.paper, tie.got, tie.note) == (False, "a < b", "a = b", "no physics")
    right = Ranking("r", "", [("a", 1.0, lambda _: 5.0), ("b", 2.0, lambda _: 6.0)]).row(bench())
    assert right.passed


@pytest.mark.parametrize(
    ("got", "error", "passed"),
    [(0.3, 0.0, True), (0.1, 0.0, True), (0.05, -0.5, False), (0.55, 0.1, True), (1.0, 1.0, False)],
)
def test_an_interval(got: float, error: float, passed: bool) -> None:
    row = Between("i", "", 0.1, 0.5, "mAh/cm2", lambda _: got).row(bench())
    assert row.error == pytest.approx(error)
    assert row.passed == passed


def test_a_verdict_is_as_published_or_not() -> None:
    assert Verdict("v", "", "flat", lambda _: "flat").row(bench()).passed
    assert Verdict("v", "", "flat", lambda _: "dendrite").row(bench()).passed is False


def test_sensitivity_fits_again() -> None:
    """The factor goes into the fit as into the prediction, and drops out; without the fit it would not."""
    fixed = Point("fixed", "", Kind.UNPUBLISHED, lambda b: answer(b, 1.0), None)
    turned = Ranking("turned", "", [("a", 1.0, lambda b: answer(b, 1.0)), ("b", 2.0, lambda _: 100.0)])
    made = Paper(
        "pbmp", "", (), (fit(),), (MET, PREDICTED, fixed, turned),
        variations=(factors("factor", ("assumed.factor",)),),
    )  # fmt: skip

    class Again(Made):
        pass

    base = Again({"gel": fit()}, {}, MPI.COMM_SELF)
    rows = [c.row(base) for c in made.comparisons]
    original, sensitivity.Bench = sensitivity.Bench, Again  # type: ignore[misc]
    try:
        low, high = sensitivity.moves(made, base, rows)
    finally:
        sensitivity.Bench = original  # type: ignore[misc]
    assert low.relative == pytest.approx({"five": 0.0, "fixed": -0.5}, abs=2e-6)
    assert high.relative == pytest.approx({"five": 0.0, "fixed": 1.0}, abs=2e-6)
    assert (low.turned, high.turned) == ((), ("turned",))


# --- case files


def test_a_quantity_is_multiplied() -> None:
    assert scaled("1.5e-3 mS/cm", 2.0) == "0.003 mS/cm"
    assert scaled(0.4, 0.5) == 0.2
    with pytest.raises(CaseError, match='"from conductivity" cannot be multiplied by 2'):
        scaled("from conductivity", 2.0)


def test_the_similar_cell_has_another_exchange_current_and_the_same_numbers_without_units() -> None:
    made = similar(case_tables("na2se_v_symmetric", {"electrolyte.temperature": "298.15 K"}, {}))
    before = case_tables("na2se_v_symmetric", {}, {})
    i0 = float(before["reactions"]["deposition"]["exchange_current_density"].split()[0])
    assert made["reactions"]["deposition"]["exchange_current_density"] == "1 mA/cm^2"
    for path in (("control", "cycle", "current"), ("electrolyte", "species", "Na", "diffusivity")):
        old, new = before, made
        for key in path:
            old, new = old[key], new[key]
        assert float(new.split()[0]) * i0 == pytest.approx(float(old.split()[0]), rel=1e-12)  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", ["na_symmetric", "sei_layer", "li_concentrated"])
def test_a_cell_that_has_no_similar_one_is_refused(case: str) -> None:
    with pytest.raises(CaseError, match="expected an electroneutral cell that cycles one reaction"):
        similar(case_tables(case, {}, {}))


@pytest.mark.parametrize("case", sorted({case for paper in papers() for case in paper.cases}))
def test_every_input_of_a_case_says_where_it_comes_from(case: str) -> None:
    found = inputs.of_case(case)
    reasons = tomllib.loads(loader.find(case).read_text(encoding="utf-8"))["assumptions"]
    origins = {item.name: item.origin for item in found}
    assert len(origins) == len(found)
    assert {"electrolyte.temperature", "reactions.deposition.alpha_a"} <= origins.keys()
    for key, reason in reasons.items():
        about = [name for name in origins if (name + ".").startswith(key + ".")]
        assert about, key
        assert all(origins[name] == inputs.classify(reason)[0] for name in about)
    assert all(item.source for item in found)


# --- tables and the command


def reproduce(*known: Paper, **options: object) -> tuple[int, str]:
    console = Console(width=150, file=io.StringIO())
    code = run_reproduce(known=known, console=console, quick=True, **options)  # type: ignore[arg-type]
    return code, console.file.getvalue()  # type: ignore[attr-defined]


def table(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))


def constant(id_: str, kind: Kind, value: float, point: Fact | None = None, **more: str) -> Point:
    return Point(id_, f"quantity {id_}", kind, lambda _: value, point, **more)  # type: ignore[arg-type]


def failing(_: Bench) -> float:
    raise CaseError("the cell is empty")


def sample(name: str = "pbmp") -> Paper:
    return Paper(
        name, "made up", ("pbmp_symmetric",), (),
        (
            constant("a", Kind.PREDICTED, 42.0, ONE),
            constant("b", Kind.PREDICTED, 280.0, FIVE, missing="half | of it"),
            constant("c", Kind.UNPUBLISHED, 1.0, unit="V"),
            Ranking("r", "order", [("x", 1.0, lambda _: 1.0), ("y", 2.0, lambda _: 2.0)]),
            Verdict("grown", "growth", "flat", lambda _: "flat", needs=("bare_ni",)),
        ),
        assumed={"thing": Assumed(2.0, "um", "Cited: a book.")},
    )  # fmt: skip


def test_screen_json_csv_and_page_say_the_same(tmp_path: Path) -> None:
    code, shown = reproduce(sample(), out=tmp_path)
    assert code == 0
    assert "1 of 2 predictions within 25%, 1 of 1 rankings and verdicts as published" in shown
    assert "left out: grown: growing cells were not run" in shown
    (record,) = json.loads((tmp_path / "reproduction.json").read_text())
    rows = [Row(**row) for row in record["rows"]]
    lines = table(tmp_path / "reproduction.csv")
    page = (tmp_path / "reproduction.md").read_text()
    assert [line["id"] for line in lines] == [row.id for row in rows] == ["a", "b", "c", "r"]
    for row, line in zip(rows, lines, strict=True):
        assert (line["paper"], line["got"], line["kind"]) == (row.paper, row.got, row.kind)
        assert f"| {row.paper} | {row.got} | " in page
        assert line["error"] == ("" if row.error is None else str(row.error))
    assert "| quantity b (mV) | 140 | 280 | +100.0 % | predicted | miss |" in page
    assert "- *quantity b*: half | of it" in page
    assert "| thing | 2 um | cited | a book. |  |" in page
    sources = table(tmp_path / "reproduction-inputs.csv")
    assert {line["origin"] for line in sources} == {
        "published",
        "cited",
        "assumed",
    }  # the fitted one is in fits
    assert reproduce(sample(), as_json=True)[1].strip().startswith("[")


def test_papers_that_do_not_run_stay(tmp_path: Path) -> None:
    known = (sample("nisb"), sample("pbmp"))
    reproduce(*known, out=tmp_path)
    page = (tmp_path / "reproduction.md").read_text()
    reproduce(*known, names=["pbmp"], out=tmp_path)
    assert (tmp_path / "reproduction.md").read_text() == page
    assert page.index("Self-regulating NiSb") < page.index("Tertiary-amine")
    (tmp_path / "reproduction.json").write_text("{}[")
    with pytest.raises(CaseError, match="is not a record of `tertia reproduce`"):
        reproduce(*known, names=["pbmp"], out=tmp_path)


def test_a_cell_that_cannot_be_run_is_a_row_and_an_exit_code() -> None:
    broken = Point("b", "broken", Kind.PREDICTED, failing, FIVE)
    code, shown = reproduce(Paper("pbmp", "", (), (), (constant("a", Kind.PREDICTED, 42.0, ONE), broken)))
    assert code == 1
    assert "no answer" in shown
    assert "1 of 2 predictions" in shown


def test_an_unknown_paper_is_bad_input() -> None:
    with pytest.raises(CaseError, match='paper "pbm" is unknown, did you mean "pbmp"'):
        reproduce(sample(), names=["pbm"])


def test_the_score_counts_predictions_and_rankings_only() -> None:
    rows = [
        {"kind": kind, "passed": passed}
        for kind, passed in (
            ("predicted", True),
            ("predicted", False),
            ("fitted", None),
            ("cross-check", None),
        )
    ]
    assert tables.score_line(rows) == "1 of 2 predictions within 25%"

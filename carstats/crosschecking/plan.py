"""What the report, the figures and the tables of a study print, as one list of analyses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from carstats.baseline import baseline_table
from carstats.cohort.cohort import Cohort, define_cohort
from carstats.cohort.criteria import infused, potential_followup, with_disease
from carstats.crosschecking.applying import window_of
from carstats.data.study import Study
from carstats.data.terms import CARE
from carstats.errors import CarstatsError
from carstats.kinetics.aplasia import b_cell_depletion
from carstats.kinetics.exposure import exposure_response
from carstats.kinetics.parameters import cellular_kinetics
from carstats.kinetics.persistence import persistence_curve, persistence_rate
from carstats.response.antibodies.conventions import PROTECTIVE, conventional_limits
from carstats.response.antibodies.panel import antibody_panel, protection_kept
from carstats.response.antibodies.titres import titre_change
from carstats.response.basket import basket_response, basket_sensitivity
from carstats.response.categories import response_categories
from carstats.response.rates import response_rate
from carstats.response.scores import score_change
from carstats.result import Result
from carstats.survival.competing import cumulative_incidence
from carstats.survival.curves import survival_at, survival_curve
from carstats.survival.interval_censored.curves import interval_censored_curve
from carstats.survival.landmark import landmark_rate
from carstats.survival.logrank import logrank_test
from carstats.survival.quantiles import followup_time, survival_quantile
from carstats.survival.regression import cox_regression
from carstats.toxicity.benchmark import toxicity_benchmark
from carstats.toxicity.differences import toxicity_difference
from carstats.toxicity.exposure import exposure_adjusted_rate
from carstats.toxicity.grades import toxicity_grades
from carstats.toxicity.harm.deaths import causes_of_death
from carstats.toxicity.harm.infections import infections_by_organism
from carstats.toxicity.harm.replacement import immunoglobulin_replacement
from carstats.toxicity.harm.stays import hospital_days
from carstats.toxicity.harm.treatment import crs_treatment
from carstats.toxicity.rates import toxicity_rate
from carstats.toxicity.table import toxicity_table
from carstats.toxicity.timing.incidence import toxicity_incidence
from carstats.toxicity.timing.off import time_to_taper
from carstats.toxicity.timing.onset import toxicity_timing
from carstats.toxicity.timing.recurrent import mean_cumulative_count
from carstats.toxicity.timing.taper import cumulative_dose, glucocorticoid_course
from carstats.toxicity.timing.trajectories import measure_trajectory
from carstats.toxicity.timing.use import drug_use

Planned = tuple[str, Cohort, Callable[[], Result]]
_PAIR = ["disease", "target"]
_YEARS = [365, 730]
_BEST_FIRST = ("drug_free_remission", "remission", "response")


def planned_results(study: Study) -> list[Planned]:
    """Return what is printed of a study: the output, its cohort and how to run the analysis."""
    return [
        *_subjects(study), *_times(study), *_responses(study), *_antibodies(study),
        *_drugs(study), *_toxicities(study),
    ]  # fmt: skip


def result_or_error(make: Callable[[], Result]) -> Result | CarstatsError:
    """Run an analysis; a study that does not allow it is no reason to stop."""
    try:
        return make()
    except CarstatsError as error:
        return error


def _cohort(study: Study, followup: float | None = None) -> Cohort:
    """Return the cohort of the scripts: the infused, and those with enough potential follow-up."""
    criteria = [infused()] if "infused" in study.subjects else []
    if followup is not None and "cutoff_day" in study.subjects:
        criteria.append(potential_followup(days=followup))
    return define_cohort(study, *criteria)


def _subjects(study: Study) -> Iterator[Planned]:
    cohort, later = _cohort(study), _cohort(study, 196)
    for name, of in (("attrition", later), ("chapter cohort", cohort)):
        yield name, of, of.flow
        yield name, of, lambda of=of: of.flow(by="disease")
    yield "baseline", cohort, lambda: baseline_table(cohort)
    yield "baseline", cohort, lambda: baseline_table(cohort, by="target")


def _times(study: Study) -> Iterator[Planned]:
    if study.events is None:
        return
    cohort = _cohort(study)
    events = study.events
    rivals = set(events.loc[events["status"].eq("competing"), "endpoint"])
    named = study.endpoints("time-to-event")
    plain = [name for name in named if name not in rivals]
    endpoint = next((n for n in ("relapse_free_survival", *plain) if n in plain), None)
    if endpoint:
        for by in (None, "target", "disease"):
            yield "chapter relapse", cohort, lambda by=by: survival_quantile(
                cohort, endpoint, by=by)  # fmt: skip
            yield "chapter relapse", cohort, lambda by=by: survival_at(
                cohort, endpoint, at=_YEARS, by=by)  # fmt: skip
            yield "chapter relapse", cohort, lambda by=by: followup_time(cohort, endpoint, by=by)
        for by, name in (
            (None, "chapter relapse"),
            ("target", "relapse_free_by_target"),
            ("disease", "relapse_free_by_disease"),
            (_PAIR, "relapse_free_by_disease_target"),
        ):
            yield name, cohort, lambda by=by: survival_curve(cohort, endpoint, by=by)
        for by in ("target", "disease"):
            name = f"relapse_free_by_{by}"
            yield name, cohort, lambda by=by: logrank_test(cohort, endpoint, by=by)
        yield "time_to_event_table", cohort, lambda: cox_regression(cohort, endpoint, "target")
        yield "interval_censored_relapse", cohort, lambda: interval_censored_curve(
            cohort, endpoint, by="target")  # fmt: skip
        for day in (183, *_YEARS):
            yield "landmark_forest", cohort, lambda day=day: landmark_rate(
                cohort, endpoint, at=day, by="target")  # fmt: skip
        for day in _YEARS:
            yield "chapter relapse", cohort, lambda day=day: landmark_rate(
                cohort, endpoint, at=day)  # fmt: skip
    rival = "relapse" if "relapse" in named else next((n for n in named if n in rivals), None)
    if rival:
        yield "cumulative_incidence_by_target", cohort, lambda: cumulative_incidence(
            cohort, rival, by="target")  # fmt: skip


def _responses(study: Study) -> Iterator[Planned]:
    cohort = _cohort(study)
    names = study.endpoints("response")
    shown = [name for name in _BEST_FIRST if name in names] or names[:1]
    for name in shown:
        at = _visit(study, name, 168)
        of = _cohort(study, at + 28)
        yield "chapter response", of, lambda of=of, name=name, at=at: response_rate(
            of, name, at=at)  # fmt: skip
        for by in (_PAIR, "target"):
            yield (
                "response_by_disease_target",
                of,
                lambda of=of, name=name, at=at, by=by: response_rate(of, name, at=at, by=by),
            )
    if shown:
        at = _visit(study, shown[0], 168)
        of = _cohort(study, at + 28)
        yield "response_over_visits", cohort, lambda: response_categories(
            cohort, shown, at=[84, 168, 252, 364], by="target")  # fmt: skip
        yield "basket_response", of, lambda: basket_response(of, shown[0], at=at, by="disease")
        yield "basket_sensitivity", of, lambda: basket_sensitivity(
            of, shown[0], at=at, by="disease")  # fmt: skip
    if study.assessments is not None and len(study.assessments):
        rows = study.assessments
        present = rows["measure"].value_counts().index
        measure = "SLEDAI-2K" if "SLEDAI-2K" in present else present[0]
        seen = set(rows.loc[rows["measure"] == measure, "subject_id"])
        inside = cohort.subjects["subject_id"].isin(seen)
        diseases = list(cohort.subjects.loc[inside, "disease"].unique())
        if diseases:
            chosen = define_cohort(study, *cohort.criteria, with_disease(*diseases))
            yield "score_change", chosen, lambda: score_change(
                chosen, measure, by="target", method="MMRM")  # fmt: skip


def _visit(study: Study, endpoint: str, preferred: float) -> float:
    """Return the preferred visit if somebody was assessed then, else the commonest day."""
    days = study.responses.loc[study.responses["endpoint"] == endpoint, "day"]
    low, high = window_of(preferred, study)
    return preferred if days.between(low, high).any() else float(days.round().mode().iloc[0])


def _antibodies(study: Study) -> Iterator[Planned]:
    """The panel of the disease with most subjects who have one, and the vaccine titres of all."""
    rows = study.assessments
    cohort = _cohort(study, 196)
    if rows is None:
        return
    low, high = window_of(168, study)
    before = set(rows.loc[rows["day"] <= 0, "measure"])
    both = before & set(rows.loc[rows["day"].between(max(low, 1), high), "measure"])
    protective = {name: limit for name, limit in PROTECTIVE.items() if name in both}
    if protective:
        by = "target" if cohort.subjects["target"].nunique() > 1 else None
        yield "chapter antibodies", cohort, lambda: protection_kept(cohort, protective, by=by)
        yield "chapter antibodies", cohort, lambda: titre_change(cohort, list(protective), by=by)
    autoantibodies = both - {"autoantibody"}
    for disease in cohort.subjects["disease"].value_counts().index:
        of = define_cohort(study, *cohort.criteria, with_disease(disease))
        seen = rows.loc[rows["subject_id"].isin(of.subjects["subject_id"]), "measure"]
        above = conventional_limits(study, autoantibodies & set(seen))
        if not above:
            continue
        by = "target" if of.subjects["target"].nunique() > 1 else None
        yield "antibody_panel_table", of, partial(antibody_panel, of, above, by=by)
        yield "antibody_panel_table", of, partial(titre_change, of, list(above), by=by)
        return


def _drugs(study: Study) -> Iterator[Planned]:
    cohort = _cohort(study)
    if study.medications is None:
        return
    by = "target" if cohort.subjects["target"].nunique() > 1 else None
    given = set(study.medications["drug_class"])
    if "glucocorticoid" in given and "prednisone_equivalent_mg" in study.medications:
        yield "glucocorticoid_taper", cohort, lambda: glucocorticoid_course(cohort, by=by)
        yield "cumulative_dose_table", cohort, lambda: cumulative_dose(cohort, by=by)
        yield "chapter drugs", cohort, lambda: time_to_taper(cohort, at_most=5, at=364)
    if "glucocorticoid" in given:
        yield "glucocorticoid_off", cohort, lambda: time_to_taper(
            cohort, "glucocorticoid", by=by)  # fmt: skip
    for name in ("immunosuppressant", "biologic"):
        if name in given:
            yield "chapter drugs", cohort, lambda name=name: drug_use(cohort, name, by=by)
            yield "chapter drugs", cohort, lambda name=name: time_to_taper(
                cohort, name, at=364)  # fmt: skip


def _harm(study: Study, cohort: Cohort) -> Iterator[Planned]:
    by = "target" if cohort.subjects["target"].nunique() > 1 else None
    drugs, records = study.medications, study.toxicities
    classes = set() if drugs is None else set(drugs["drug_class"])
    terms = set() if records is None else set(records["term"])
    if "death_day" in study.subjects:
        yield "chapter harm", cohort, lambda: causes_of_death(cohort, by=by)
    if records is not None:
        yield "chapter harm", cohort, lambda: exposure_adjusted_rate(
            cohort, "second malignancy", per=100)  # fmt: skip
    if records is not None and "organism" in records:
        yield "infections_by_organism", cohort, lambda: infections_by_organism(cohort)
        yield "infections_by_organism_table", cohort, lambda: infections_by_organism(
            cohort, by="target")  # fmt: skip
    if "immunoglobulin" in classes:
        yield "chapter harm", cohort, lambda: immunoglobulin_replacement(cohort, by=by)
    for care in CARE:
        if care in classes:
            yield "chapter harm", cohort, lambda care=care: hospital_days(cohort, care)
    if drugs is not None and "CRS" in terms:
        yield "chapter harm", cohort, lambda: crs_treatment(cohort)


def _toxicities(study: Study) -> Iterator[Planned]:
    cohort = _cohort(study)
    if study.assessments is not None:
        present = set(study.assessments["measure"])
        for name, measure, below in (("b_cell_course", "B_cells", 10), ("igg_course", "IgG", 4)):
            if measure in present:
                yield name, cohort, lambda m=measure, b=below: measure_trajectory(
                    cohort, m, below=b, by="target")  # fmt: skip
        if "B_cells" in present:
            yield "aplasia_table", cohort, lambda: b_cell_depletion(cohort, by="target")
        if "CAR_transgene" in present:
            yield "cellular_kinetics_table", cohort, lambda: cellular_kinetics(
                cohort, by="platform")  # fmt: skip
            yield "chapter cells", cohort, lambda: persistence_rate(cohort, at=90)
            yield "chapter cells", cohort, lambda: persistence_curve(cohort)
    yield from _harm(study, cohort)
    if study.toxicities is None:
        return
    had = cohort.table("toxicities").groupby("term")["subject_id"].nunique()
    frequent = list(had.sort_values(ascending=False, kind="stable").index)
    if not frequent:
        return
    for term in [t for t in ("CRS", "ICANS", "infection") if t in frequent]:
        for grade in (1, 3):
            yield "chapter toxicity", cohort, lambda t=term, g=grade: toxicity_rate(
                cohort, t, min_grade=g)  # fmt: skip
    yield "toxicity_by_grade", cohort, lambda: toxicity_grades(cohort, frequent[:10])
    yield "toxicity_by_grade_table", cohort, lambda: toxicity_grades(cohort, by="target")
    yield "toxicity_by_system", cohort, lambda: toxicity_table(cohort, by="target")
    yield "toxicity_differences", cohort, lambda: toxicity_difference(
        cohort, frequent[:8], by="target")  # fmt: skip
    sampled = set() if study.assessments is None else set(study.assessments["measure"])
    if "CRS" in frequent and "CAR_transgene" in sampled:
        yield "exposure_table", cohort, lambda: exposure_response(cohort, "Cmax", "CRS")
    acute = [t for t in ("CRS", "ICANS") if t in frequent]
    if acute:
        yield "chapter toxicity", cohort, lambda: toxicity_timing(cohort, acute)
    if "CRS" in frequent:
        yield "crs_benchmark", cohort, lambda: toxicity_benchmark(
            cohort, "CRS", min_grade=3, by="target")  # fmt: skip
        yield "chapter toxicity", cohort, lambda: toxicity_benchmark(cohort, "CRS", min_grade=3)
    if "infection" in frequent:
        yield "infections_by_window", cohort, lambda: toxicity_rate(
            cohort, "infection", window="standard", by="target")  # fmt: skip
        yield "infections_first", cohort, lambda: toxicity_incidence(
            cohort, "infection", by="target")  # fmt: skip
        yield "infections_mean_count", cohort, lambda: mean_cumulative_count(
            cohort, "infection", by="target")  # fmt: skip

"""One subject's course through the rule of a toxicity, in words: what decided each day's grade."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from carstats.data.study import Study
from carstats.endpoints.derive.daily_sheets import b_cell_counts, crs_sheet, icans_sheet
from carstats.endpoints.derive.iechs_episodes import iechs_days
from carstats.endpoints.derive.toxicity_episodes import (
    CYTOPENIAS,
    derive_toxicities,
    infusion_days,
)
from carstats.endpoints.derive.worsenings import judge_licats
from carstats.endpoints.explanation.counts import (
    cytopenia_lines,
    grade_words,
    icaht_lines,
    igg_lines,
)
from carstats.endpoints.record.visits import Visits
from carstats.endpoints.rules.toxicity.crs import (
    OUTSIDE,
    crs_daily_grades,
    crs_episodes,
    hypotension_grade,
    hypoxia_grade,
)
from carstats.endpoints.rules.toxicity.icans import icans_daily_grades
from carstats.messages import found as found_message
from carstats.messages import joined_notes, mark, message

Lines = Iterator[str]

_CONDITIONS = {
    "in_window": mark("begun in the window"),
    "in_aplasia": mark("in B-cell aplasia"),
    "organ_before": mark("in an organ involved before"),
    "resolves": mark("gone within {days} days"),
    "no_new_drug": mark("no new immunosuppression"),
    "no_other_cause": mark("no other cause"),
}


def toxicity_course(study: Study, visits: Visits, term: str, subject: object) -> list[str]:
    """Return a subject's course through the rule of a toxicity, a line a step."""
    terms = ("CRS", OUTSIDE) if term in ("CRS", OUTSIDE) else (term,)
    lines = [*_episodes(study.toxicities, terms, subject, message("recorded"), study)]
    if term in _DAYS:
        # The rule is shown as well where the source's own episodes win.
        derived = derive_toxicities(visits, terms=[term])
        lines += _episodes(derived, terms, subject, message("derived"), study)
        lines += _DAYS[term](visits, subject)
    elif not lines:
        lines.append(message("nothing was recorded, and there is no rule to derive it"))
    return lines


def _episodes(table: pd.DataFrame | None, terms, subject: object, how: str, study: Study) -> Lines:
    """Yield a line for each episode."""
    if table is None or not len(table):
        return
    rows = table[table["term"].isin(terms) & (table["subject_id"] == subject)]
    for row in rows.reindex(columns=[*rows.columns, *_EXPECTED]).itertuples():
        grade = grade_words(row.grade, row.grade_at_least)
        if row.term != terms[0]:
            grade = study.vocabulary.label("toxicity", row.term)
        places = {
            "how": how,
            "grade": grade,
            "days": _days(row.onset_day, row.resolution_day),
            "more": joined_notes(
                *(message(str(v)) for v in (row.system, row.grading_scale) if _is(v)),
                found_message(str(row.flag)) if _is(row.flag) else "",
            ),
        }
        yield (
            message("{how}: {grade}, {days} ({more})", **places)
            if places["more"]
            else message("{how}: {grade}, {days}", **{k: places[k] for k in places if k != "more"})
        )


_EXPECTED = ("grade", "grade_at_least", "resolution_day", "system", "grading_scale", "flag")


def _is(value: object) -> bool:
    return not pd.isna(value) and value != ""


def _days(onset: float, last: float) -> str:
    if not _is(onset):
        return message("onset unknown")
    first = f"{onset:g}"
    if not _is(last):
        return message("from day {first} on", first=first)
    if last == onset:
        return message("day {first}", first=first)
    return message("day {first} to {last}", first=first, last=f"{last:g}")


def _of(sheet: pd.DataFrame | None, subject: object) -> pd.DataFrame | None:
    """Return a subject's rows of a worksheet, None where there are none."""
    if sheet is None:
        return None
    rows = sheet[sheet["subject_id"] == subject].reset_index(drop=True)
    return rows if len(rows) else None


def _no_sheet() -> str:
    return message("no worksheet of this subject")


def _crs(visits: Visits, subject: object) -> Lines:
    sheet = _of(crs_sheet(visits), subject)
    if sheet is None:
        yield _no_sheet()
        return
    daily = crs_daily_grades(sheet)
    optional = ["vasopressin", "oxygen_flow", "treated", "fever_other_cause", "death"]
    daily = daily.reindex(columns=list(dict.fromkeys([*daily.columns, *optional])))
    pressure = hypotension_grade(
        daily["hypotension"], daily["vasopressors"], daily["vasopressin"].fillna(0)
    )
    breath = hypoxia_grade(daily["oxygen"], daily["oxygen_flow"])
    masked = daily["fever_masked"].fillna(False).astype(bool)
    daily = daily.assign(pressure=pressure, breath=breath, fever_masked=masked)
    signs = (daily["temperature"] >= 38.0) | (pressure > 1) | (breath > 1)
    episodes = crs_episodes(sheet, infusion_days(visits))
    apart = episodes[episodes["term"] == OUTSIDE]
    for row in daily[(daily["grade_at_most"] > 0) | signs].itertuples():
        outside = ((apart["onset_day"] <= row.day) & (row.day <= apart["last_day"])).any()
        yield _day(
            row,
            message("no CRS, begun outside its window") if outside else None,
            _fever_words(row),
            message("treated since the fever, which is no longer needed")
            if row.fever_masked
            else "",
            _pressure_words(row),
            _breath_words(row),
            message("died of it") if row.death == 1 else "",
            message("before the infusion") if row.day < 0 else "",
        )


def _day(row, verdict: str | None, *parts: str) -> str:
    words = verdict or (message("not evaluable") if row.grade_at_most > 0 else message("none"))
    if verdict is None and row.grade_at_least >= 1:
        exact = row.grade == row.grade
        words = grade_words(row.grade if exact else np.nan, row.grade_at_least)
    return message(
        "day {day}: {grade}: {why}", day=f"{row.day:g}", grade=words, why=joined_notes(*parts)
    )


def _fever_words(row) -> str:
    if not _is(row.temperature):
        if row.fever_taken:
            return message("temperature blank, within the episode taken for fever")
        return message("temperature blank")
    degrees = f"{row.temperature:g}"
    if row.temperature < 38.0:
        return message("{degrees} °C, no fever", degrees=degrees)
    if row.fever_other_cause == 1:
        return message("{degrees} °C, fever of another cause", degrees=degrees)
    return message("{degrees} °C, fever", degrees=degrees)


def _pressure_words(row) -> str:
    if _is(row.pressure) and row.pressure == 1:
        return message("no hypotension")
    known = [
        message("hypotension {value}", value=_cell(row.hypotension)),
        message("vasopressors {value}", value=_cell(row.vasopressors)),
        message("vasopressin given") if row.vasopressin == 1 else "",
    ]
    return message(", ").join(word for word in known if word)


def _breath_words(row) -> str:
    if not _is(row.oxygen):
        return message("oxygen device blank")
    if row.oxygen == "none":
        return message("no oxygen")
    if _is(row.oxygen_flow):
        return message(
            "{device}, {flow} L/min", device=message(row.oxygen), flow=f"{row.oxygen_flow:g}"
        )
    return message(row.oxygen)


def _cell(value: object) -> str:
    return f"{value:g}" if _is(value) else message("blank")


def _icans(visits: Visits, subject: object) -> Lines:
    sheet = _of(icans_sheet(visits), subject)
    if sheet is None:
        yield _no_sheet()
        return
    daily = icans_daily_grades(sheet)
    named = ("capd", "consciousness", "seizure", "motor_weakness", "oedema")
    for row in daily[daily["grade_at_most"] > 0].itertuples():
        before = f"{row.baseline_ice:g}"
        parts = [message("ICE {score} (before: {before})", score=_cell(row.ice), before=before)]
        for name in named:
            if name not in daily:
                continue
            value = getattr(row, name)
            label = visits.study.vocabulary.label("measure", _MEASURE_OF.get(name, name))
            if not _is(value):
                parts.append(message("{sign} blank", sign=label))
            elif value not in ("none", "alert", 0):
                shown = message(value) if isinstance(value, str) else message("yes")
                shown = f"{value:g}" if name == "capd" else shown
                parts.append(message("{sign}: {value}", sign=label, value=shown))
        yield _day(row, None, *parts)


_MEASURE_OF = {"oedema": "cerebral_oedema", "capd": "CAPD"}


def _licats(visits: Visits, subject: object) -> Lines:
    found = judge_licats(visits)
    mine = found[found["subject_id"] == subject] if len(found) else found
    if not len(mine):
        yield message("no organ worsened after the infusion")
    days = f"{visits.rules.licats_resolution_days:g}"
    cells = b_cell_counts(visits, 0).rename(columns={"count": "value"})
    cells = cells[cells["subject_id"] == subject]
    for row in mine.itertuples():
        parts = []
        for name, words in _CONDITIONS.items():
            value = getattr(row, name)
            what = message(words, days=days) if "{days}" in words else message(words)
            near = _nearest(cells, row.onset_day) if name == "in_aplasia" else ""
            if pd.isna(value):
                parts.append(message("{condition}: not documented", condition=what))
            elif near:
                verdict = message("yes") if value else message("no")
                parts.append(
                    message(
                        "{condition}: {verdict}, {by}", condition=what, verdict=verdict, by=near
                    )
                )
            else:
                verdict = message("yes") if value else message("no")
                parts.append(message("{condition}: {verdict}", condition=what, verdict=verdict))
        end = _is(row.resolution_day)
        yield message(
            "{organ}, worse on day {onset}, last seen on day {last}, {gone}: {verdict} ({why})",
            organ=message(row.organ),
            onset=f"{row.onset_day:g}",
            last=f"{row.last_day_with:g}",
            gone=message("gone on day {day}", day=f"{row.resolution_day:g}")
            if end
            else message("not seen to end"),
            verdict=message(_LICATS_VERDICTS[row.counts_as]),
            why=joined_notes(*parts),
        )


def _nearest(cells: pd.DataFrame, day: float) -> str:
    """Return the count of B cells nearest to a day in words, of two the later."""
    if not len(cells):
        return ""
    order = np.lexsort((-cells["day"].to_numpy(), (cells["day"] - day).abs().to_numpy()))
    row = cells.iloc[order[0]]
    return message(
        "{count} B cells/µL on day {day}", count=f"{row['value']:g}", day=f"{row['day']:g}"
    )


_LICATS_VERDICTS = {
    "LICATS": mark("LICATS candidate"),
    "disease": mark("no LICATS"),
    "relapse": mark("no LICATS"),
    "non-response": mark("no LICATS"),
    "not evaluable": mark("not evaluable"),
}


def _iechs(visits: Visits, subject: object) -> Lines:
    crs = derive_toxicities(visits, terms=["CRS"])
    known = visits.study.toxicities
    if known is not None and (known["term"] == "CRS").any():
        crs = known
    found = iechs_days(visits, crs[crs["term"] == "CRS"] if len(crs) else crs)
    mine = found[found["subject_id"] == subject] if len(found) else found
    if not len(mine):
        yield message("no ferritin of this subject up to day 60")
    for row in mine.itertuples():
        status = message(_STATUS_WORDS.get(row.status, "not evaluable"))
        yield message("day {day}: {status}", day=f"{row.day:g}", status=status)


_STATUS_WORDS = {
    "no": mark("does not meet the criteria"),
    "possible": mark("possible"),
    "meets": mark("meets the criteria"),
}


_DAYS: dict[str, Callable[[Visits, object], Lines]] = {
    "CRS": _crs,
    OUTSIDE: _crs,
    "ICANS": _icans,
    "LICATS": _licats,
    "ICAHT": icaht_lines,
    "IEC-HS": _iechs,
    "hypogammaglobulinaemia": igg_lines,
    **{term: cytopenia_lines(name) for name, (term, _) in CYTOPENIAS.items()},
}

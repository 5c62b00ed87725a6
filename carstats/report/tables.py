"""Tables of results as HTML: they print numbers and compute none."""

from __future__ import annotations

import pandas as pd

from carstats.errors import CarstatsError
from carstats.report.format import NONE, count, mean_sd, median_range, of, percent, rate
from carstats.result import Result

_TITLES = {
    "age": "Age, years",
    "cell_source": "Cell source",
    "costimulation": "Co-stimulatory domain",
    "disease_duration_years": "Disease duration, years",
    "disease_subtype": "Disease subtype",
    "n_prior_therapies": "Earlier therapies, number",
    "site_id": "Site",
    "study_id": "Study",
    "weight_kg": "Weight, kg",
}


def baseline_html(result: Result, *, table_id: str = "baseline") -> str:
    """Return Table 1 as HTML: a column per stratum, rows by characteristic.

    Parameters
    ----------
    result : Result
        What `baseline_table` returns.
    table_id : str
        The table's ``id``, which its styles refer to.

    Returns
    -------
    str
        An HTML fragment with its styles, the method line under the table.

    Raises
    ------
    CarstatsError
        If the result is not one of baseline characteristics.
    """
    if not {"variable", "kind", "level", "median"} <= set(result.frame):
        raise CarstatsError(
            f"baseline_html prints what baseline_table returns, not {result.spec.analysis!r}."
        )
    columns = {}
    for key, rows in result.strata():
        head = f"{result.label(key) if key else 'All subjects'} (n = {count(rows['n'].iloc[0])})"
        cells = []
        for name, group in rows.groupby("variable", sort=False):
            cells += _cells(result, str(name), group)
        columns[head] = cells
    first = next(iter(columns.values()))
    table = pd.DataFrame(
        {
            "group": [cell[0] for cell in first],
            "Characteristic": [cell[1] for cell in first],
            **{head: [cell[2] for cell in cells] for head, cells in columns.items()},
        }
    )
    return _html(table, result, table_id, "Baseline characteristics", group="group")


def rates_html(result: Result, *, table_id: str = "rates", title: str | None = None) -> str:
    """Return rates as an HTML table: a row per stratum with n/N, rate and interval.

    Parameters
    ----------
    result : Result
        What `response_rate` or `toxicity_rate` returns.
    table_id : str
        The table's ``id``, which its styles refer to.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    str
        An HTML fragment with its styles.

    Raises
    ------
    CarstatsError
        If the result has no rates.
    """
    frame = result.frame
    if not {"n", "n_event", "estimate", "conf_low", "conf_high"} <= set(frame):
        raise CarstatsError(f"rates_html prints rates, not {result.spec.analysis!r}.")
    table = pd.DataFrame(index=frame.index)
    for column in [*result.by, *(("term",) if "term" in frame else ())]:
        labels = result.labels.get(column, {})
        table[_title(column)] = [labels.get(value, str(value)) for value in frame[column]]
    table["n/N"] = [of(k, n) for k, n in zip(frame["n_event"], frame["n"], strict=True)]
    limits = (frame[c] for c in ("estimate", "conf_low", "conf_high"))
    table["Rate (interval)"] = [rate(*row) for row in zip(*limits, strict=True)]
    if "n_missing" in frame:
        table["Missing"] = [count(n) for n in frame["n_missing"]]
    return _html(table, result, table_id, title or result.spec.endpoint)


def toxicity_html(result: Result, *, table_id: str = "toxicity", title: str | None = None) -> str:
    """Return the table of adverse events as HTML: systems, terms, and a total above them.

    Parameters
    ----------
    result : Result
        What `toxicity_table` returns.
    table_id : str
        The table's ``id``, which its styles refer to.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    str
        An HTML fragment with its styles; in each cell subjects with the event and their share.

    Raises
    ------
    CarstatsError
        If the result is not a table of toxicities.
    """
    frame = result.frame
    if not {"row", "system", "term", "criterion", "n_event"} <= set(frame):
        raise CarstatsError(
            f"toxicity_html prints what toxicity_table returns, not {result.spec.analysis!r}."
        )
    criteria = list(dict.fromkeys(frame["criterion"]))
    # Grade 2 or worse is in the numbers; a page has room for three columns a stratum.
    shown = [criteria[0], *criteria[2:]]
    labels = result.labels.get("term", {})
    columns: dict[str, list[str]] = {}
    for key, rows in result.strata():
        head = result.label(key) if key else "All subjects"
        for criterion in shown:
            part = rows[rows["criterion"] == criterion]
            words = criterion.replace(">=", "≥\u200a")
            cells = zip(part["n_event"], part["estimate"], strict=True)
            name = f"{head} (n = {count(part['n'].iloc[0])}): {words}"
            columns[name] = [_share(k, share) for k, share in cells]
    first = frame[frame["criterion"] == criteria[0]].head(len(next(iter(columns.values()))))
    names = {
        "total": lambda row: "Any toxicity",
        "system": lambda row: f"{row.system[:1].upper()}{row.system[1:].lower()}",
        "term": lambda row: f"\u2003{labels.get(row.term, row.term)}",
    }
    texts = [names[row.row](row) for row in first.itertuples()]
    return _html(
        pd.DataFrame({"Subjects with, n (%)": texts, **columns}),
        result,
        table_id,
        title or result.spec.endpoint,
        numeric_from=1,
    )


def attrition_html(result: Result, *, table_id: str = "attrition") -> str:
    """Return the flow of subjects as an HTML table: a row per criterion.

    Parameters
    ----------
    result : Result
        What ``cohort.flow()`` returns.
    table_id : str
        The table's ``id``, which its styles refer to.

    Returns
    -------
    str
        An HTML fragment with its styles.

    Raises
    ------
    CarstatsError
        If the result is not a flow.
    """
    frame = result.frame
    heads = {"n_before": "Before", "n_left_out": "Left out", "n_after": "After"}
    if not {"criterion", *heads} <= set(frame):
        raise CarstatsError(f"attrition_html prints a flow, not {result.spec.analysis!r}.")
    table = pd.DataFrame(index=frame.index)
    for column in result.by:
        labels = result.labels.get(column, {})
        table[_title(column)] = [labels.get(value, str(value)) for value in frame[column]]
    table["Criterion"] = frame["criterion"].str[:1].str.upper() + frame["criterion"].str[1:]
    for column, head in heads.items():
        table[head] = [count(n) for n in frame[column]]
    return _html(table, result, table_id, "Flow of subjects")


def _title(column: str) -> str:
    return _TITLES.get(column, column.replace("_", " ").capitalize())


def _cells(result: Result, name: str, group: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return the rows of one characteristic in one stratum: heading, row name, text."""
    title, first = _title(name), group.iloc[0]
    if first["kind"] == "number":
        rows = [
            (title, "Mean (SD)", mean_sd(first["estimate"], first["std_dev"])),
            (title, "Median [quartiles]", _brackets(first["median"], first["q1"], first["q3"])),
        ]
    else:
        labels = result.labels.get(name, {})
        title = f"{title}, n (%)"
        rows = [
            (title, labels.get(level, str(level)), _share(k, share))
            for level, k, share in zip(
                group["level"], group["n_event"], group["estimate"], strict=True
            )
        ]
    # Whether the line is there must not differ between the strata, so it always is.
    return [*rows, (title, "Missing", count(first["n_missing"]) if first["n_missing"] else NONE)]


def _brackets(median: float, low: float, high: float) -> str:
    return median_range(median, low, high).replace("(", "[").replace(")", "]")


def _share(k: float, share: float) -> str:
    return count(k) if share != share else f"{count(k)} ({percent(share)})"


def _html(
    table: pd.DataFrame, result: Result, table_id: str, title: str, group: str | None = None,
    numeric_from: int | None = None,
) -> str:  # fmt: skip
    # Loading it takes as long as drawing a figure, which only tables should pay.
    from great_tables import GT, loc, style

    if group:
        empty = table["Characteristic"].eq("Missing") & table.iloc[:, 2:].eq(NONE).all(axis=1)
        table = table[~empty]
    gt = GT(table, groupname_col=group, id=table_id).tab_header(title=title)
    note = result.caption() + (" Synthetic data." if result.spec.synthetic else "")
    first = (2 if group else max(1, len(result.by))) if numeric_from is None else numeric_from
    numeric = list(table.columns[first:])
    gt = (
        gt.tab_source_note(note.strip())
        .cols_align("left")
        .cols_align("right", columns=numeric)
        .tab_style(style.text(weight="bold"), loc.row_groups())
        .tab_options(
            table_font_names=["Helvetica Neue", "Arial", "DejaVu Sans", "sans-serif"],
            table_font_size="14px",
            heading_align="left",
            heading_title_font_size="16px",
            heading_title_font_weight="bold",
            table_border_top_color="#1a1a1a",
            table_border_bottom_color="#1a1a1a",
            column_labels_font_weight="bold",
            column_labels_border_bottom_color="#1a1a1a",
            row_group_border_top_color="#e0e0e0",
            row_group_border_bottom_style="none",
            table_body_hlines_style="none",
            source_notes_font_size="12px",
            data_row_padding="3px",
        )
    )
    return gt.as_raw_html()

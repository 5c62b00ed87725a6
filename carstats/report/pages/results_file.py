"""All numbers of a folder of figures and tables in one file, to be found by a query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd

from carstats.ard import COUNT, ONE, P_VALUE, SHARE, THREE, TWO
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.format import NONE, count, number, p_value, percent
from carstats.report.pages.contact_sheet import saved_outputs
from carstats.report.pages.save import inert
from carstats.result import Result, Spec

RESULTS = "results.csv"
METHODS = "methods.csv"
_PRINTED = {
    COUNT: count,
    SHARE: percent,
    P_VALUE: p_value,
    ONE: number,
    TWO: lambda value: number(value, 2),
    THREE: lambda value: number(value, 3),
}
_WANTED = (
    r"^(row|group\d+(_level)?|variable(_level)?|context|stat_name|stat|stat_fmt|warning(_key)?)$"
)
_LAST = (
    "variable", "variable_level", "context", "stat_name", "stat", "stat_fmt", "warning",
    "warning_key",
)  # fmt: skip


def printed(ard: pd.DataFrame) -> pd.DataFrame:
    """Add to Analysis Results Data how each statistic prints."""
    texts = [_text(*pair) for pair in zip(ard["stat"], ard["fmt_fun"], strict=True)]
    place = ard.columns.get_loc("stat") + 1
    return pd.concat(
        [ard.iloc[:, :place], pd.Series(texts, ard.index, str, "stat_fmt"), ard.iloc[:, place:]],
        axis=1,
    )


def results_files(folder: str | Path) -> dict[str, bytes]:
    """Gather the numbers of every figure and table in a folder."""
    folder = Path(folder)
    parts, methods = [], []
    for stem, made in saved_outputs(folder).items():
        try:
            for panel, result, method_key in _saved(folder / f"{stem}.csv", made["results"]):
                ard = printed(result.to_ard())
                keys = made.get("keys", {})
                # What is read back is plain text; one that is its own key is not told apart.
                ard["warning_key"] = [keys.get(text, text) for text in ard["warning"]]
                if not ard.empty:
                    wanted = ard.filter(regex=_WANTED).astype(object)
                    parts.append(wanted.assign(output=stem, panel=panel))
                methods.append(_method(stem, panel, made["script"], result.spec, method_key))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CarstatsError(
                message(
                    "{stem}.csv and {stem}.json in {folder} are not as carstats writes them "
                    "({error}). Run carstats reproduce --only {stem}.",
                    stem=stem,
                    folder=folder,
                    error=error,
                )
            ) from error
    long = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_LAST)
    groups = sorted({c for c in long if c.startswith("group")}, key=_place_of_group)
    long = long.reindex(columns=["output", "panel", "row", *groups, *_LAST])
    for column in long.filter(regex="_level$"):
        # A day is "28" in one figure's CSV and "28.0" in another's.
        long[column] = long[column].str.replace(r"^(-?\d+)\.0$", r"\1", regex=True)
    return {
        RESULTS: inert(long).to_csv(index=False, lineterminator="\n").encode(),
        METHODS: inert(pd.DataFrame(methods)).to_csv(index=False, lineterminator="\n").encode(),
    }


def _saved(table_path: Path, specs: list[dict]) -> Iterator[tuple[str, Result, str]]:
    """Yield the results as they were saved, every value the text that it is, with method keys."""
    table = pd.read_csv(table_path, dtype=str, keep_default_na=False, encoding="utf-8")
    # A heading that a spreadsheet would run was written with an apostrophe in front.
    table = table.rename(columns=lambda name: re.sub("^'(?=[=+@\t-])", "", name))
    known = {field.name for field in fields(Spec)}
    for made in specs:
        spec = Spec(
            **{k: tuple(v) if isinstance(v, list) else v for k, v in made.items() if k in known}
        )
        panel = made.get("panel", "")
        rows = table if len(specs) == 1 else table.loc[table["panel"] == panel, made["columns"]]
        yield panel, Result(rows.reset_index(drop=True), spec), made.get("method_key", "")


def _method(output: str, panel: str, script: str, spec: Spec, method_key: str) -> dict[str, object]:
    return {
        "output": output,
        "panel": panel,
        "script": script,
        "context": spec.analysis,
        "endpoint": spec.endpoint,
        "population": spec.population,
        "method": spec.method,
        "method_key": method_key,
        "conf_level": spec.conf_level,
        "synthetic": spec.synthetic,
    }


def _place_of_group(column: str) -> tuple[int, str]:
    name = column.removeprefix("group")
    return int(name.removesuffix("_level")), name


def _text(stat: object, rule: str) -> str:
    blank = stat == "" or stat != stat
    if not rule:
        return NONE if blank else str(stat)
    return _PRINTED[rule](np.nan if blank else float(stat))

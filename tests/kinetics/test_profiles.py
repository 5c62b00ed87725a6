"""The listing of profiles, its medians, its figure and the table of parameters."""

import numpy as np
import pytest

import carstats as cs
from carstats.report.tables import tabulate_kinetics
from tests.kinetics.tiny import sampled

ONE = "0:<50 7:8000 10:40000 28:1250 60:<50"
TWO = "0:<50 8:6000 10:<50 28:750 61:<50"
THREE = "0:<50 7:100 10:100 28:<50 60:<50"


def parts(cohort, **options):
    frame = cs.kinetic_profiles(cohort, **options).frame
    return (frame[frame["kind"] == kind] for kind in ("sample", "median"))


def test_samples_are_listed_without_identifiers():
    samples, _ = parts(sampled([ONE, TWO]))
    assert samples["subject"].tolist() == [1] * 5 + [2] * 5
    assert "subject_id" not in samples
    assert samples["below"].sum() == 5


def test_medians_rank_what_is_below_lowest():
    _, medians = parts(sampled([ONE, TWO, THREE]))
    found = medians.set_index("time")
    assert found.loc[7, ["n", "value"]].tolist() == [3, 6000]
    assert found.loc[10, "value"] == 100
    assert found.loc[28, "value"] == 750
    assert found.loc[60, "below"]
    # Of two of which one is below quantification the median is not above it.
    _, pair = parts(sampled([ONE, TWO]))
    assert pair.set_index("time").loc[10, "below"]


def test_the_days_must_increase():
    with pytest.raises(cs.CarstatsError, match=r"`at` is .* increasing days"):
        cs.kinetic_profiles(sampled([ONE]), at=[28, 7])


def drawn(figure, gid):
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def test_the_figure_draws_subjects_medians_and_limits():
    cohort = sampled([ONE, TWO, THREE], target=["CD19"] * 3)
    figure = cs.plot(cs.kinetic_profiles(cohort, by="target"))
    assert len(drawn(figure, "subject")) == 3
    assert {line.get_ydata()[0] for line in drawn(figure, "limit")} == {50}
    below = np.concatenate([line.get_ydata() for line in drawn(figure, "below")])
    assert set(below) == {50}
    assert len(below) == 8
    assert figure.axes[0].get_yscale() == "log"
    assert "Open symbols" in figure.caption
    assert "highest median" in figure.get_label()


def test_the_figure_without_a_limit_with_zero_and_a_column():
    cohort = sampled(["0:0 7:900 14:0"], lloq=None)
    figure = cs.plot(cs.kinetic_profiles(cohort), width="column", time_axis="linear", until=10)
    assert "No limit of quantification is given" in figure.caption
    with pytest.raises(cs.CarstatsError, match=r"`time_axis`"):
        cs.plot(cs.kinetic_profiles(cohort), time_axis="log")


def test_nobody_above_quantification_is_drawn():
    assert cs.plot(cs.kinetic_profiles(sampled(["7:<50 14:<50"])))


def test_the_table_of_parameters():
    table = cs.tabulate(cs.cellular_kinetics(sampled([ONE, TWO, THREE])))
    cells = {row.cells[0]: row.cells[1:] for row in table.rows}
    assert cells["Tmax, days"] == ("3", "–", "–", "8 (7 to 10)")
    n, mean, _, middle = cells["Cmax, copies/µg DNA"]
    assert n == "3"
    # The cube root of 40,000 × 6,000 × 100 is 2,884.5.
    assert mean.startswith("2,880 (")
    assert middle == "6,000 (100 to 40,000)"
    shares = cs.persistence_rate(sampled([ONE]))
    with pytest.raises(cs.CarstatsError, match=r"tabulate_kinetics prints"):
        tabulate_kinetics(shares)

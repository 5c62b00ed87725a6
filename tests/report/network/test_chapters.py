"""What the report of a network says of times, and which way its tables go."""

import pytest

from carstats.report.chapters.blocks import Paragraph, TableBlock
from carstats.report.network.chapters import network_chapters
from carstats.sharing.network import network_of
from tests.sharing.sites import content_of

NAME = "relapse_free_survival"
# Six relapses found at week 24, five deaths at week 52, the others free of both to week 104.
TIMES = [(168, "event", 84)] * 6 + [(364, "competing", 252)] * 5 + [(728, "censored", 0)] * 9


def blocks_of(least, times=TIMES, names=("response", NAME)):
    content = content_of((1,) * 9 + (0,) * 11, times, min_cell=least, endpoints=names)
    network = network_of([("a", content)])
    return {c.name: c.blocks for c in network_chapters(network)}


def words(blocks):
    return " ".join(block.text for block in blocks if isinstance(block, Paragraph))


@pytest.fixture(scope="module")
def shown():
    return blocks_of(1)


def test_competing_events_are_counted_where_every_visit_is_told(shown):
    told = words(shown["times"])
    # Six of twenty at week 24, and nobody after.
    assert "by week 24 30" in told
    assert "by week 104 30" in told
    assert "joined intervals" not in told


def test_no_incidence_within_a_joined_interval():
    # Three found at week 24 and three at week 36 are one number.
    times = [(168, "event", 84)] * 3 + [(252, "event", 168)] * 3 + TIMES[6:]
    told = words(blocks_of(5, times, [NAME])["times"])
    assert "By week 24 it is not known: joined intervals go across." in told
    assert "by week 24 " not in told
    assert "by week 52 30" in told


def test_a_rate_of_one_site_is_no_curve(shown):
    (table,) = [b.table for b in shown["response"] if isinstance(b, TableBlock)]
    assert table.heads[:2] == ("Site", "n/N")
    assert table.heads[2].startswith("Estimate")

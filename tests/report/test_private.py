"""What is planted in a study (names, identifiers) comes out nowhere, not even in errors."""

import pytest

import carstats as cs
from carstats.errors import CarstatsError
from carstats.run.listing import study_lines

PLANTED = ("PLANTED-ID", "PLANTED NAME", "PLANTED REMARK", "1975-07-07")
MAPPING = {
    "study": {"infusion_date": "inf"},
    "subjects": {
        "columns": {"subject_id": "id", "disease": "dx", "last_contact_day": "last"},
        "constants": {"target": "CD19", "platform": "CAR-T", "cell_source": "autologous"},
    },
    "toxicities": {"CRS": {"grade": "crs", "onset": "on"}},
    "events": {"relapse": {"date": "rel"}},
}
HEADINGS = "id,name,remark,born,dx,inf,last,crs,on,rel"
GOOD = (
    "PLANTED-ID{n},PLANTED NAME,PLANTED REMARK,1975-07-07,SLE,2024-01-01,2024-12-01,2,2024-01-05,"
)
# Each row is wrong in another way, and one identifier stands twice.
BAD = [
    GOOD.replace("SLE", "XX"), GOOD.replace("2024-12-01", "soon"), GOOD.replace(",2,", ",2-3,"),
    GOOD.replace("2024-01-05", "2025-01-05"), GOOD + "2023-01-01", GOOD.replace("{n}", "0"),
    GOOD.replace("PLANTED REMARK", "=PLANTED REMARK"), GOOD.replace("2024-01-01", ""),
]  # fmt: skip


def read(tmp_path, rows):
    lines = [HEADINGS, *(row.format(n=i) for i, row in enumerate(rows))]
    (tmp_path / "sheet.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return cs.read_study(tmp_path / "sheet.csv", MAPPING)


def test_nothing_planted_is_listed(tmp_path):
    study = read(tmp_path, [GOOD] * 4)
    said = "\n".join([*study_lines(study, "study"), repr(study), *study.notes])
    said += "".join(frame.to_csv() for frame in study.tables().values())
    assert "4 rows" in said
    assert not [word for word in PLANTED if word in said]


def test_nothing_planted_is_in_an_error(tmp_path):
    with pytest.raises(CarstatsError) as caught:
        read(tmp_path, [GOOD, *BAD])
    error = caught.value
    said = "\n".join([str(error), repr(error), *map(repr, error.problems), *error.notes])
    assert len(error.problems) >= 5
    assert not [word for word in PLANTED if word in said]


@pytest.mark.parametrize("bad", BAD)
def test_nothing_planted_is_in_an_error_of_one_row(tmp_path, bad):
    try:
        study = read(tmp_path, [GOOD, bad])
        said = "\n".join(study_lines(study, "study"))
    except CarstatsError as error:
        said = f"{error}{error!r}{error.notes}"
    assert not [word for word in PLANTED if word in said]

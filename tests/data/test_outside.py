"""A file that study.toml names lies in the folder, unless it is allowed by name."""

import os

import pytest

import carstats as cs
from carstats.errors import CarstatsError

ROWS = "id,dx,last\nP1,SLE,300\nP2,SSc,400\n"
MAPPING = """[study]
file = {file}
{more}
[subjects.columns]
subject_id = "id"
disease = "dx"
last_contact_day = "last"
[subjects.constants]
target = "CD19"
platform = "CAR-T"
cell_source = "autologous"
"""


@pytest.fixture
def places(tmp_path):
    """The folder of the data, and a file outside."""
    folder, other = tmp_path / "study", tmp_path / "elsewhere"
    folder.mkdir()
    other.mkdir()
    (other / "secret.csv").write_text(ROWS)
    return folder, other / "secret.csv"


def read(folder, file, more=""):
    text = MAPPING.format(file=f"'{file}'", more=more)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return cs.read_study(folder)


def named(how, folder, file):
    if how == "link":
        (folder / "data.csv").symlink_to(file)
        return "data.csv"
    if how == "linked folder":
        (folder / "data").symlink_to(file.parent, target_is_directory=True)
        return "data/secret.csv"
    return {"dots": "../elsewhere/secret.csv", "absolute": str(file)}[how]


@pytest.mark.parametrize("how", ["dots", "absolute", "link", "linked folder"])
def test_a_path_that_leaves_the_folder(places, how):
    folder, file = places
    name = named(how, folder, file)
    with pytest.raises(CarstatsError) as caught:
        read(folder, name)
    assert len(caught.value.problems) == 1
    assert f"study.toml: names {name!r}, which is outside the folder of the data" in str(
        caught.value
    )
    assert "P1" not in str(caught.value)
    # By its name, by where it is, or by the folder that holds it.
    for allowed in (name, str(file), "../elsewhere"):
        study = read(folder, name, f"outside = ['{allowed}']")
        assert len(study.subjects) == 2
        note = f"{os.path.basename(name)} was read from outside the folder of the data."
        assert note in study.notes
    with pytest.raises(CarstatsError, match="outside the folder"):
        read(folder, name, "outside = ['../else', '../elsewhere/secret']")


def test_every_table_may_name_a_file(places):
    folder, _ = places
    (folder / "my.csv").write_text(ROWS)
    more = "[toxicities]\nfile = '../elsewhere/secret.csv'\n[toxicities.columns]\nterm = 'dx'"
    with pytest.raises(CarstatsError, match=r"names '\.\./elsewhere/secret\.csv'"):
        read(folder, "my.csv", more)


def test_paths_that_stay(places):
    folder, _ = places
    (folder / "raw").mkdir()
    (folder / "raw" / "my.csv").write_text(ROWS)
    for name in ("raw/my.csv", "raw/../raw/my.csv", str(folder / "raw" / "my.csv")):
        assert len(read(folder, name).subjects) == 2
    (folder / "my.csv").symlink_to(folder / "raw" / "my.csv")
    assert len(read(folder, "my.csv").subjects) == 2


def test_a_file_that_the_user_names_may_be_a_link(places):
    folder, file = places
    (folder / "my.csv").symlink_to(file)
    with pytest.raises(CarstatsError, match="outside"):
        read(folder, "my.csv")
    assert len(cs.read_study(folder / "my.csv").subjects) == 2


def test_a_link_to_itself_and_no_path_at_all(places):
    folder, _ = places
    (folder / "my.csv").symlink_to(folder / "my.csv")
    with pytest.raises(CarstatsError, match=r"my\.csv"):
        read(folder, "my.csv")
    with pytest.raises(CarstatsError, match="no file can be called"):
        cs.read_study(folder, {"study": {"file": "a\0b.csv"}, "subjects": {}})

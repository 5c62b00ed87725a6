"""Make the fonts of the figures: parts of DejaVu Sans, and of Liberation Sans for journals.

DejaVu Sans (which matplotlib brings) holds 6,000 characters and the tables of many scripts, and a
PDF takes over half a second to pick from them what a figure uses. These hold the Latin, Greek and
mathematical characters only. Liberation Sans 2 (the folder is an argument, such as
/usr/share/fonts/truetype/liberation2) is as wide as Arial, letter by letter. All are renamed, as
the licences ask of a changed font.
"""

import sys
from pathlib import Path

import matplotlib
from fontTools import subset
from fontTools.ttLib import TTFont

CHARACTERS = (
    (0x0020, 0x007E), (0x00A0, 0x024F), (0x02B0, 0x02FF), (0x0370, 0x03FF), (0x1E00, 0x1EFF),
    (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2190, 0x21FF),
    (0x2200, 0x22FF), (0x2500, 0x25FF), (0x2713, 0x2718),
)  # fmt: skip
STYLES = {"Regular": "", "Bold": "-Bold"}
TARGET = Path(__file__).parents[2] / "carstats" / "report" / "fonts"


def make(source, family, style):
    """Write the font of one style."""
    options = subset.Options(
        layout_features=["kern"], drop_tables=["GSUB", "GDEF", "FFTM"], name_IDs=[0, 1, 2, 3, 4, 6],
        notdef_outline=True, recalc_timestamp=False, hinting=True,
    )  # fmt: skip
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[c for low, high in CHARACTERS for c in range(low, high + 1)])
    subsetter.subset(font)
    whole = f"{family} {style}".removesuffix(" Regular")
    names = {1: family, 2: style, 3: whole, 4: whole, 6: whole.replace(" ", "-")}
    for record in font["name"].names:
        if record.nameID in names:
            record.string = names[record.nameID]
    path = TARGET / f"{family.replace(' ', '')}{STYLES[style]}.ttf"
    subset.save_font(font, str(path), options)
    print(path.name, len(TTFont(path).getBestCmap()), "characters", path.stat().st_size, "bytes")


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for style, suffix in STYLES.items():
        dejavu = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"DejaVuSans{suffix}.ttf"
        make(dejavu, "Carstats Sans", style)
        if len(sys.argv) > 1:
            liberation = Path(sys.argv[1]) / f"LiberationSans-{style}.ttf"
            make(liberation, "Carstats Journal", style)

"""A text file's encoding is told by what it would read as, said, or asked for."""

import pytest

from carstats.data.formats.encodings import decoded
from carstats.errors import CarstatsError

HEAD = "id;dx;target;remark\n1;SLE;CD19;"


@pytest.mark.parametrize(
    "word",
    ["Köln\n2;SSc;BCMA;Málaga", "é", "Größe", "GRÖSSE", "Universitätsklinikum Düsseldorf", "señora",
     "37 °C, 5 µg/L ± 2", "“quoted” – dash", "100 €", "geöffnet, Straße, Ödem"],
)  # fmt: skip
def test_western(word):
    text, note = decoded((HEAD + word).encode("cp1252"), "a.csv")
    assert text == HEAD + word
    assert note == (
        "a.csv: not UTF-8; read as cp1252, judged by its letters. [study] encoding sets another."
    )


@pytest.mark.parametrize(
    "word",
    ["女", "系统性红斑狼疮\n2;重症肌无力;;无", "王小明", "≥3级", "37℃（腋下）", "SLE合并LN",
     "张三\n2;;;李四\n3;;;欧阳喆"],
)  # fmt: skip
def test_chinese(word):
    text, note = decoded((HEAD + word).encode("gb18030"), "a.csv")
    assert text == HEAD + word
    assert "read as gb18030" in note


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        ("患者番号;診断;投与日;女性", "shift_jis"),
        ("患者番号;診断;投与日\n1;全身性エリテマトーデス", "euc_jp"),
        ("환자번호;진단;투여일\n1;전신홍반루푸스;여성", "euc_kr"),
        ("病歷號;診斷;標靶;輸注日期", "big5"),
        ("Москва;Имя пациента;диагноз", "cp1251"),
        ("Łódź;Poznań;Wrocław", "cp1250"),
        ("ασθενής;διάγνωση", "cp1253"),
    ],
)
def test_what_cannot_be_told_is_asked_for(words, encoding):
    with pytest.raises(CarstatsError, match=r"is not UTF-8.*|is not text in") as caught:
        decoded(words.encode(encoding), "a.csv")
    assert "encoding = " in str(caught.value)
    assert decoded(words.encode(encoding), "a.csv", encoding) == (words, None)


def test_utf8_and_marked_files_need_no_note():
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert decoded("é 女".encode(encoding), "a.csv") == ("é 女", None)


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "base64"])
def test_no_encoding(encoding):
    with pytest.raises(CarstatsError, match=f"`encoding` is '{encoding}', which is not known"):
        decoded(b"abc", "a.csv", encoding)

"""Bring the catalogue of messages up to date with the code: ``make catalogue``.

The messages are the literals given to `tr`, `tr_n` and `mark`, the labels of the vocabulary, the
words of the endpoint catalogue, and the paragraphs of the notebooks. `--fill FILE` takes
translations from a JSON file of messages and their translations; what it holds replaces what the
catalogue has. Prints what is not translated, and fails while there is any. One at a time: who fills
in translations while another does undoes them.
"""

import argparse
import ast
import io
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

import carstats
from carstats.run.notebooks import markdown_paragraphs

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "carstats/locale/zh_CN/LC_MESSAGES"
# How many arguments of each function are text.
ARGUMENTS = {"tr": 1, "message": 1, "mark": 1, "tr_n": 2, "message_n": 2}
# The header has a date, which must not change with each run.
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
PLACES = re.compile(r"\{(\w*)[^{}]*\}")


def messages():
    """Return every message with the file that it stands in."""
    found = {}
    for path in sorted([*ROOT.glob("carstats/**/*.py"), *ROOT.glob("analyses/**/*.py")]):
        if "_bundled" not in path.parts:
            for message in literals(path.read_text(encoding="utf-8")):
                found.setdefault(message, path.relative_to(ROOT).as_posix())
    for source in sorted((ROOT / "analyses/notebooks").glob("*.ipynb")):
        for paragraph in markdown_paragraphs(source):
            found.setdefault(paragraph, f"analyses/notebooks/{source.name}")
    for category, term in terms():
        found.setdefault(term.label, f"the vocabulary's {category}")
    table = carstats.endpoint_catalogue()
    for column in ("definition", "thresholds"):
        for text in table[column]:
            found.setdefault(text, "the catalogue of endpoints")
    for text in carstats.important_differences()["note"]:
        found.setdefault(text, "the minimal important differences")
    return {message: place for message, place in found.items() if message}


def literals(code):
    """Yield the literals that a file gives to `tr`, `mark` and, as pairs, `tr_n`."""
    # Babel's own extraction overlooks calls that stand within the arguments of another.
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        wanted = ARGUMENTS.get(getattr(call.func, "id", ""), 0)
        for arg in call.args[:wanted]:
            if isinstance(arg, ast.JoinedStr | ast.BinOp):
                # It would stay English, and nothing would say so.
                sys.exit(f"not a literal: {ast.unparse(call)}")
        texts = [arg.value for arg in call.args[:wanted] if isinstance(arg, ast.Constant)]
        if wanted and len(texts) == wanted:
            yield texts[0] if wanted == 1 else tuple(texts)


def terms():
    """Yield every category and term of the vocabulary."""
    vocabulary = carstats.Vocabulary()
    for category in vocabulary.__dataclass_fields__:
        for term in getattr(vocabulary, category):
            yield category, term


class _Catalogue(Catalog):
    """A catalogue whose header does not name the release of Babel: every one writes the same."""

    @property
    def mime_headers(self):
        return [pair for pair in super().mime_headers if pair[0] != "Generated-By"]


def updated(old, found, given):
    """Return the catalogue of these messages with the translations that are known."""
    new = _Catalogue(
        locale="zh_CN", domain="carstats", project="carstats", version="", charset="utf-8",
        header_comment="# The words of carstats in simplified Chinese.", fuzzy=False,
        creation_date=_NO_DATE, revision_date=_NO_DATE, last_translator="", language_team="",
        msgid_bugs_address="",
    )  # fmt: skip
    for message, place in sorted(found.items(), key=lambda item: (item[1], str(item[0]))):
        one = message[0] if isinstance(message, tuple) else message
        known = old.get(one)
        text = given.get(one, known.string if known else "")
        if isinstance(message, tuple):
            text = (text,) if isinstance(text, str) else tuple(text[:1])
        elif isinstance(text, tuple):
            text = text[0]
        new.add(message, text, locations=[(place, None)])
    return new


def lacking(catalogue):
    """Return the messages without a translation, and those whose places differ from it."""
    wrong = []
    for message in catalogue:
        if not message.id:
            continue
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        # Either form of a plural may have the places that the translation needs.
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = {name for text in ids for name in PLACES.findall(text)}
        if not all(texts):
            wrong.append(f"not translated: {ids[0]!r}")
        elif any(set(PLACES.findall(text)) != wanted for text in texts):
            wrong.append(f"other places in {texts[0]!r} than in {ids[0]!r}")
    return wrong


def contents(catalogue):
    """Return the bytes of the catalogue's two files."""
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalogue, width=100, no_location=False, include_lineno=False)
    write_mo(mo, catalogue)
    return {"carstats.po": po.getvalue(), "carstats.mo": mo.getvalue()}


def read(folder=FOLDER):
    """Return the catalogue as it is, empty where there is none."""
    path = folder / "carstats.po"
    if not path.exists():
        return Catalog(locale="zh_CN")
    with path.open("rb") as file:
        return read_po(file, locale="zh_CN")


def main():
    """Write the catalogue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fill", type=Path, action="append", default=[])
    parser.add_argument("--lacking", type=Path, help="write what lacks as JSON to fill in")
    options = parser.parse_args()
    given = {}
    for file in options.fill:
        given |= json.loads(file.read_text(encoding="utf-8"))
    found = messages()
    catalogue = updated(read(), found, given)
    for name, content in contents(catalogue).items():
        (FOLDER / name).write_bytes(content)
    known = {message[0] if isinstance(message, tuple) else message for message in found}
    wrong = [f"no message of the code: {text!r}" for text in given if text not in known]
    wrong += lacking(catalogue)
    if options.lacking:
        empty = {
            m.id[0] if isinstance(m.id, tuple) else m.id: "" for m in catalogue
            if m.id and not any(m.string)
        }  # fmt: skip
        options.lacking.write_text(
            json.dumps(empty, ensure_ascii=False, indent=1), encoding="utf-8"
        )
    print(f"{len(catalogue)} messages, {len(wrong)} to mend")
    print("\n".join(wrong[:40]))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

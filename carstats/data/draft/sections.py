"""The lines of a `study.toml` in the making: what stands, what is asked, what is only offered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from carstats.messages import message

_BARE = re.compile(r"[A-Za-z0-9_-]+")
# What a section has to say before it may stand: one of each group.
_NEEDS = {
    "events": [("date", "time")],
    "toxicities": [("grade", "present", "severity")],
    "medications": [("drug_class",), ("start", "stop", "present")],
}
ON, ASK, OFF = "on", "ask", "off"
# Lines that are asked begin so; `carstats check` names them.
MARK = "# ? "


def quoted(text: object) -> str:
    """Return a text as TOML writes it."""
    text = str(text)
    for sign, code in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t"), ("\r", "")):
        text = text.replace(sign, code)
    return '"' + "".join(c for c in text if c >= " " and c != "\x7f") + '"'


def key(text: object) -> str:
    """Return a text as a key of TOML."""
    return str(text) if _BARE.fullmatch(str(text)) else quoted(text)


def listing(texts: Iterable[object]) -> str:
    """Return texts as a list of TOML."""
    return "[" + ", ".join(map(quoted, texts)) + "]"


def table(pairs: Iterable[tuple[object, str]]) -> str:
    """Return pairs of a key and what TOML says of it as an inline table."""
    return "{ " + ", ".join(f"{key(name)} = {value}" for name, value in pairs) + " }"


@dataclass
class Line:
    """One line: its key, what it says, whether it stands, and why."""

    name: str
    value: str
    state: str = ON
    why: str = ""


@dataclass
class Paper:
    """A `study.toml` in the making.

    Attributes
    ----------
    sections : dict
        By the parts of a section's name, its lines.
    told : list of str
        What is said before everything: which files were read, and which were not.
    unread : list of (str, list of str)
        Columns that are not read: why, and their headings.
    new_terms : dict
        By category, terms that the vocabulary lacks.
    """

    sections: dict[tuple[str, ...], list[Line]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    unread: list[tuple[str, list[str]]] = field(default_factory=list)
    new_terms: dict[str, dict[str, None]] = field(default_factory=dict)

    def add_vocabulary(self) -> None:
        """Ask for the study's own terms, to which values are recoded."""
        for category, terms in self.new_terms.items():
            why = message("terms of the study's own, for the recodes above")
            self.ask(("vocabulary",), category, listing(terms), why)

    def add(self, section: tuple[str, ...], name: str, value: str, state: str, why: str) -> None:
        """Add a line, unless its section says the same; TOML takes a key once."""
        lines = self.sections.setdefault(section, [])
        line = Line(str(name), value, state, why)
        if line in lines:
            return
        other = next(
            (x for x in lines if x.name == line.name and OFF not in (x.state, state)), None
        )
        if other is not None and other.value == value:
            return
        if other is not None and len(section) > 2 and section[1] == "values":
            other.state = ASK
            other.why = message(
                "two columns say different things of it: make them one in the sheet"
            )
            line.state = OFF
        elif other is not None:
            less = other if (other.state, state) == (ASK, ON) else line
            less.state, less.why = OFF, message("another heading for the same; only one is read")
        lines.append(line)

    def on(self, section: tuple[str, ...], name: str, value: str, why: str = "") -> None:
        """Add a line that stands."""
        self.add(section, name, value, ON, why)

    def ask(self, section: tuple[str, ...], name: str, value: str, why: str) -> None:
        """Add a line that is to be decided."""
        self.add(section, name, value, ASK, why)

    def off(self, section: tuple[str, ...], name: str, value: str, why: str = "") -> None:
        """Add a line that is offered, and need not be decided."""
        self.add(section, name, value, OFF, why)

    def says(self, section: tuple[str, ...], name: str) -> bool:
        """Return whether a section has a line of this name that stands."""
        return any(x.name == name and x.state == ON for x in self.sections.get(section, ()))

    def names(self, heading: str) -> bool:
        """Return whether any line, or what is told of columns that are not read, has a heading."""
        shown = quoted(heading)
        if any(heading in headings for _, headings in self.unread):
            return True
        return any(
            line.name == heading or shown in line.value or f"{key(heading)} = " in line.value
            for lines in self.sections.values()
            for line in lines
        )

    def undecided(self) -> list[str]:
        """Return what is to be decided, by section and key."""
        self.settle()
        found = [
            f"[{'.'.join(section)}] {line.name}"
            for section, lines in self.sections.items()
            for line in lines
            if line.state == ASK
        ]
        return list(dict.fromkeys(found))

    def settle(self) -> None:
        """Ask for the whole of a section that lacks what it needs."""
        for section, lines in self.sections.items():
            if len(section) != 2 or section[0] not in _NEEDS or section[1] in ("columns", "values"):
                continue
            standing = {line.name for line in lines if line.state == ON}
            if all(standing & set(names) for names in _NEEDS[section[0]]):
                continue
            if all(line.state == OFF for line in lines):
                continue
            if not any(line.state == ASK for line in lines):
                for line in lines:
                    line.state = ASK
                    line.why = line.why or message(
                        "it is not said whether there was one: is there a column for it?"
                    )

    def text(self, words: Callable[[str], str]) -> str:
        """Return the file's text in a language."""
        open_ = self.undecided()
        out = ["# " + line for told in self.told for line in words(told).split("\n")]
        out += [""] if out else []
        place = {section[:2]: i for i, section in reversed(list(enumerate(self.sections)))}
        order = sorted(
            self.sections,
            key=lambda s: (_ORDER.get(s[0], 9), len(s) > 1, place[s[:2]], len(s)),
        )
        if ("study",) not in self.sections:
            order.insert(0, ("study",))
        for section in order:
            lines = self.sections.get(section, [])
            name = ".".join(key(p) for p in section)
            if section == ("study",):
                out.append("[study]")
                out += self._open_lines(open_, words)
            elif any(line.state != OFF for line in lines) or not lines:
                out.append(f"[{name}]")
            else:
                out.append(f"# [{name}]")
            out += [_printed(line, words) for line in lines]
            out.append("")
        for why, headings in self.unread:
            out += _wrapped(words(why), headings)
        return "\n".join(out).rstrip("\n") + "\n"

    def _open_lines(self, open_: list[str], words: Callable[[str], str]) -> list[str]:
        if not open_:
            return []
        told = message(
            "To decide: the lines below that begin with `# ?`. Take away `# ?` where a line is"
            " right, correct it, or delete it;\nthen delete its name here, and at the end the"
            " whole list. `carstats check` refuses the study until then."
        )
        lines = ["# " + line for line in words(told).split("\n")]
        return [*lines, "undecided = [", *(f"  {quoted(item)}," for item in open_), "]"]


_ORDER = {"study": 0, "subjects": 1, "infusions": 2, "visits": 3, "assessments": 4, "responses": 5,
          "events": 6, "toxicities": 7, "medications": 8}  # fmt: skip


def _printed(line: Line, words: Callable[[str], str]) -> str:
    mark = {ON: "", ASK: MARK, OFF: "# "}[line.state]
    said = f"{key(line.name)} = {line.value}" if line.value else line.name
    why = f"   # {words(line.why)}" if line.why else ""
    return f"{mark}{said}{why}".replace("\n", " ")


def _wrapped(why: str, headings: list[str], width: int = 100) -> list[str]:
    out, line = [f"# {why}"], "#  "
    for i, heading in enumerate(headings):
        shown = " ".join(heading.split())[:60] + (";" if i < len(headings) - 1 else "")
        if len(line) + len(shown) > width:
            out.append(line)
            line = "#  "
        line += " " + shown
    return [*out, line]

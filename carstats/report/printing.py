"""What leaves for a terminal or a spreadsheet: no sign in it is one that the other side obeys."""

from __future__ import annotations

import re
import sys

# C0 and C1 controls but for tab and line feed, line separators, and the marks of direction: a label
# with one could colour, erase or reorder what stands before and after it.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def inert(text: object) -> str:
    """Return a text whose control and direction characters are written out, as ``\\x1b``."""
    return _OBEYED.sub(_written_out, str(text))


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def say(text: object, *, end: str = "\n", err: bool = False) -> None:
    """Print a text, inert."""
    print(inert(text), end=end, file=sys.stderr if err else sys.stdout, flush=True)


def inert_cell(cell: object) -> object:
    """Return a cell that is no formula to a spreadsheet: an apostrophe stands before one."""
    if not isinstance(cell, str) or len(cell) < 2 or cell[0] not in "=+-@\t\r\n":
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell

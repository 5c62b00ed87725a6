"""Runs the Python blocks of a page, for the site and for the test of it.

A block marked ``python`` runs, one after another with the names of those before, from the root of
the repository; what is only shown is marked ``py``, ``text``, ``console`` or by its language.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import carstats as cs

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```python\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
_read = functools.lru_cache(cs.read_study)


def blocks_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the code of every block of a page that runs."""
    for found in _BLOCK.finditer(text):
        yield text.count("\n", 0, found.start()) + 2, found.group(1)


@contextlib.contextmanager
def reading_once() -> Iterator[None]:
    """Stand in the root of the repository, and read each study of the pages only once."""
    real, before = cs.read_study, Path.cwd()

    def read_study(path: Any, mapping: Any = None) -> cs.Study:
        return real(path, mapping) if isinstance(mapping, dict) else _read(str(path), mapping)

    os.chdir(ROOT)
    cs.read_study = read_study
    try:
        yield
    finally:
        cs.read_study = real
        os.chdir(before)


def run_block(code: str, names: dict[str, Any], page: str, line: int = 1) -> tuple[str, Any]:
    """Run one block; return what it prints, and the value of its last line if that is one."""
    tree = ast.parse(code)
    ast.increment_lineno(tree, line - 1)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(tree, page, "exec"), names)
        value = eval(compile(last, page, "eval"), names) if last else None
    return said.getvalue(), value

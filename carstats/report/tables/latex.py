"""A table as LaTeX: a longtable in the style of journals, its heads repeated on each page.

great_tables writes LaTeX too, but without footnotes, repeated heads or wrapped text.
"""

from __future__ import annotations

import re

from carstats.report.tables.model import Content, Row
from carstats.report.tables.widths import LATEX_PAGE, column_shares, landscape, unbroken

# A leading "[" or "*" would be an option of the line break before it.
_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "[": "{[}",
    "*": "{*}",
    "`": r"\textasciigrave{}",
    "\u00a0": "~",
    "\u200a": r"\,",
    "\u202f": r"\,",
    "\u2003": r"\quad ",
    "–": "--",
    "—": "---",
    "−": r"$-$",
    "±": r"$\pm$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "∞": r"$\infty$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "²": r"\textsuperscript{2}",
    "³": r"\textsuperscript{3}",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "γ": r"$\gamma$",
    "δ": r"$\delta$",
    "κ": r"$\kappa$",
    "λ": r"$\lambda$",
    "μ": r"$\mu$",
    "µ": r"$\mu$",
    "τ": r"$\tau$",
    "χ": r"$\chi$",
    "…": r"\ldots{}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "\n": " ",
    # Between two hyphens, which would become a dash.
    "\ue000": "{}",
}
_PACKAGES = r"\usepackage[T1]{fontenc}\usepackage{array,booktabs,longtable}"


def table_latex(table: Content) -> str:
    """Return a table as LaTeX."""
    turned = landscape(table, LATEX_PAGE)
    packages = _PACKAGES + (r"\usepackage{pdflscape}" if turned else "")
    comments = [f"% Needs {packages}"]
    if _beyond_pdflatex(table):
        packages = packages.replace(r"\usepackage[T1]{fontenc}", r"\usepackage{fontspec,xeCJK}")
        comments = [
            f"% Needs XeLaTeX and {packages}",
            r"% with a font that has the characters, such as \setCJKmainfont{Noto Serif CJK SC}",
        ]
    n, head = len(table.align), _head(table)
    lines = [
        *comments,
        *([r"\begin{landscape}"] if turned else []),
        r"\begingroup\footnotesize\setlength{\tabcolsep}{3pt}",
        r"\setlength{\LTleft}{0pt}\setlength{\LTright}{\fill}",
        r"\begin{longtable}{@{}%",
        *(f"{column}%" for column in _columns(table)),
        "@{}}",
        rf"\caption{{{escaped(table.title)}}}\\",
        r"\toprule",
        *head,
        r"\endfirsthead",
        r"\toprule",
        *head,
        r"\endhead",
        rf"\midrule\multicolumn{{{n}}}{{r@{{}}}}{{\ldots}}\\",
        r"\endfoot",
        r"\bottomrule\addlinespace[2pt]",
        *(_note(n, letters, text) for letters, text in table.footnotes()),
        r"\endlastfoot",
    ]
    for place, (group, rows) in enumerate(table.groups()):
        if place and group:
            lines.append(r"\addlinespace[2pt]")
        if group:
            # The star keeps the page from breaking after a heading.
            lines.append(_across(n, rf"\textbf{{{escaped(group)}}}") + r"\\*")
        lines += [_row(row) for row in rows]
    lines += [r"\end{longtable}", r"\endgroup"]
    return "\n".join([*lines, *([r"\end{landscape}"] if turned else []), ""])


def escaped(text: str) -> str:
    """Return a text with every character that means something to LaTeX made harmless."""
    text = re.sub("-(?=-)", "-\ue000", text)
    return "".join(_SIGNS.get(character, character) for character in text)


def _beyond_pdflatex(table: Content) -> bool:
    """Return whether the text has letters that pdfLaTeX does not: beyond those of Europe."""
    texts = [table.title, *table.heads, *(spanner.text for spanner in table.spanners)]
    texts += [text for row in table.rows for text in (*row.cells, row.group)]
    texts += [text for _, text in table.footnotes()]
    return any(ord(c) > 0x17F and c not in _SIGNS for text in texts for c in text)


def _width(share: float, columns: int = 1) -> str:
    """Return a column's width, or that of several with the space between them."""
    text = rf"{share:.4f}\linewidth-2\tabcolsep"
    return rf"\dimexpr {text}+{2 * (columns - 1)}\tabcolsep\relax" if columns > 1 else (
        rf"\dimexpr {text}\relax"
    )  # fmt: skip


def _columns(table: Content) -> list[str]:
    sides = {"left": r">{\raggedright\arraybackslash}", "right": r">{\raggedleft\arraybackslash}"}
    return [
        f"{sides[side]}p{{{_width(share)}}}"
        for side, share in zip(table.align, column_shares(table, LATEX_PAGE), strict=True)
    ]


def _head(table: Content) -> list[str]:
    if not table.heads:
        return []
    lines = []
    if table.spanners:
        cells, rules, column = [], [], 0
        shares = column_shares(table, LATEX_PAGE)
        for spanner in sorted(table.spanners, key=lambda s: s.first):
            cells += [""] * (spanner.first - column)
            n = spanner.last - spanner.first + 1
            width = _width(sum(shares[spanner.first : spanner.last + 1]))
            cells.append(
                rf"\multicolumn{{{n}}}{{>{{\centering\arraybackslash}}p{{{width}}}}}"
                rf"{{{escaped(unbroken(spanner.text))}}}"
            )
            rules.append(rf"\cmidrule(lr){{{spanner.first + 1}-{spanner.last + 1}}}")
            column = spanner.last + 1
        cells += [""] * (len(table.heads) - column)
        lines += [" & ".join(cells) + r" \\", "".join(rules)]
    heads = [
        escaped(unbroken(head)) + _raised(letters)
        for head, letters in zip(table.heads, table.head_marks, strict=True)
    ]
    return [*lines, " & ".join(heads) + r" \\", r"\midrule"]


def _row(row: Row) -> str:
    inset = rf"\leftskip={row.indent}em " if row.indent else ""
    first = inset + escaped(row.cells[0]) + _raised(row.marks)
    return " & ".join([first, *map(escaped, row.cells[1:])]) + r" \\"


def _note(n: int, letters: str, text: str) -> str:
    return _across(n, f"{_raised(letters)}{escaped(text)}") + r"\\"


def _across(n: int, text: str) -> str:
    """Return a text over all columns, which wraps."""
    column = r"@{}>{\raggedright\arraybackslash}p{\linewidth}@{}"
    return rf"\multicolumn{{{n}}}{{{column}}}{{{text}}}"


def _raised(letters: str) -> str:
    return rf"\textsuperscript{{{letters}}}" if letters else ""

"""What a user does with a draft: every line that is asked is taken, or answered otherwise."""

from pathlib import Path


def decide(path: Path, answers: dict[str, str | None] | None = None) -> None:
    """Take every line that is asked as it stands; `answers` replaces those that begin so.

    An answer of None deletes the line.
    """
    kept, within = [], False
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("undecided = ["):
            within = True
        if within:
            within = not line.endswith("]")
            continue
        if line.startswith("# ? "):
            line = line.removeprefix("# ? ")
            found = next((a for a in answers or {} if line.startswith(a)), None)
            if found is not None:
                line = (answers or {})[found]
        if line is not None:
            kept.append(line)
    path.write_text("\n".join(kept), encoding="utf-8")

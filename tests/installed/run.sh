#!/bin/sh
# Install what is in dist/ into environments of its own, and use it away from the repository: the sdist,
# the wheel, and the wheel with its extras. `make dist` calls this; $1 is the Python of the lock.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
run=$1
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
cd "$away"
unset PYTHONPATH
# Beside the sheet lies no mapping: `draft` writes it.
mkdir sheet
cp "$root"/docs/examples/hospital/*.xlsx sheet

installed() {  # NAME FILE: an environment with the releases of the lock
    "$run" -m venv "$1"
    "$run" -m uv pip install --quiet --python "$1/bin/python" -c "$root/requirements.lock" "$2"
    count=$("$run" -m uv pip list --python "$1/bin/python" 2>/dev/null | tail -n +3 | wc -l)
    echo "=== $2: $count packages, $(du -sm "$1" | cut -f 1) MB"
}

last() {  # LINES COMMAND...: it works; its last lines
    lines=$1
    shift
    "$@" > said || { cat said >&2; echo "$* failed" >&2; exit 1; }
    tail -n "$lines" said
}

refused() {  # WORDS COMMAND...: it ends at once and names what it needs
    words=$1
    shift
    if "$@" > said 2>&1; then echo "$* did not fail" >&2; exit 1; fi
    grep -F "$words" said || { cat said >&2; exit 1; }
}

ls -l "$root"/dist
installed sdist "$(ls "$root"/dist/*.tar.gz)"
sdist/bin/carstats --version
sdist/bin/carstats check "$root/docs/examples/hospital" > /dev/null

installed base "$(ls "$root"/dist/*.whl)"
base/bin/carstats simulate --n 40 --out study
base/bin/carstats check study --derive > /dev/null
last 1 base/bin/carstats draft sheet
last 1 base/bin/carstats template registry.xlsx
base/bin/carstats endpoints > /dev/null
last 3 base/bin/carstats report "$root/docs/examples/hospital" --out report
last 1 base/bin/carstats validate
refused 'pip install "carstats[crosscheck]"' base/bin/carstats crosscheck study
refused 'pip install "carstats[notebooks,crosscheck]"' base/bin/carstats reproduce
# The types travel with it (py.typed).
cp "$root/tests/installed/program.py" .
"$run" -m mypy --strict --no-incremental --python-executable base/bin/python program.py

installed full "$(ls "$root"/dist/*.whl)[crosscheck,notebooks]"
last 4 full/bin/carstats crosscheck study --out crosschecked
# Where one stands, not where the package lies. `make verify` makes all; here a figure, a table and a notebook.
refused 'carstats reproduce writes them' full/bin/carstats verify
last 1 full/bin/carstats reproduce --only relapse_free_by_target --only baseline --only cohort
cd carstats-results
ls figures/relapse_free_by_target.svg figures/baseline.html reports/cohort.html

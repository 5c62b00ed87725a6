#!/usr/bin/env bash
# Regenerate the reference numbers. Needs R with survival, cmprsk and jsonlite (Debian:
# r-base-core r-cran-survival r-cran-cmprsk r-cran-jsonlite); `make test` does not.
set -euo pipefail
cd "$(dirname "$0")"
command -v Rscript >/dev/null || { echo "Rscript is not installed" >&2; exit 1; }
for script in *.R; do
  echo "$script"
  Rscript --vanilla "$script"
done

#!/usr/bin/env bash
# Regenerate the reference numbers; `make test` does not need it. Needs R with the packages (Debian's
# r-base-core and r-cran-*) survival, cmprsk, jsonlite, metafor, lme4, nlme, lmertest, numderiv, mets,
# mass, sandwich and haven, and for basket.R, which takes ten minutes, jags and r-cran-rjags.
set -euo pipefail
cd "$(dirname "$0")"
command -v Rscript >/dev/null || { echo "Rscript is not installed" >&2; exit 1; }
for script in *.R; do
  echo "$script"
  Rscript --vanilla "$script"
done

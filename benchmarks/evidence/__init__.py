"""What docs/coverage.md rests on: a module for each kind of estimate; `benchmarks/coverage.py` runs all."""

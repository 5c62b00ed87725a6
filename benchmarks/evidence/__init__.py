"""What docs/coverage.md rests on: a module for each kind; `benchmarks/coverage.py` runs them."""

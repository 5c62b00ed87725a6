"""What docs/coverage.md rests on: one module for each kind of estimate, `benchmarks/coverage.py` runs them."""

"""What docs/coverage.md rests on: one module for each kind of estimate."""

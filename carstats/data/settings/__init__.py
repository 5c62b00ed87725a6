"""The study's own file, study.toml: its keys and their checks."""

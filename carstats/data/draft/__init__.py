"""The draft of a `study.toml` from files that nobody has described yet."""

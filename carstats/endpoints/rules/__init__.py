"""The clinical rules, one file a disease or topic."""

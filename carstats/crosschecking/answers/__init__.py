"""Which second program answers for each analysis, by family."""

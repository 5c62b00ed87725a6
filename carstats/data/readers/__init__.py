"""From rows of text to the study tables: mapping, wide and long sheets, ADaM."""

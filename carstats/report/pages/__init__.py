"""Pages, and the files that outputs are saved to."""

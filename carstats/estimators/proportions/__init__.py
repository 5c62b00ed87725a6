"""One proportion, two, and tables of them."""

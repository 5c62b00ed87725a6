"""The engineered cells and B cells again: profiles, exposures, how long they are there or gone."""

"""Who is counted: the criteria, the cohort, and the strata it is split into."""

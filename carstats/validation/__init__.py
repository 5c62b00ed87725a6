"""Every estimator against the stored references, on the machine at hand."""

"""The report of a network of sites, and the page that a site signs before it sends its counts."""

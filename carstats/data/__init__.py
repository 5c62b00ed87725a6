"""Study data: the tables, their readers, the synthetic study and the published trials."""

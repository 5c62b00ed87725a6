"""Rules of blood: cells, antibodies, cytopenias."""

"""Rules of systemic lupus erythematosus and lupus nephritis."""

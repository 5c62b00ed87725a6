"""What the rules make of a study: responses, events, toxicities."""

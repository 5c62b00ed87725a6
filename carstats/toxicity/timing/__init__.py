"""When toxicities begin, end and recur."""

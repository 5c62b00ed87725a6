"""From a file to rows of text: formats, encodings, sheets, dates."""

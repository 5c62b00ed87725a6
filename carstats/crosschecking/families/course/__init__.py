"""What becomes of antibodies and drugs over time, worked out again."""

"""What becomes of antibodies, drugs and scores over time, worked out again."""

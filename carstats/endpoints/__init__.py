"""Clinical rules: visits, medications and laboratory values become responses, relapses, grades."""

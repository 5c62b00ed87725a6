"""A workbook to type a study into, which is read without a mapping."""

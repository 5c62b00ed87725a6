"""What runs analyses: the command line, the reproduction, its verification."""

"""What a person sees: the command line, the live terminal view, tables."""

"""Turn order files into packages: read, look, create, and account for every row."""

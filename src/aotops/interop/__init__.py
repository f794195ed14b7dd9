"""Other libraries: NumPy's functions on tensors, its dtypes, and its files."""

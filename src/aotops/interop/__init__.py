"""Other libraries: NumPy's functions on tensors, and its dtypes."""

"""Other libraries: NumPy's functions on tensors."""

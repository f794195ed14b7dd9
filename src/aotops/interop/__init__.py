"""Other libraries' arrays and numbers: as operands, as buffers, and NumPy's functions on tensors."""

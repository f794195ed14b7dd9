"""The chapters of the array API standard, and what they take as operands; above the native module only."""

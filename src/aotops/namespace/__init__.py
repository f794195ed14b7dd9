"""The chapters of the array API standard, and what they take as operands. They stand on the native core alone."""

"""The chapters of the array API standard: creation, data types, indexing, manipulation, statistics."""

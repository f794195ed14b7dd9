"""User-defined operators: declaring them, finding their kernels, running them as plain Python."""

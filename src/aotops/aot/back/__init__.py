"""LLVM: CPU levels, what kernels tell the optimiser, what must not be undefined, how large code becomes."""

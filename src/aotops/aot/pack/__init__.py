"""From records to extension modules: kernels, cache, worker processes, tables, libraries, the setuptools hook."""

"""Planning: cutting iteration spaces into tiles, for maps, folds and scans, in plain Python that the build compiles.

A plan is an array of int64 whose fields ``fields.py`` names. The glue fills in the iteration space, a planner adds the
tiles, and the glue (``native/launch.c``, ``fold.c``, ``scan.c``) walks the resulting grids.
"""

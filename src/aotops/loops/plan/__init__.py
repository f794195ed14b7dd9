"""How an iteration space is cut into tiles: for maps, folds and scans, in plain Python that the build compiles.

A planner reads what the glue wrote into a plan, and writes what is to be done into the same plan: an array of int64
whose fields ``fields.py`` names. The glue (``native/launch.c``, ``fold.c``, ``scan.c``) only walks the grids.
"""

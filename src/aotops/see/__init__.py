"""Seeing what runs: the plan of a call (``explain``), and the launches of a program (``trace``).

The native module reports launches (``native/see.c``) as the planner has planned them; nothing is planned here.
"""

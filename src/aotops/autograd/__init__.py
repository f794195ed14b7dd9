"""Gradients: recording calls, letting gradients flow back, and checking derivatives against finite differences.

``native/tape.h`` says what a node is. C records what is called most; for all else it calls ``calls.call``, which
finds a rule by the tables in ``kinds``.
"""

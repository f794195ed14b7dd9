"""How operators are iterated: loop nests and the planner, in plain Python that the build compiles."""

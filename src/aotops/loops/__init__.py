"""How operators are iterated: loop nests and planners, in plain Python that the build compiles."""

"""Array kernels: functions of whole arrays, from Python to object files."""

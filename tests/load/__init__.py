"""Many students at once. `python -m tests.load` starts a server of its own, fills it, and prints a table."""

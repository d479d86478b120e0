"""A trained network and its files."""

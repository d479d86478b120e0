"""The page Class: the door, and a module for each of its views."""

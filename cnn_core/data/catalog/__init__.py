"""The data sets that a student can choose, one file each: what they show, their shape, and where they come from."""

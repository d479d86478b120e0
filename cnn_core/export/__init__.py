"""A network, a recipe or a run, written down for use elsewhere: programs, files, a notebook, a report."""

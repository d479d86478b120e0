"""`python -m cnn_core.runs [folder]` serves a folder of runs."""

import sys

from cnn_core.runs.jobs.runner import main

if __name__ == "__main__":
    sys.exit(main())

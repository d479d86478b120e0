"""`python -m tests.faults --kills 200`: random kills, and a look at what is left."""

import sys

from tests.faults.campaign import main

if __name__ == "__main__":
    sys.exit(main())

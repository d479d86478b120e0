"""`python -m cnn_core.classroom list | end | wipe | forget`: the classes of a server, for its operator."""

import sys

from cnn_core.classroom.operating import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

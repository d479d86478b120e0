"""`python -m cnn_core.runs [folder]` serves a folder of runs; `list`, `stop` and `check` are for its operator."""

import sys

from cnn_core.runs.jobs import operating, runner

if __name__ == "__main__":
    is_command = sys.argv[1:2] in (["list"], ["stop"], ["check"])
    sys.exit(operating.main(sys.argv[1:]) if is_command else runner.main())

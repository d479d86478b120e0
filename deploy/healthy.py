"""`python -m deploy.healthy`: what /healthz says; status 0 where the server is sound. For a container's HEALTHCHECK."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request


def main() -> int:
    """Ask the server of this machine."""
    address = f"http://127.0.0.1:{os.environ.get('STREAMLIT_SERVER_PORT', '8501')}/healthz"
    try:
        with urllib.request.urlopen(address, timeout=8) as answer:
            print(answer.read().decode())
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode())
    except OSError as error:
        print(error)
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""``python -m dlcore``: the command ``dlcore``, where the folder of such commands is not on the path."""

import sys

from dlcore.lab.command import main

if __name__ == "__main__":
    sys.exit(main())

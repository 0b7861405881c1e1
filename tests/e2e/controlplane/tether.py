"""Becomes another program that the kernel ends together with its parent: ``tether.py PARENT_PID PROGRAM ARGS...``.

Test runs that are killed outright have no chance to stop what they started; this leaves nothing behind.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Tie this process to its parent, then run the program in its place."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the tie was made
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - no shell: the arguments are a list


main()

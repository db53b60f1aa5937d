"""Ends a process when the program that holds the other end of standard input is gone, however it went.

Run as `python -m streams.broker.leash PID STARTED`. A broker of the demo or of a test run must not outlive it, and a
program that is killed cannot tidy up; but the system closes its pipes, and this small process then does.
"""

import sys

from streams.broker.processes import end


def main(pid: str, started: str) -> None:
    """Wait for the end of standard input, then end process `pid`, provided it is still the one of that start."""
    sys.stdin.buffer.read()
    end(int(pid), started)


if __name__ == "__main__":
    main(*sys.argv[1:3])

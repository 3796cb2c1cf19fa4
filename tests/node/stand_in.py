"""A program that behaves like `allmende web` and `allmende worker` towards the supervisor, and serves nothing."""

import argparse
import os
import signal
import socket
import sys
from pathlib import Path

from_root = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(from_root))

from node.services.launcher import die_with_parent  # noqa: E402


def main() -> None:
    """Listen (web) or wait (worker) until SIGTERM, then note that this part has stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--name")
    parser.add_argument("--data-dir", type=Path)
    given = parser.parse_args()
    die_with_parent(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with socket.socket() as listener:
        if given.command == "web":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(("127.0.0.1", int(os.environ["STAND_IN_PORT"])))
            listener.listen()
        try:
            while True:
                signal.pause()
        except KeyboardInterrupt:
            with (given.data_dir / "stopped").open("a") as file:
                file.write(f"{given.name}\n")


main()

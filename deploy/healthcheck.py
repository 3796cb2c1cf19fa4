"""Ask this container's own node whether it is ready; exit status 0 says yes.

Run by Docker's HEALTHCHECK. It reads the same settings as the node, to ask on the address the node listens on,
and under its name as every other visitor does.
"""

import http.client
import os
import sys
from pathlib import Path

from node import configfile
from node.config import ConfigError, parse_listen

TIMEOUT_S = 4.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def ask(data_dir: Path) -> int:
    """The status of `/health/ready`; 0 when nobody answers."""
    config = configfile.load(data_dir)
    address = parse_listen(config.web.listen)
    host = _EVERYWHERE.get(address.host, address.host)
    link = http.client.HTTPConnection(host, address.port, timeout=TIMEOUT_S)
    try:
        link.request("GET", "/health/ready", headers={"Host": config.host})
        return link.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        link.close()


def main() -> int:
    """0 when the node is ready, else 1."""
    try:
        return 0 if ask(Path(os.environ.get("ALLMENDE_DATA_DIR", "/data"))) == 200 else 1
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

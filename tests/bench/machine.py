"""A yardstick: what three well-known pieces of work cost on this machine, and how busy it was.

Figures of two machines can be compared by it, and those of one machine on two days.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_AT_LEAST_S: Final = 0.25


def _cost_ms(work: Callable[[], object]) -> float:
    """CPU time of one call, the least of three tries."""
    tries = []
    for _ in range(3):
        count, began = 0, time.process_time()
        while time.process_time() - began < _AT_LEAST_S:
            work()
            count += 1
        tries.append((time.process_time() - began) * 1000 / count)
    return round(min(tries), 4)


def yardstick() -> dict[str, float]:
    """CPU milliseconds for an RSA-2048 signature, its verification, and a 2.5 kB note read as JSON."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public, words = key.public_key(), b"the leeks in bed four" * 20
    signature = key.sign(words, padding.PKCS1v15(), hashes.SHA256())
    note = json.dumps(
        {"type": "Note", "tag": [{"name": f"#t{n}"} for n in range(20)], "content": "leeks " * 300}
    )
    return {
        "rsa_sign_ms": _cost_ms(lambda: key.sign(words, padding.PKCS1v15(), hashes.SHA256())),
        "rsa_verify_ms": _cost_ms(
            lambda: public.verify(signature, words, padding.PKCS1v15(), hashes.SHA256())
        ),
        "json_ms": _cost_ms(lambda: json.loads(note)),
    }


def describe() -> dict[str, Any]:
    """The machine, its yardstick, and how many others wanted its cores a minute ago."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load_before": round(os.getloadavg()[0], 1),
        "yardstick": yardstick(),
    }

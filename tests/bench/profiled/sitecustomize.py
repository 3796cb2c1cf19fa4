"""Loaded by Python itself in every process of a profiled node (`tests.bench.profiling`), nowhere else."""

import atexit
import cProfile
import os
import sys
from pathlib import Path

_folder = os.environ.get("ALLMENDE_BENCH_PROFILE", "")
_part = next((word for word in ("web", "worker") if word in sys.orig_argv), "")
if _folder and _part:
    _profile = cProfile.Profile()
    _profile.enable()

    def _leave() -> None:
        _profile.disable()
        _profile.dump_stats(Path(_folder) / f"{_part}-{os.getpid()}.prof")

    atexit.register(_leave)

"""How a program of its own, fed by strangers, gives up what it does not need.

Imported by such programs alone, which a bare interpreter starts by path: so it imports nothing but what
sets limits, and starts nothing itself. Spec: threats RES-15, MED-01, MED-04.
"""

import resource


def confine(*, memory_bytes: int, cpu_s: int, open_files: int) -> None:
    """Limit this process for good: memory, seconds of work, files open at once; it writes none.

    With 3 the standard streams stay as they are, and nothing more can be opened: no file and no socket.
    """
    limits = (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, open_files),
    )
    for what, most in limits:
        # A limit the host set lower already stays as it is.
        hard = resource.getrlimit(what)[1]
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (wanted, wanted))

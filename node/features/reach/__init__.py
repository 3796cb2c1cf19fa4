"""Getting what never came by itself: the rest of a thread, and what somebody wrote before anyone here followed."""

from node.feature import Feature
from node.features.reach import backfill, threads
from node.wire import wants

FEATURE = Feature(
    name="reach",
    jobs={"thread": threads.run, "backfill": backfill.run},
    sweeps=(wants.sweep,),
    retention=(wants.forget,),
)

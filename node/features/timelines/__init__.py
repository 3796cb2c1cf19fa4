"""Home timelines, written when something is posted: fan-out to our own people in one statement."""

from node.feature import Feature

FEATURE = Feature(name="timelines")

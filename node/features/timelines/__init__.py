"""Home timelines, written when something is posted: fan-out to our own people in one statement."""

from node.feature import Feature
from node.features.timelines import retention

FEATURE = Feature(name="timelines", retention=(retention.trim_homes,))

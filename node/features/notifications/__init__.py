"""What our people are told about; written here, read and shown by `reading`."""

from node.feature import Feature
from node.features.notifications import retention

FEATURE = Feature(name="notifications", retention=(retention.forget,))

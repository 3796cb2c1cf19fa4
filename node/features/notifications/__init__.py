"""What our people are told about; written here, read and shown by `reading`."""

from node.feature import Feature

FEATURE = Feature(name="notifications")

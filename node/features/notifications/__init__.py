"""What our people are told about; written here, read and shown by `reading`."""

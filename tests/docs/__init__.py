"""What the documents claim is compared with what the program does."""

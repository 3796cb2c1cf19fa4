"""What those who run a group do with the posts in it; pages and programs call this."""

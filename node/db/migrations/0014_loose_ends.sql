-- Answers of a post in the order they were written: lists of them are read page by page.
DROP INDEX posts_reply;
CREATE INDEX posts_reply ON posts (in_reply_to_id, id) WHERE in_reply_to_id IS NOT NULL;

-- Messages somebody wrote; those to somebody are found by who is named.
CREATE INDEX posts_direct ON posts (author_id, id DESC) WHERE audience = 'direct';

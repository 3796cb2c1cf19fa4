-- Files that only an earlier version of a post shows: they stay while the post does.
ALTER TABLE media ADD COLUMN revision_of bigint REFERENCES posts (id) ON DELETE CASCADE;
CREATE INDEX media_revision_of ON media (revision_of) WHERE revision_of IS NOT NULL;

DROP INDEX media_unattached;
CREATE INDEX media_unattached ON media (created_at)
    WHERE post_id IS NULL AND revision_of IS NULL AND purpose = 'post';

-- Room is counted for a member and for all together, without reading a row.
CREATE INDEX media_kept ON media (owner_id) INCLUDE (bytes) WHERE file_key <> '';

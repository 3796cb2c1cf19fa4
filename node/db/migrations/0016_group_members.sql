-- Groups of others that were known before this house knew what a group is, and the notices of groups.

INSERT INTO groups (actor_id, openness, visibility, created_at)
SELECT a.id, CASE WHEN a.locked THEN 'moderated' ELSE 'open' END,
       CASE WHEN a.discoverable THEN 'public' ELSE 'unlisted' END, a.created_at
FROM actors a WHERE a.kind = 'Group' AND NOT a.local AND a.deleted_at IS NULL;

-- Whoever follows a group belongs to it.
INSERT INTO members (id, uri, group_id, actor_id, state, joined_at, created_at)
SELECT f.id, f.uri, f.followee_id, f.follower_id, CASE WHEN f.state = 'accepted' THEN 'member' ELSE 'asked' END,
       f.accepted_at, f.created_at
FROM follows f JOIN groups g ON g.actor_id = f.followee_id;

ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check CHECK (kind IN
    ('mention', 'status', 'reblog', 'follow', 'follow_request', 'favourite', 'update', 'admin.sign_up',
     'admin.report', 'move', 'poll', 'reaction', 'quote', 'quoted_update', 'report.closed',
     'group_invite', 'group_request', 'group_joined', 'group_left', 'group_role', 'group_warning'));

-- A ban that ended by itself, or was lifted, frees its row; who was banned is found by both ends.
CREATE INDEX group_bans_group ON group_bans (group_id, id DESC);

-- A notice about a group says which.
ALTER TABLE notifications ADD COLUMN group_id bigint REFERENCES groups ON DELETE CASCADE;
CREATE INDEX notifications_group ON notifications (group_id) WHERE group_id IS NOT NULL;
DROP INDEX notifications_once;
CREATE UNIQUE INDEX notifications_once
    ON notifications (owner_id, kind, actor_id, COALESCE(post_id, group_id, 0));

-- What was said to get in: the answer must echo it.
ALTER TABLE members ADD COLUMN form text NOT NULL DEFAULT 'Follow'
    CHECK (form IN ('Follow', 'Join', 'Invite'));

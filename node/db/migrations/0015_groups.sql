-- Groups: what they are, who belongs to them and in which role, and what those who run them did.

-- ─── groups ─────────────────────────────────────────────────────────────────

-- Ours, whose truth is here, and copies of others' that somebody of ours belongs to.
CREATE TABLE groups (
    actor_id        bigint PRIMARY KEY REFERENCES actors ON DELETE CASCADE,
    openness        text NOT NULL DEFAULT 'open' CHECK (openness IN ('open', 'moderated', 'invite_only')),
    visibility      text NOT NULL DEFAULT 'public'
                    CHECK (visibility IN ('public', 'unlisted', 'private', 'local')),
    question        text NOT NULL DEFAULT '',            -- asked of who wants to join; '' for none
    rules           text[] NOT NULL DEFAULT '{}',
    languages       text[] NOT NULL DEFAULT '{}',        -- BCP 47
    place           text NOT NULL DEFAULT '',
    posting         text NOT NULL DEFAULT 'members' CHECK (posting IN ('members', 'moderators')),
    newcomer_posts  integer NOT NULL DEFAULT 0 CHECK (newcomer_posts >= 0),  -- so many wait to be let through
    slow_mode_s     integer NOT NULL DEFAULT 0 CHECK (slow_mode_s >= 0),     -- between two posts of one member
    log_visibility  text NOT NULL DEFAULT 'members' CHECK (log_visibility IN ('public', 'members')),
    members_count   integer NOT NULL DEFAULT 0,
    members_uri     text NOT NULL DEFAULT '',
    moderators_uri  text NOT NULL DEFAULT '',
    checked_at      timestamptz,                         -- when membership was last compared with its house
    archived_at     timestamptz,
    ends_at         timestamptz,                         -- it was given notice: deleted then
    created_at      timestamptz NOT NULL
);
CREATE INDEX groups_listed ON groups (members_count DESC, actor_id)
    WHERE visibility IN ('public', 'local') AND archived_at IS NULL;
CREATE INDEX groups_ending ON groups (ends_at) WHERE ends_at IS NOT NULL;
CREATE INDEX groups_unchecked ON groups (checked_at NULLS FIRST);

CREATE TABLE topics (            -- what is talked about in a group; each can be followed alone
    id          bigint PRIMARY KEY,
    group_id    bigint NOT NULL REFERENCES groups ON DELETE CASCADE,
    name        text NOT NULL,
    position    integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL
);
CREATE UNIQUE INDEX topics_name ON topics (group_id, lower(name));

-- ─── who belongs ────────────────────────────────────────────────────────────

-- One row for each pair, whatever happened between them. The group's house owns the truth: elsewhere
-- it is a copy. A member also follows the group's actor: that is how posts reach them.
CREATE TABLE members (
    id          bigint PRIMARY KEY,
    uri         text NOT NULL,                           -- of the Join, Follow or Invite it came from
    group_id    bigint NOT NULL REFERENCES groups ON DELETE CASCADE,
    actor_id    bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    state       text NOT NULL CHECK (state IN ('invited', 'asked', 'member')),
    role        text NOT NULL DEFAULT 'member'
                CHECK (role IN ('member', 'editor', 'moderator', 'admin', 'owner')),
    answer      text NOT NULL DEFAULT '',                -- to the group's question
    invited_by  bigint REFERENCES actors ON DELETE SET NULL,
    level       text NOT NULL DEFAULT 'mentions' CHECK (level IN ('everything', 'posts', 'mentions', 'nothing')),
    digest      boolean NOT NULL DEFAULT false,
    joined_at   timestamptz,
    last_post_at timestamptz,
    posts_let_through integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    UNIQUE (group_id, actor_id)
);
CREATE UNIQUE INDEX members_uri ON members (uri);
CREATE INDEX members_actor ON members (actor_id, group_id);
CREATE INDEX members_asked ON members (group_id, id) WHERE state = 'asked';
CREATE INDEX members_leading ON members (group_id, role) WHERE state = 'member' AND role <> 'member';
CREATE INDEX members_invited_by ON members (invited_by) WHERE invited_by IS NOT NULL;

CREATE TABLE topic_choices (     -- topics a member wants; no row at all: every topic
    topic_id   bigint NOT NULL REFERENCES topics ON DELETE CASCADE,
    actor_id   bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    PRIMARY KEY (topic_id, actor_id)
);
CREATE INDEX topic_choices_actor ON topic_choices (actor_id);

CREATE TABLE group_bans (        -- who may not come back, member or not
    id          bigint PRIMARY KEY,
    uri         text NOT NULL UNIQUE,                    -- of the Block
    group_id    bigint NOT NULL REFERENCES groups ON DELETE CASCADE,
    actor_id    bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    by_id       bigint REFERENCES actors ON DELETE SET NULL,
    reason      text NOT NULL DEFAULT '',
    expires_at  timestamptz,
    created_at  timestamptz NOT NULL,
    UNIQUE (group_id, actor_id)
);
CREATE INDEX group_bans_actor ON group_bans (actor_id);
CREATE INDEX group_bans_by ON group_bans (by_id) WHERE by_id IS NOT NULL;
CREATE INDEX group_bans_expiring ON group_bans (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE group_invites (     -- a link that lets in whoever holds it
    id          bigint PRIMARY KEY,
    group_id    bigint NOT NULL REFERENCES groups ON DELETE CASCADE,
    code_hash   bytea NOT NULL UNIQUE,
    email       text NOT NULL DEFAULT '',                -- when it was sent to one address
    created_by  bigint REFERENCES actors ON DELETE SET NULL,
    max_uses    integer NOT NULL DEFAULT 1 CHECK (max_uses > 0),
    uses        integer NOT NULL DEFAULT 0,
    expires_at  timestamptz,
    revoked_at  timestamptz,
    created_at  timestamptz NOT NULL,
    CHECK (uses <= max_uses)
);
CREATE INDEX group_invites_group ON group_invites (group_id, id DESC);
CREATE INDEX group_invites_created_by ON group_invites (created_by) WHERE created_by IS NOT NULL;

-- What those who run a group did, with the reason; an undone entry says which one undid it.
CREATE TABLE group_log (
    id          bigint PRIMARY KEY,
    uri         text NOT NULL DEFAULT '',                -- of the activity, where one was
    group_id    bigint NOT NULL REFERENCES groups ON DELETE CASCADE,
    by_id       bigint REFERENCES actors ON DELETE SET NULL,
    action      text NOT NULL,                           -- words of groups/service/log.py
    target_id   bigint REFERENCES actors ON DELETE SET NULL,
    post_id     bigint REFERENCES posts ON DELETE SET NULL,
    reason      text NOT NULL DEFAULT '',
    detail      jsonb NOT NULL DEFAULT '{}',             -- such as the old role and the new
    undone_by   bigint REFERENCES group_log ON DELETE SET NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX group_log_group ON group_log (group_id, id DESC);
CREATE INDEX group_log_by ON group_log (by_id) WHERE by_id IS NOT NULL;
CREATE INDEX group_log_target ON group_log (target_id) WHERE target_id IS NOT NULL;
CREATE INDEX group_log_post ON group_log (post_id) WHERE post_id IS NOT NULL;
CREATE INDEX group_log_undone_by ON group_log (undone_by) WHERE undone_by IS NOT NULL;

-- ─── posts in groups ────────────────────────────────────────────────────────

ALTER TABLE posts DROP CONSTRAINT posts_audience_check;
ALTER TABLE posts ADD CONSTRAINT posts_audience_check
    CHECK (audience IN ('public', 'unlisted', 'followers', 'direct', 'local', 'group'));
ALTER TABLE posts
    ADD COLUMN group_id bigint REFERENCES groups ON DELETE SET NULL,
    ADD COLUMN topic_id bigint REFERENCES topics ON DELETE SET NULL,
    ADD COLUMN group_state text NOT NULL DEFAULT ''      -- '' stands; waiting: to be let through
    CHECK (group_state IN ('', 'waiting', 'removed')),
    ADD COLUMN locked_at timestamptz;                    -- nobody may answer any more
CREATE INDEX posts_group ON posts (group_id, id DESC) WHERE group_id IS NOT NULL;
CREATE INDEX posts_group_threads ON posts (group_id, id DESC)
    WHERE group_id IS NOT NULL AND in_reply_to_id IS NULL AND group_state = '';
CREATE INDEX posts_group_waiting ON posts (group_id, id) WHERE group_state = 'waiting';
CREATE INDEX posts_topic ON posts (topic_id, id DESC) WHERE topic_id IS NOT NULL;

CREATE TABLE group_pins (
    group_id   bigint NOT NULL REFERENCES groups ON DELETE CASCADE,
    post_id    bigint NOT NULL REFERENCES posts ON DELETE CASCADE,
    pinned_at  timestamptz NOT NULL,
    PRIMARY KEY (group_id, post_id)
);
CREATE INDEX group_pins_post ON group_pins (post_id);

-- Who may see a post; `group` is for the members of its group, wherever they are. What waits or was
-- removed is seen by its author, and by those who run the group in pages of their own.
CREATE OR REPLACE FUNCTION visible_to(p posts, viewer bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p.author_id = viewer THEN true
        WHEN p.group_state <> '' THEN false
        WHEN viewer IS NOT NULL AND EXISTS (
            SELECT 1 FROM blocks b
            WHERE (b.actor_id = p.author_id AND b.target_id = viewer)
               OR (b.actor_id = viewer AND b.target_id = p.author_id)) THEN false
        WHEN p.audience IN ('public', 'unlisted') THEN true
        WHEN viewer IS NULL THEN false
        WHEN p.audience = 'group' THEN EXISTS (
            SELECT 1 FROM members m
            WHERE m.group_id = p.group_id AND m.actor_id = viewer AND m.state = 'member')
        WHEN EXISTS (SELECT 1 FROM post_mentions m WHERE m.post_id = p.id AND m.actor_id = viewer) THEN true
        WHEN p.audience = 'local' THEN EXISTS (SELECT 1 FROM actors a WHERE a.id = viewer AND a.local)
        WHEN p.audience = 'followers' THEN EXISTS (
            SELECT 1 FROM follows f
            WHERE f.followee_id = p.author_id AND f.follower_id = viewer AND f.state = 'accepted')
        ELSE false
    END
$$;

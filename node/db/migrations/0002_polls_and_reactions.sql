-- Polls with their votes, and emoji reactions.

-- 'quote' and 'quoted_update' are written by what comes next; the list is kept whole in one place.
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check
    CHECK (kind IN ('mention', 'status', 'reblog', 'follow', 'follow_request', 'favourite', 'update',
                    'admin.sign_up', 'admin.report', 'move', 'poll', 'reaction', 'quote', 'quoted_update'));

CREATE TABLE polls (             -- what a post of kind Question asks
    post_id       bigint PRIMARY KEY REFERENCES posts ON DELETE CASCADE,
    multiple      boolean NOT NULL,
    hide_totals   boolean NOT NULL DEFAULT false,   -- until it ends
    ends_at       timestamptz,
    voters_count  integer,                       -- NULL: the author's node does not say
    counted_at    timestamptz NOT NULL,          -- when counts last came from, or went to, other nodes
    untold        boolean NOT NULL DEFAULT false,   -- ours: votes were counted since then
    ended_at      timestamptz                    -- when those who took part were told of the end
);
CREATE INDEX polls_ending ON polls (ends_at) WHERE ended_at IS NULL AND ends_at IS NOT NULL;
CREATE INDEX polls_untold ON polls (counted_at) WHERE untold;

CREATE TABLE poll_options (
    post_id  bigint NOT NULL REFERENCES polls ON DELETE CASCADE,
    place    smallint NOT NULL,                  -- from 0, as the author ordered them
    title    text NOT NULL,
    votes    integer NOT NULL DEFAULT 0,         -- as the author's node says; the rows below are not all
    PRIMARY KEY (post_id, place)
);

CREATE TABLE poll_votes (        -- who chose what: read to count once and to show people their own, nothing else
    post_id     bigint NOT NULL REFERENCES polls ON DELETE CASCADE,
    actor_id    bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    slot        smallint NOT NULL,               -- the place where several may be chosen, else 0: one row a person
    place       smallint NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (post_id, actor_id, slot)
);
CREATE INDEX poll_votes_actor ON poll_votes (actor_id);

ALTER TABLE post_revisions ADD COLUMN poll_options text[] NOT NULL DEFAULT '{}';

ALTER TABLE posts ADD COLUMN reactions_count integer NOT NULL DEFAULT 0;

CREATE TABLE reactions (         -- one emoji of one person on one post; a like is no reaction
    id           bigint PRIMARY KEY,
    uri          text NOT NULL UNIQUE,
    actor_id     bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    post_id      bigint NOT NULL REFERENCES posts ON DELETE CASCADE,
    emoji        text NOT NULL,                  -- the emoji itself, or `:shortcode:`
    picture_url  text NOT NULL DEFAULT '',       -- of a shortcode; shown through the media proxy only
    created_at   timestamptz NOT NULL,
    UNIQUE (actor_id, post_id, emoji)
);
CREATE INDEX reactions_post ON reactions (post_id, id);

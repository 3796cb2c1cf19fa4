-- Reach: what this node asks of the network in the background, whole threads, handles whose host is
-- not that of the id, relays.

CREATE TABLE wants (             -- asked of the network once, however many people look
    kind            text NOT NULL CHECK (kind IN ('thread', 'backfill', 'followers', 'handle')),
    subject_id      bigint NOT NULL,             -- a thread for 'thread', an actor for the others
    detail          text NOT NULL DEFAULT '',
    asked_at        timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    ended_at        timestamptz,
    code            text NOT NULL DEFAULT '',    -- why it ended without what was wanted
    PRIMARY KEY (kind, subject_id)
);
CREATE INDEX wants_due ON wants (next_attempt_at) WHERE ended_at IS NULL;
CREATE INDEX wants_ended ON wants (ended_at) WHERE ended_at IS NOT NULL;

ALTER TABLE posts ADD COLUMN context_uri text NOT NULL DEFAULT '';   -- FEP-7888, as the author gave it

ALTER TABLE activities ADD COLUMN for_followers boolean NOT NULL DEFAULT false;  -- FEP-8fcf: not public

ALTER TABLE actors ADD COLUMN handle_host text NOT NULL DEFAULT '';  -- of the confirmed handle, mostly the id's
UPDATE actors SET handle_host = host;
CREATE INDEX actors_shown_handle ON actors (lower(username), handle_host);

ALTER TABLE hosts ADD COLUMN handles_checked_at timestamptz;         -- its handles are at the host itself

CREATE TABLE relays (            -- whether we follow one, and it said yes, stands in follows
    actor_id    bigint PRIMARY KEY REFERENCES actors ON DELETE CASCADE,
    form        text NOT NULL CHECK (form IN ('public', 'actor')),   -- what is followed: everything, or the relay
    created_at  timestamptz NOT NULL
);

-- Lists of people somebody brings along from elsewhere, followed, blocked or muted one after the other.
CREATE TABLE import_lines (
    id              bigint PRIMARY KEY,
    owner_id        bigint NOT NULL REFERENCES accounts (actor_id) ON DELETE CASCADE,
    kind            text NOT NULL CHECK (kind IN ('follow', 'block', 'mute')),
    handle          text NOT NULL,
    flag            boolean NOT NULL,                -- follow: show their boosts; mute: notifications too
    state           text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'done', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    code            text NOT NULL DEFAULT '',        -- why it failed
    UNIQUE (owner_id, kind, handle)
);
CREATE INDEX import_lines_due ON import_lines (next_attempt_at) WHERE state = 'due';
CREATE INDEX import_lines_created ON import_lines (created_at);

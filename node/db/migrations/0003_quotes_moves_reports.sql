-- Quotes with their author's consent (FEP-044f), moves of people and groups, and reports with a
-- copy of what they are about.

-- ─── quotes ─────────────────────────────────────────────────────────────────

-- Who may quote a post, as its author says: words of posts/store/quotes.py; '' nothing was said.
ALTER TABLE posts ADD COLUMN quote_policy text NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN default_quote_policy text NOT NULL DEFAULT 'public'
    CHECK (default_quote_policy IN ('public', 'followers', 'nobody'));

CREATE TABLE quotes (            -- a post that quotes another, and how its author answered
    post_id     bigint PRIMARY KEY REFERENCES posts ON DELETE CASCADE,
    quoted_uri  text NOT NULL,
    quoted_id   bigint REFERENCES posts ON DELETE SET NULL,
    state       text NOT NULL CHECK (state IN ('pending', 'accepted', 'rejected', 'revoked')),
    stamp_uri   text NOT NULL DEFAULT '',        -- the QuoteAuthorization, ours or the quoted author's
    created_at  timestamptz NOT NULL
);
CREATE INDEX quotes_quoted ON quotes (quoted_id, post_id DESC) WHERE quoted_id IS NOT NULL;
CREATE INDEX quotes_stamp ON quotes (stamp_uri) WHERE stamp_uri <> '';

CREATE TABLE quote_stamps (      -- leave that our people gave to quote a post of theirs
    id           bigint PRIMARY KEY,
    post_id      bigint NOT NULL REFERENCES posts ON DELETE CASCADE,    -- the quoted one
    actor_id     bigint NOT NULL REFERENCES actors ON DELETE CASCADE,   -- who quotes it
    quoting_uri  text NOT NULL,
    created_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    UNIQUE (post_id, quoting_uri)
);
CREATE INDEX quote_stamps_actor ON quote_stamps (actor_id);

-- ─── moves ──────────────────────────────────────────────────────────────────

CREATE TABLE moves (             -- somebody went on under another address
    id          bigint PRIMARY KEY,
    actor_id    bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    target_id   bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    created_at  timestamptz NOT NULL,
    ended_at    timestamptz                      -- set once all our followers went along
);
CREATE INDEX moves_actor ON moves (actor_id, id DESC);
CREATE INDEX moves_target ON moves (target_id);
CREATE INDEX moves_open ON moves (id) WHERE ended_at IS NULL;

-- ─── reports ────────────────────────────────────────────────────────────────

CREATE TABLE reports (           -- somebody asks the moderators to look at somebody
    id            bigint PRIMARY KEY,
    uri           text NOT NULL,                 -- the Flag's id, theirs or ours
    source_host   text NOT NULL DEFAULT '',      -- '' when a member of this house wrote it
    reporter_id   bigint REFERENCES actors ON DELETE SET NULL,
    target_id     bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    category      text NOT NULL CHECK (category IN ('other', 'spam', 'legal', 'violation')),
    rules         jsonb NOT NULL DEFAULT '[]',   -- the house's rules it names, as they stood then
    comment       text NOT NULL DEFAULT '',
    forwarded     boolean NOT NULL DEFAULT false,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    assigned_id   bigint REFERENCES actors ON DELETE SET NULL,
    closed_by_id  bigint REFERENCES actors ON DELETE SET NULL,
    closed_at     timestamptz,
    created_at    timestamptz NOT NULL,
    UNIQUE (uri, target_id)
);
CREATE INDEX reports_state ON reports (state, id DESC);
CREATE INDEX reports_target ON reports (target_id, id DESC);
CREATE INDEX reports_reporter ON reports (reporter_id);
CREATE INDEX reports_assigned ON reports (assigned_id);
CREATE INDEX reports_closed_by ON reports (closed_by_id);
CREATE INDEX reports_source ON reports (source_host, created_at DESC) WHERE source_host <> '';

CREATE TABLE report_posts (      -- what was reported, as it stood then
    report_id     bigint NOT NULL REFERENCES reports ON DELETE CASCADE,
    uri           text NOT NULL,
    post_id       bigint REFERENCES posts ON DELETE SET NULL,
    html          text NOT NULL,
    warning       text NOT NULL DEFAULT '',
    media         jsonb NOT NULL DEFAULT '[]',
    published_at  timestamptz NOT NULL,
    PRIMARY KEY (report_id, uri)
);
CREATE INDEX report_posts_post ON report_posts (post_id) WHERE post_id IS NOT NULL;

CREATE TABLE report_notes (      -- what moderators write to each other about it
    id          bigint PRIMARY KEY,
    report_id   bigint NOT NULL REFERENCES reports ON DELETE CASCADE,
    author_id   bigint REFERENCES actors ON DELETE SET NULL,
    text        text NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX report_notes_report ON report_notes (report_id, id);
CREATE INDEX report_notes_author ON report_notes (author_id);

-- ─── what people are told ───────────────────────────────────────────────────

ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check CHECK (kind IN (
    'mention', 'status', 'reblog', 'follow', 'follow_request', 'favourite', 'update', 'admin.sign_up',
    'admin.report', 'move', 'poll', 'reaction', 'quote', 'quoted_update', 'report.closed'));

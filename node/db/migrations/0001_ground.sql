-- The ground everything else stands on: hosts, actors and their keys, accounts and
-- sessions, posts and what people do with them, the wire's own queues.
--
-- Ids are 63-bit and time-sorted (node/ids.py); times are timestamptz in UTC; a host is
-- lower-case ASCII, with its port in the lab. Every foreign key has an index.

CREATE SEQUENCE process_numbers AS bigint;   -- each process takes one, so ids never collide

CREATE TABLE settings (          -- what admins change at run time (config is what hosts change)
    key         text PRIMARY KEY,
    value       jsonb NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE hosts (             -- one row per remote host we ever spoke with
    host            text PRIMARY KEY,
    scheme          text NOT NULL DEFAULT '' CHECK (scheme IN ('', 'cavage', 'rfc9421')),  -- '': not known yet
    software        text NOT NULL DEFAULT '',
    first_seen_at   timestamptz NOT NULL,
    last_heard_at   timestamptz,             -- last verified request from it
    failures        integer NOT NULL DEFAULT 0,
    failing_since   timestamptz,
    next_attempt_at timestamptz,             -- set while its deliveries pause
    leased_until    timestamptz,             -- a delivery job holds the host until then
    refused_at      timestamptz              -- this node speaks with it no more
);

CREATE TABLE actors (            -- people, groups, organisations, services; ours and others'
    id                bigint PRIMARY KEY,
    uri               text NOT NULL UNIQUE,
    local             boolean NOT NULL,
    host              text NOT NULL,
    kind              text NOT NULL CHECK (kind IN ('Person', 'Group', 'Organization', 'Application', 'Service')),
    username          text NOT NULL,
    display_name      text NOT NULL DEFAULT '',
    summary_html      text NOT NULL DEFAULT '',
    summary_source    text NOT NULL DEFAULT '',
    url               text NOT NULL DEFAULT '',
    inbox_uri         text NOT NULL,
    shared_inbox_uri  text NOT NULL DEFAULT '',
    outbox_uri        text NOT NULL DEFAULT '',
    followers_uri     text NOT NULL DEFAULT '',
    following_uri     text NOT NULL DEFAULT '',
    featured_uri      text NOT NULL DEFAULT '',
    avatar_url        text NOT NULL DEFAULT '',    -- remote address, or our own /media/… path
    avatar_alt        text NOT NULL DEFAULT '',
    header_url        text NOT NULL DEFAULT '',
    header_alt        text NOT NULL DEFAULT '',
    fields            jsonb NOT NULL DEFAULT '[]', -- [{"name", "value" (clean HTML), "source"}]
    locked            boolean NOT NULL DEFAULT false,
    discoverable      boolean NOT NULL DEFAULT false,
    indexable         boolean NOT NULL DEFAULT false,
    also_known_as     text[] NOT NULL DEFAULT '{}',
    moved_to_uri      text NOT NULL DEFAULT '',
    public_key_id     text NOT NULL DEFAULT '',
    public_key_pem    text NOT NULL DEFAULT '',
    ed25519_key_id    text NOT NULL DEFAULT '',
    ed25519_multibase text NOT NULL DEFAULT '',
    followers_count   integer NOT NULL DEFAULT 0,  -- ours: exact; others': what they say
    following_count   integer NOT NULL DEFAULT 0,
    posts_count       integer NOT NULL DEFAULT 0,
    last_post_at      timestamptz,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    fetched_at        timestamptz,
    suspended_at      timestamptz,
    deleted_at        timestamptz
);
CREATE UNIQUE INDEX actors_handle ON actors (lower(username), host);
CREATE INDEX actors_local ON actors (id) WHERE local;
CREATE INDEX actors_host ON actors (host);
CREATE INDEX actors_url ON actors (url);
CREATE INDEX actors_name_search ON actors (lower(display_name) text_pattern_ops);
CREATE INDEX actors_username_search ON actors (lower(username) text_pattern_ops);

CREATE TABLE actor_secrets (     -- private keys of our own actors, sealed (federation.keys)
    actor_id        bigint PRIMARY KEY REFERENCES actors ON DELETE CASCADE,
    rsa_sealed      text NOT NULL,
    ed25519_sealed  text NOT NULL,
    created_at      timestamptz NOT NULL
);

CREATE TABLE public_keys (       -- keys of others, as their origin served them
    key_id       text PRIMARY KEY,
    owner_uri    text NOT NULL,
    host         text NOT NULL,
    pem          text NOT NULL DEFAULT '',
    multibase    text NOT NULL DEFAULT '',
    fetched_at   timestamptz NOT NULL,
    refreshed_at timestamptz NOT NULL           -- last attempt, bounds refetching
);
CREATE INDEX public_keys_owner ON public_keys (owner_uri);

-- ─── accounts ───────────────────────────────────────────────────────────────

CREATE TABLE invites (
    id          bigint PRIMARY KEY,
    code_hash   bytea NOT NULL UNIQUE,
    created_by  bigint REFERENCES actors ON DELETE SET NULL,
    note        text NOT NULL DEFAULT '',
    max_uses    integer NOT NULL DEFAULT 1 CHECK (max_uses > 0),
    uses        integer NOT NULL DEFAULT 0,
    expires_at  timestamptz,
    revoked_at  timestamptz,
    created_at  timestamptz NOT NULL,
    CHECK (uses <= max_uses)
);
CREATE INDEX invites_created_by ON invites (created_by);

CREATE TABLE accounts (          -- who can sign in here; one per local person
    actor_id         bigint PRIMARY KEY REFERENCES actors ON DELETE CASCADE,
    email            text NOT NULL,              -- lower case
    password_hash    text NOT NULL,              -- argon2id
    role             text NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'moderator', 'admin')),
    state            text NOT NULL CHECK (state IN ('unconfirmed', 'waiting', 'active', 'disabled')),
    answer           text NOT NULL DEFAULT '',   -- to the joining question
    invite_id        bigint REFERENCES invites ON DELETE SET NULL,
    locale           text NOT NULL DEFAULT '',
    time_zone        text NOT NULL DEFAULT '',
    default_audience text NOT NULL DEFAULT 'public',
    default_language text NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL,
    confirmed_at     timestamptz,
    last_seen_on     date,
    notifications_read_id bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX accounts_email ON accounts (email);
CREATE INDEX accounts_invite ON accounts (invite_id);
CREATE INDEX accounts_waiting ON accounts (created_at) WHERE state = 'waiting';

CREATE TABLE sessions (          -- browser sign-ins; the cookie's sha256 is the key
    token_hash   bytea PRIMARY KEY,
    id           bigint NOT NULL UNIQUE,
    actor_id     bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    csrf         bytea NOT NULL,
    user_agent   text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_actor ON sessions (actor_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE mail_tokens (       -- links sent by mail: confirm an address, choose a new password
    token_hash  bytea PRIMARY KEY,
    actor_id    bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    purpose     text NOT NULL CHECK (purpose IN ('confirm', 'reset', 'change_email')),
    email       text NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX mail_tokens_actor ON mail_tokens (actor_id);

CREATE TABLE mails (             -- outgoing mail, written in the transaction that causes it
    id              bigint PRIMARY KEY,
    recipient       text NOT NULL,
    subject         text NOT NULL,
    body_text       text NOT NULL,
    body_html       text NOT NULL DEFAULT '',
    state           text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    code            text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL
);
CREATE INDEX mails_due ON mails (next_attempt_at) WHERE state = 'due';

CREATE TABLE oauth_apps (
    id                 bigint PRIMARY KEY,
    client_id          text NOT NULL UNIQUE,
    client_secret_hash bytea NOT NULL,
    name               text NOT NULL,
    website            text NOT NULL DEFAULT '',
    redirect_uris      text[] NOT NULL,
    scopes             text[] NOT NULL,
    created_at         timestamptz NOT NULL
);

CREATE TABLE oauth_codes (
    code_hash      bytea PRIMARY KEY,
    app_id         bigint NOT NULL REFERENCES oauth_apps ON DELETE CASCADE,
    actor_id       bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    redirect_uri   text NOT NULL,
    scopes         text[] NOT NULL,
    challenge      text NOT NULL DEFAULT '',     -- PKCE S256
    expires_at     timestamptz NOT NULL
);
CREATE INDEX oauth_codes_app ON oauth_codes (app_id);
CREATE INDEX oauth_codes_actor ON oauth_codes (actor_id);

CREATE TABLE oauth_tokens (
    token_hash  bytea PRIMARY KEY,
    id          bigint NOT NULL UNIQUE,
    app_id      bigint REFERENCES oauth_apps ON DELETE CASCADE,
    actor_id    bigint REFERENCES accounts ON DELETE CASCADE,   -- NULL: the app itself
    scopes      text[] NOT NULL,
    created_at  timestamptz NOT NULL,
    used_on     date
);
CREATE INDEX oauth_tokens_app ON oauth_tokens (app_id);
CREATE INDEX oauth_tokens_actor ON oauth_tokens (actor_id);

-- ─── relations ──────────────────────────────────────────────────────────────

CREATE TABLE follows (
    id            bigint PRIMARY KEY,
    uri           text NOT NULL UNIQUE,          -- the Follow activity's id
    follower_id   bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    followee_id   bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    state         text NOT NULL CHECK (state IN ('asked', 'accepted')),
    show_boosts   boolean NOT NULL DEFAULT true,
    notify_posts  boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    accepted_at   timestamptz,
    UNIQUE (follower_id, followee_id),
    CHECK (follower_id <> followee_id)
);
CREATE INDEX follows_followee ON follows (followee_id, state, follower_id);
CREATE INDEX follows_follower ON follows (follower_id, state, followee_id);

CREATE TABLE blocks (
    id          bigint PRIMARY KEY,
    uri         text NOT NULL UNIQUE,
    actor_id    bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    target_id   bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    created_at  timestamptz NOT NULL,
    UNIQUE (actor_id, target_id)
);
CREATE INDEX blocks_target ON blocks (target_id, actor_id);

CREATE TABLE mutes (
    id                 bigint PRIMARY KEY,
    actor_id           bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    target_id          bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    notifications      boolean NOT NULL DEFAULT true,
    expires_at         timestamptz,
    created_at         timestamptz NOT NULL,
    UNIQUE (actor_id, target_id)
);
CREATE INDEX mutes_target ON mutes (target_id);

-- ─── posts ──────────────────────────────────────────────────────────────────

CREATE TABLE posts (
    id               bigint PRIMARY KEY,         -- from published_at
    uri              text NOT NULL UNIQUE,
    url              text NOT NULL DEFAULT '',
    author_id        bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    local            boolean NOT NULL,
    kind             text NOT NULL DEFAULT 'Note',
    title            text NOT NULL DEFAULT '',
    html             text NOT NULL,              -- cleaned (node/text)
    source           text NOT NULL DEFAULT '',   -- what a member typed
    warning          text NOT NULL DEFAULT '',
    sensitive        boolean NOT NULL DEFAULT false,
    language         text NOT NULL DEFAULT '',
    audience         text NOT NULL CHECK (audience IN ('public', 'unlisted', 'followers', 'direct', 'local')),
    in_reply_to_id   bigint REFERENCES posts ON DELETE SET NULL,
    in_reply_to_uri  text NOT NULL DEFAULT '',
    in_reply_to_actor_id bigint REFERENCES actors ON DELETE SET NULL,
    thread_id        bigint NOT NULL,            -- id of the thread's first known post
    emojis           jsonb NOT NULL DEFAULT '[]',
    replies_count    integer NOT NULL DEFAULT 0,
    likes_count      integer NOT NULL DEFAULT 0,
    boosts_count     integer NOT NULL DEFAULT 0,
    published_at     timestamptz NOT NULL,
    edited_at        timestamptz,
    pinned_at        timestamptz,
    idempotency_key  text,
    app_id           bigint REFERENCES oauth_apps ON DELETE SET NULL
);
CREATE INDEX posts_url ON posts (url);
CREATE INDEX posts_author ON posts (author_id, id DESC);
CREATE INDEX posts_reply ON posts (in_reply_to_id) WHERE in_reply_to_id IS NOT NULL;
CREATE INDEX posts_reply_actor ON posts (in_reply_to_actor_id) WHERE in_reply_to_actor_id IS NOT NULL;
CREATE INDEX posts_awaited_parent ON posts (in_reply_to_uri) WHERE in_reply_to_id IS NULL AND in_reply_to_uri <> '';
CREATE INDEX posts_thread ON posts (thread_id, id);
CREATE INDEX posts_public ON posts (id DESC) WHERE audience = 'public';
CREATE INDEX posts_public_local ON posts (id DESC) WHERE local AND audience IN ('public', 'local');
CREATE INDEX posts_pinned ON posts (author_id, pinned_at DESC) WHERE pinned_at IS NOT NULL;
CREATE UNIQUE INDEX posts_idempotency ON posts (author_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX posts_app ON posts (app_id) WHERE app_id IS NOT NULL;

CREATE TABLE post_mentions (
    post_id   bigint NOT NULL REFERENCES posts ON DELETE CASCADE,
    actor_id  bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    silent    boolean NOT NULL DEFAULT false,    -- addressed, but not named in the text
    PRIMARY KEY (post_id, actor_id)
);
CREATE INDEX post_mentions_actor ON post_mentions (actor_id, post_id DESC);

CREATE TABLE post_tags (
    tag      text NOT NULL,                      -- NFKC, case-folded, without '#'
    post_id  bigint NOT NULL REFERENCES posts ON DELETE CASCADE,
    shown    text NOT NULL,                      -- as the author wrote it
    PRIMARY KEY (tag, post_id)
);
CREATE INDEX post_tags_post ON post_tags (post_id);

CREATE TABLE post_revisions (    -- earlier versions of edited posts
    post_id    bigint NOT NULL REFERENCES posts ON DELETE CASCADE,
    number     integer NOT NULL,
    html       text NOT NULL,
    source     text NOT NULL,
    warning    text NOT NULL,
    sensitive  boolean NOT NULL,
    media      jsonb NOT NULL DEFAULT '[]',
    written_at timestamptz NOT NULL,
    PRIMARY KEY (post_id, number)
);

CREATE TABLE media (
    id           bigint PRIMARY KEY,
    owner_id     bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    post_id      bigint REFERENCES posts ON DELETE CASCADE,
    position     integer NOT NULL DEFAULT 0,
    purpose      text NOT NULL DEFAULT 'post' CHECK (purpose IN ('post', 'avatar', 'header')),
    kind         text NOT NULL CHECK (kind IN ('image', 'gifv', 'video', 'audio', 'unknown')),
    mime         text NOT NULL DEFAULT '',
    file_key     text NOT NULL DEFAULT '',       -- in the media store; empty for remote files
    preview_key  text NOT NULL DEFAULT '',
    remote_url   text NOT NULL DEFAULT '',
    bytes        bigint NOT NULL DEFAULT 0,
    width        integer NOT NULL DEFAULT 0,
    height       integer NOT NULL DEFAULT 0,
    blurhash     text NOT NULL DEFAULT '',
    alt          text NOT NULL DEFAULT '',
    focus_x      real NOT NULL DEFAULT 0,
    focus_y      real NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL
);
CREATE INDEX media_post ON media (post_id, position);
CREATE INDEX media_owner ON media (owner_id);
CREATE INDEX media_unattached ON media (created_at) WHERE post_id IS NULL AND purpose = 'post';

CREATE INDEX media_file ON media (file_key) WHERE file_key <> '';
CREATE INDEX media_preview ON media (preview_key) WHERE preview_key <> '';

CREATE TABLE media_leftovers (   -- files whose row is gone; a sweep removes them from the store
    file_key  text PRIMARY KEY,
    left_at   timestamptz NOT NULL
);

-- A row may go by cascade, edit or delete: the trigger notes its files whichever way it was.
CREATE FUNCTION note_media_leftovers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO media_leftovers (file_key, left_at)
    SELECT key, now() FROM unnest(ARRAY[OLD.file_key, OLD.preview_key]) AS key WHERE key <> ''
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER media_leftovers AFTER DELETE ON media
    FOR EACH ROW WHEN (OLD.file_key <> '' OR OLD.preview_key <> '') EXECUTE FUNCTION note_media_leftovers();

CREATE TABLE likes (
    id          bigint PRIMARY KEY,
    uri         text NOT NULL UNIQUE,
    actor_id    bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    post_id     bigint NOT NULL REFERENCES posts ON DELETE CASCADE,
    created_at  timestamptz NOT NULL,
    UNIQUE (actor_id, post_id)
);
CREATE INDEX likes_post ON likes (post_id, id DESC);

CREATE TABLE boosts (
    id            bigint PRIMARY KEY,
    uri           text NOT NULL UNIQUE,
    actor_id      bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    post_id       bigint NOT NULL REFERENCES posts ON DELETE CASCADE,
    audience      text NOT NULL DEFAULT 'public' CHECK (audience IN ('public', 'unlisted', 'followers', 'local')),
    published_at  timestamptz NOT NULL,
    UNIQUE (actor_id, post_id)
);
CREATE INDEX boosts_post ON boosts (post_id, id DESC);
CREATE INDEX boosts_actor ON boosts (actor_id, id DESC);

CREATE TABLE bookmarks (
    id          bigint PRIMARY KEY,
    actor_id    bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    post_id     bigint NOT NULL REFERENCES posts ON DELETE CASCADE,
    created_at  timestamptz NOT NULL,
    UNIQUE (actor_id, post_id)
);
CREATE INDEX bookmarks_post ON bookmarks (post_id);
CREATE INDEX bookmarks_actor ON bookmarks (actor_id, id DESC);

CREATE TABLE home_entries (      -- fan-out on write: what each local person's home shows
    owner_id  bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    id        bigint NOT NULL,                   -- the post's id, or the boost's
    post_id   bigint NOT NULL REFERENCES posts ON DELETE CASCADE,
    boost_id  bigint REFERENCES boosts ON DELETE CASCADE,
    PRIMARY KEY (owner_id, id)
);
CREATE UNIQUE INDEX home_entries_once ON home_entries (owner_id, post_id);
CREATE INDEX home_entries_post ON home_entries (post_id);
CREATE INDEX home_entries_boost ON home_entries (boost_id) WHERE boost_id IS NOT NULL;

CREATE TABLE notifications (
    id          bigint PRIMARY KEY,
    owner_id    bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('mention', 'status', 'reblog', 'follow', 'follow_request',
                                              'favourite', 'update', 'admin.sign_up', 'admin.report', 'move')),
    actor_id    bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    post_id     bigint REFERENCES posts ON DELETE CASCADE,
    created_at  timestamptz NOT NULL
);
CREATE UNIQUE INDEX notifications_once ON notifications (owner_id, kind, actor_id, COALESCE(post_id, 0));
CREATE INDEX notifications_owner ON notifications (owner_id, id DESC);
CREATE INDEX notifications_actor ON notifications (actor_id);
CREATE INDEX notifications_post ON notifications (post_id) WHERE post_id IS NOT NULL;

CREATE TABLE markers (           -- how far somebody has read, for client programs
    actor_id      bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    timeline      text NOT NULL CHECK (timeline IN ('home', 'notifications')),
    last_read_id  bigint NOT NULL,
    version       integer NOT NULL DEFAULT 1,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (actor_id, timeline)
);

CREATE TABLE tombstones (        -- what was deleted, so that nothing late brings it back
    uri          text PRIMARY KEY,
    former_type  text NOT NULL DEFAULT '',
    actor_uri    text NOT NULL DEFAULT '',
    deleted_at   timestamptz NOT NULL
);

-- ─── the wire's queues ──────────────────────────────────────────────────────

CREATE TABLE inbox_items (       -- every activity received, as received; ends in a named state
    id               bigint PRIMARY KEY,         -- from received_at
    activity_uri     text NOT NULL UNIQUE,
    type             text NOT NULL,
    actor_uri        text NOT NULL,
    object_uri       text NOT NULL DEFAULT '',
    host             text NOT NULL,
    signer_key_id    text NOT NULL DEFAULT '',
    refetch          boolean NOT NULL DEFAULT false,   -- the body proves nothing: read it at its origin
    body             bytea NOT NULL,
    received_at      timestamptz NOT NULL,
    state            text NOT NULL DEFAULT 'new'
                     CHECK (state IN ('new', 'done', 'ignored', 'held', 'refused', 'failed')),
    code             text NOT NULL DEFAULT '',
    attempts         integer NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz NOT NULL,
    ended_at         timestamptz
);
CREATE INDEX inbox_items_due ON inbox_items (next_attempt_at, id) WHERE state = 'new';
CREATE INDEX inbox_items_state ON inbox_items (state, id DESC) WHERE state NOT IN ('new', 'done');

-- A worker holds a whole host, so that its activities are handled in order; a lease that runs
-- out was a worker's that died. Leasing writes one row a host, none an activity.
CREATE TABLE inbox_leases (
    host          text PRIMARY KEY,
    leased_until  timestamptz NOT NULL
);

CREATE TABLE activities (        -- what we said, frozen as bytes
    id           bigint PRIMARY KEY,
    uri          text NOT NULL UNIQUE,
    type         text NOT NULL,
    actor_id     bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    object_uri   text NOT NULL DEFAULT '',
    body         bytea NOT NULL,
    created_at   timestamptz NOT NULL
);
CREATE INDEX activities_actor ON activities (actor_id, id DESC);
CREATE INDEX activities_object ON activities (object_uri);
CREATE INDEX activities_created ON activities (created_at);

CREATE TABLE deliveries (        -- one row per activity and destination inbox
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    activity_id      bigint NOT NULL REFERENCES activities ON DELETE CASCADE,
    sender_id        bigint NOT NULL REFERENCES actors ON DELETE CASCADE,
    host             text NOT NULL,
    inbox_uri        text NOT NULL,
    state            text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'delivered', 'refused', 'gone', 'failed')),
    attempts         integer NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz NOT NULL,
    code             text NOT NULL DEFAULT '',
    ended_at         timestamptz,
    UNIQUE (activity_id, inbox_uri)
);
CREATE INDEX deliveries_due ON deliveries (host, id) WHERE state = 'due';
CREATE INDEX deliveries_due_time ON deliveries (next_attempt_at) WHERE state = 'due';
CREATE INDEX deliveries_sender ON deliveries (sender_id);
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;

-- ─── who may see a post: the one place that says so ─────────────────────────

CREATE FUNCTION visible_to(p posts, viewer bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p.author_id = viewer THEN true
        WHEN viewer IS NOT NULL AND EXISTS (
            SELECT 1 FROM blocks b
            WHERE (b.actor_id = p.author_id AND b.target_id = viewer)
               OR (b.actor_id = viewer AND b.target_id = p.author_id)) THEN false
        WHEN p.audience IN ('public', 'unlisted') THEN true
        WHEN viewer IS NULL THEN false
        WHEN EXISTS (SELECT 1 FROM post_mentions m WHERE m.post_id = p.id AND m.actor_id = viewer) THEN true
        WHEN p.audience = 'local' THEN EXISTS (SELECT 1 FROM actors a WHERE a.id = viewer AND a.local)
        WHEN p.audience = 'followers' THEN EXISTS (
            SELECT 1 FROM follows f
            WHERE f.followee_id = p.author_id AND f.follower_id = viewer AND f.state = 'accepted')
        ELSE false
    END
$$;

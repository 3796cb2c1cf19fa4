-- What the migrations add up to. Made by `allmende dev schema`; never applied.

CREATE FUNCTION public.count_follows(follower_ids bigint[], followee_ids bigint[], signs integer[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM 1 FROM actors
    WHERE id IN (SELECT unnest(follower_ids) UNION SELECT unnest(followee_ids)) AND local
    ORDER BY id FOR NO KEY UPDATE;
    UPDATE actors a SET followers_count = GREATEST(a.followers_count + more.followers, 0),
                        following_count = GREATEST(a.following_count + more.following, 0)
    FROM (SELECT each.id, sum(each.followers)::integer AS followers, sum(each.following)::integer AS following
          FROM (SELECT followee AS id, sign AS followers, 0 AS following
                FROM unnest(followee_ids, signs) AS f (followee, sign)
                UNION ALL
                SELECT follower, 0, sign FROM unnest(follower_ids, signs) AS f (follower, sign)) AS each
          GROUP BY each.id) AS more
    WHERE a.id = more.id AND a.local AND (more.followers <> 0 OR more.following <> 0);
END $$;

CREATE FUNCTION public.follows_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    followers bigint[];
    followees bigint[];
    signs integer[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(n.follower_id), array_agg(n.followee_id), array_agg(1)
        INTO followers, followees, signs FROM now_follows n WHERE n.state = 'accepted';
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(w.follower_id), array_agg(w.followee_id), array_agg(-1)
        INTO followers, followees, signs FROM once_follows w WHERE w.state = 'accepted';
    ELSE
        SELECT array_agg(n.follower_id), array_agg(n.followee_id),
               array_agg(CASE WHEN n.state = 'accepted' THEN 1 ELSE -1 END)
        INTO followers, followees, signs
        FROM now_follows n JOIN once_follows w ON w.id = n.id
        WHERE (n.state = 'accepted') <> (w.state = 'accepted');
    END IF;
    IF followers IS NOT NULL THEN
        PERFORM count_follows(followers, followees, signs);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.note_media_leftovers() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO media_leftovers (file_key, left_at)
    SELECT key, now() FROM unnest(ARRAY[OLD.file_key, OLD.preview_key]) AS key WHERE key <> ''
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION public.tell_account_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('actor_changed', OLD.actor_id::text);
    RETURN NULL;
END $$;

CREATE FUNCTION public.tell_actor_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('actor_changed', OLD.id::text);
    RETURN NULL;
END $$;

CREATE FUNCTION public.tell_token_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('actor_changed', OLD.actor_id::text);
    RETURN NULL;
END $$;

CREATE TABLE public.posts (
    id bigint NOT NULL,
    uri text NOT NULL,
    url text DEFAULT ''::text NOT NULL,
    author_id bigint NOT NULL,
    local boolean NOT NULL,
    kind text DEFAULT 'Note'::text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    html text NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    warning text DEFAULT ''::text NOT NULL,
    sensitive boolean DEFAULT false NOT NULL,
    language text DEFAULT ''::text NOT NULL,
    audience text NOT NULL,
    in_reply_to_id bigint,
    in_reply_to_uri text DEFAULT ''::text NOT NULL,
    in_reply_to_actor_id bigint,
    thread_id bigint NOT NULL,
    emojis jsonb DEFAULT '[]'::jsonb NOT NULL,
    replies_count integer DEFAULT 0 NOT NULL,
    likes_count integer DEFAULT 0 NOT NULL,
    boosts_count integer DEFAULT 0 NOT NULL,
    published_at timestamp with time zone NOT NULL,
    edited_at timestamp with time zone,
    pinned_at timestamp with time zone,
    idempotency_key text,
    app_id bigint,
    reactions_count integer DEFAULT 0 NOT NULL,
    quote_policy text DEFAULT ''::text NOT NULL,
    context_uri text DEFAULT ''::text NOT NULL,
    group_id bigint,
    topic_id bigint,
    group_state text DEFAULT ''::text NOT NULL,
    locked_at timestamp with time zone,
    CONSTRAINT posts_audience_check CHECK ((audience = ANY (ARRAY['public'::text, 'unlisted'::text, 'followers'::text, 'direct'::text, 'local'::text, 'group'::text]))),
    CONSTRAINT posts_group_state_check CHECK ((group_state = ANY (ARRAY[''::text, 'waiting'::text, 'removed'::text])))
);

CREATE FUNCTION public.visible_to(p public.posts, viewer bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
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

CREATE TABLE public.accounts (
    actor_id bigint NOT NULL,
    email text NOT NULL,
    password_hash text NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    state text NOT NULL,
    answer text DEFAULT ''::text NOT NULL,
    invite_id bigint,
    locale text DEFAULT ''::text NOT NULL,
    time_zone text DEFAULT ''::text NOT NULL,
    default_audience text DEFAULT 'public'::text NOT NULL,
    default_language text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    last_seen_on date,
    notifications_read_id bigint DEFAULT 0 NOT NULL,
    default_quote_policy text DEFAULT 'public'::text NOT NULL,
    CONSTRAINT accounts_default_quote_policy_check CHECK ((default_quote_policy = ANY (ARRAY['public'::text, 'followers'::text, 'nobody'::text]))),
    CONSTRAINT accounts_role_check CHECK ((role = ANY (ARRAY['member'::text, 'moderator'::text, 'admin'::text]))),
    CONSTRAINT accounts_state_check CHECK ((state = ANY (ARRAY['unconfirmed'::text, 'waiting'::text, 'active'::text, 'disabled'::text])))
);

CREATE TABLE public.activities (
    id bigint NOT NULL,
    uri text NOT NULL,
    type text NOT NULL,
    actor_id bigint NOT NULL,
    object_uri text DEFAULT ''::text NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    for_followers boolean DEFAULT false NOT NULL
);

CREATE TABLE public.actor_secrets (
    actor_id bigint NOT NULL,
    rsa_sealed text NOT NULL,
    ed25519_sealed text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.actors (
    id bigint NOT NULL,
    uri text NOT NULL,
    local boolean NOT NULL,
    host text NOT NULL,
    kind text NOT NULL,
    username text NOT NULL,
    display_name text DEFAULT ''::text NOT NULL,
    summary_html text DEFAULT ''::text NOT NULL,
    summary_source text DEFAULT ''::text NOT NULL,
    url text DEFAULT ''::text NOT NULL,
    inbox_uri text NOT NULL,
    shared_inbox_uri text DEFAULT ''::text NOT NULL,
    outbox_uri text DEFAULT ''::text NOT NULL,
    followers_uri text DEFAULT ''::text NOT NULL,
    following_uri text DEFAULT ''::text NOT NULL,
    featured_uri text DEFAULT ''::text NOT NULL,
    avatar_url text DEFAULT ''::text NOT NULL,
    avatar_alt text DEFAULT ''::text NOT NULL,
    header_url text DEFAULT ''::text NOT NULL,
    header_alt text DEFAULT ''::text NOT NULL,
    fields jsonb DEFAULT '[]'::jsonb NOT NULL,
    locked boolean DEFAULT false NOT NULL,
    discoverable boolean DEFAULT false NOT NULL,
    indexable boolean DEFAULT false NOT NULL,
    also_known_as text[] DEFAULT '{}'::text[] NOT NULL,
    moved_to_uri text DEFAULT ''::text NOT NULL,
    public_key_id text DEFAULT ''::text NOT NULL,
    public_key_pem text DEFAULT ''::text NOT NULL,
    ed25519_key_id text DEFAULT ''::text NOT NULL,
    ed25519_multibase text DEFAULT ''::text NOT NULL,
    followers_count integer DEFAULT 0 NOT NULL,
    following_count integer DEFAULT 0 NOT NULL,
    posts_count integer DEFAULT 0 NOT NULL,
    last_post_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    fetched_at timestamp with time zone,
    suspended_at timestamp with time zone,
    deleted_at timestamp with time zone,
    handle_host text DEFAULT ''::text NOT NULL,
    CONSTRAINT actors_kind_check CHECK ((kind = ANY (ARRAY['Person'::text, 'Group'::text, 'Organization'::text, 'Application'::text, 'Service'::text])))
);

CREATE TABLE public.blocks (
    id bigint NOT NULL,
    uri text NOT NULL,
    actor_id bigint NOT NULL,
    target_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.bookmarks (
    id bigint NOT NULL,
    actor_id bigint NOT NULL,
    post_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.boosts (
    id bigint NOT NULL,
    uri text NOT NULL,
    actor_id bigint NOT NULL,
    post_id bigint NOT NULL,
    audience text DEFAULT 'public'::text NOT NULL,
    published_at timestamp with time zone NOT NULL,
    CONSTRAINT boosts_audience_check CHECK ((audience = ANY (ARRAY['public'::text, 'unlisted'::text, 'followers'::text, 'local'::text, 'group'::text])))
);

CREATE TABLE public.deliveries (
    id bigint NOT NULL,
    activity_id bigint NOT NULL,
    sender_id bigint NOT NULL,
    host text NOT NULL,
    inbox_uri text NOT NULL,
    state text DEFAULT 'due'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    code text DEFAULT ''::text NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['due'::text, 'delivered'::text, 'refused'::text, 'gone'::text, 'failed'::text])))
);

ALTER TABLE public.deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.follows (
    id bigint NOT NULL,
    uri text NOT NULL,
    follower_id bigint NOT NULL,
    followee_id bigint NOT NULL,
    state text NOT NULL,
    show_boosts boolean DEFAULT true NOT NULL,
    notify_posts boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    CONSTRAINT follows_check CHECK ((follower_id <> followee_id)),
    CONSTRAINT follows_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'accepted'::text])))
);

CREATE TABLE public.gone_inboxes (
    inbox_uri text NOT NULL,
    host text NOT NULL,
    gone_at timestamp with time zone NOT NULL
);

CREATE TABLE public.group_bans (
    id bigint NOT NULL,
    uri text NOT NULL,
    group_id bigint NOT NULL,
    actor_id bigint NOT NULL,
    by_id bigint,
    reason text DEFAULT ''::text NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.group_invites (
    id bigint NOT NULL,
    group_id bigint NOT NULL,
    code_hash bytea NOT NULL,
    email text DEFAULT ''::text NOT NULL,
    created_by bigint,
    max_uses integer DEFAULT 1 NOT NULL,
    uses integer DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT group_invites_check CHECK ((uses <= max_uses)),
    CONSTRAINT group_invites_max_uses_check CHECK ((max_uses > 0))
);

CREATE TABLE public.group_log (
    id bigint NOT NULL,
    uri text DEFAULT ''::text NOT NULL,
    group_id bigint NOT NULL,
    by_id bigint,
    action text NOT NULL,
    target_id bigint,
    post_id bigint,
    reason text DEFAULT ''::text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    undone_by bigint,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.group_pins (
    group_id bigint NOT NULL,
    post_id bigint NOT NULL,
    pinned_at timestamp with time zone NOT NULL
);

CREATE TABLE public.groups (
    actor_id bigint NOT NULL,
    openness text DEFAULT 'open'::text NOT NULL,
    visibility text DEFAULT 'public'::text NOT NULL,
    question text DEFAULT ''::text NOT NULL,
    rules text[] DEFAULT '{}'::text[] NOT NULL,
    languages text[] DEFAULT '{}'::text[] NOT NULL,
    place text DEFAULT ''::text NOT NULL,
    posting text DEFAULT 'members'::text NOT NULL,
    newcomer_posts integer DEFAULT 0 NOT NULL,
    slow_mode_s integer DEFAULT 0 NOT NULL,
    log_visibility text DEFAULT 'members'::text NOT NULL,
    members_count integer DEFAULT 0 NOT NULL,
    members_uri text DEFAULT ''::text NOT NULL,
    moderators_uri text DEFAULT ''::text NOT NULL,
    checked_at timestamp with time zone,
    archived_at timestamp with time zone,
    ends_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT groups_log_visibility_check CHECK ((log_visibility = ANY (ARRAY['public'::text, 'members'::text]))),
    CONSTRAINT groups_newcomer_posts_check CHECK ((newcomer_posts >= 0)),
    CONSTRAINT groups_openness_check CHECK ((openness = ANY (ARRAY['open'::text, 'moderated'::text, 'invite_only'::text]))),
    CONSTRAINT groups_posting_check CHECK ((posting = ANY (ARRAY['members'::text, 'moderators'::text]))),
    CONSTRAINT groups_slow_mode_s_check CHECK ((slow_mode_s >= 0)),
    CONSTRAINT groups_visibility_check CHECK ((visibility = ANY (ARRAY['public'::text, 'unlisted'::text, 'private'::text, 'local'::text])))
);

CREATE TABLE public.home_entries (
    owner_id bigint NOT NULL,
    id bigint NOT NULL,
    post_id bigint NOT NULL,
    boost_id bigint
);

CREATE TABLE public.hosts (
    host text NOT NULL,
    scheme text DEFAULT ''::text NOT NULL,
    software text DEFAULT ''::text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_heard_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    next_attempt_at timestamp with time zone,
    leased_until timestamp with time zone,
    refused_at timestamp with time zone,
    handles_checked_at timestamp with time zone,
    answer_ms integer DEFAULT 0 NOT NULL,
    code text DEFAULT ''::text NOT NULL,
    tried_at timestamp with time zone,
    gone_at timestamp with time zone,
    ask_software_at timestamp with time zone,
    CONSTRAINT hosts_scheme_check CHECK ((scheme = ANY (ARRAY[''::text, 'cavage'::text, 'rfc9421'::text, 'ed25519'::text])))
);

CREATE TABLE public.import_lines (
    id bigint NOT NULL,
    owner_id bigint NOT NULL,
    kind text NOT NULL,
    handle text NOT NULL,
    flag boolean NOT NULL,
    state text DEFAULT 'due'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    code text DEFAULT ''::text NOT NULL,
    CONSTRAINT import_lines_kind_check CHECK ((kind = ANY (ARRAY['follow'::text, 'block'::text, 'mute'::text]))),
    CONSTRAINT import_lines_state_check CHECK ((state = ANY (ARRAY['due'::text, 'done'::text, 'failed'::text])))
);

CREATE TABLE public.inbox_items (
    id bigint NOT NULL,
    activity_uri text NOT NULL,
    type text NOT NULL,
    actor_uri text NOT NULL,
    object_uri text DEFAULT ''::text NOT NULL,
    host text NOT NULL,
    signer_key_id text DEFAULT ''::text NOT NULL,
    refetch boolean DEFAULT false NOT NULL,
    body bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    state text DEFAULT 'new'::text NOT NULL,
    code text DEFAULT ''::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    plain boolean DEFAULT false NOT NULL,
    CONSTRAINT inbox_items_state_check CHECK ((state = ANY (ARRAY['new'::text, 'done'::text, 'ignored'::text, 'held'::text, 'refused'::text, 'failed'::text])))
);

CREATE TABLE public.inbox_leases (
    host text NOT NULL,
    leased_until timestamp with time zone NOT NULL
);

CREATE TABLE public.invites (
    id bigint NOT NULL,
    code_hash bytea NOT NULL,
    created_by bigint,
    note text DEFAULT ''::text NOT NULL,
    max_uses integer DEFAULT 1 NOT NULL,
    uses integer DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT invites_check CHECK ((uses <= max_uses)),
    CONSTRAINT invites_max_uses_check CHECK ((max_uses > 0))
);

CREATE TABLE public.likes (
    id bigint NOT NULL,
    uri text NOT NULL,
    actor_id bigint NOT NULL,
    post_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.mail_tokens (
    token_hash bytea NOT NULL,
    actor_id bigint NOT NULL,
    purpose text NOT NULL,
    email text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT mail_tokens_purpose_check CHECK ((purpose = ANY (ARRAY['confirm'::text, 'reset'::text, 'change_email'::text])))
);

CREATE TABLE public.mails (
    id bigint NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body_text text NOT NULL,
    body_html text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'due'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    code text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT mails_state_check CHECK ((state = ANY (ARRAY['due'::text, 'sent'::text, 'failed'::text])))
);

CREATE TABLE public.markers (
    actor_id bigint NOT NULL,
    timeline text NOT NULL,
    last_read_id bigint NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT markers_timeline_check CHECK ((timeline = ANY (ARRAY['home'::text, 'notifications'::text])))
);

CREATE TABLE public.media (
    id bigint NOT NULL,
    owner_id bigint NOT NULL,
    post_id bigint,
    "position" integer DEFAULT 0 NOT NULL,
    purpose text DEFAULT 'post'::text NOT NULL,
    kind text NOT NULL,
    mime text DEFAULT ''::text NOT NULL,
    file_key text DEFAULT ''::text NOT NULL,
    preview_key text DEFAULT ''::text NOT NULL,
    remote_url text DEFAULT ''::text NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    width integer DEFAULT 0 NOT NULL,
    height integer DEFAULT 0 NOT NULL,
    blurhash text DEFAULT ''::text NOT NULL,
    alt text DEFAULT ''::text NOT NULL,
    focus_x real DEFAULT 0 NOT NULL,
    focus_y real DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revision_of bigint,
    CONSTRAINT media_kind_check CHECK ((kind = ANY (ARRAY['image'::text, 'gifv'::text, 'video'::text, 'audio'::text, 'unknown'::text]))),
    CONSTRAINT media_purpose_check CHECK ((purpose = ANY (ARRAY['post'::text, 'avatar'::text, 'header'::text])))
);

CREATE TABLE public.media_leftovers (
    file_key text NOT NULL,
    left_at timestamp with time zone NOT NULL
);

CREATE TABLE public.members (
    id bigint NOT NULL,
    uri text NOT NULL,
    group_id bigint NOT NULL,
    actor_id bigint NOT NULL,
    state text NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    answer text DEFAULT ''::text NOT NULL,
    invited_by bigint,
    level text DEFAULT 'mentions'::text NOT NULL,
    digest boolean DEFAULT false NOT NULL,
    joined_at timestamp with time zone,
    last_post_at timestamp with time zone,
    posts_let_through integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    form text DEFAULT 'Follow'::text NOT NULL,
    CONSTRAINT members_form_check CHECK ((form = ANY (ARRAY['Follow'::text, 'Join'::text, 'Invite'::text]))),
    CONSTRAINT members_level_check CHECK ((level = ANY (ARRAY['everything'::text, 'posts'::text, 'mentions'::text, 'nothing'::text]))),
    CONSTRAINT members_role_check CHECK ((role = ANY (ARRAY['member'::text, 'editor'::text, 'moderator'::text, 'admin'::text, 'owner'::text]))),
    CONSTRAINT members_state_check CHECK ((state = ANY (ARRAY['invited'::text, 'asked'::text, 'member'::text])))
);

CREATE TABLE public.moves (
    id bigint NOT NULL,
    actor_id bigint NOT NULL,
    target_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);

CREATE TABLE public.mutes (
    id bigint NOT NULL,
    actor_id bigint NOT NULL,
    target_id bigint NOT NULL,
    notifications boolean DEFAULT true NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.notifications (
    id bigint NOT NULL,
    owner_id bigint NOT NULL,
    kind text NOT NULL,
    actor_id bigint NOT NULL,
    post_id bigint,
    created_at timestamp with time zone NOT NULL,
    group_id bigint,
    CONSTRAINT notifications_kind_check CHECK ((kind = ANY (ARRAY['mention'::text, 'status'::text, 'reblog'::text, 'follow'::text, 'follow_request'::text, 'favourite'::text, 'update'::text, 'admin.sign_up'::text, 'admin.report'::text, 'move'::text, 'poll'::text, 'reaction'::text, 'quote'::text, 'quoted_update'::text, 'report.closed'::text, 'group_invite'::text, 'group_request'::text, 'group_joined'::text, 'group_left'::text, 'group_role'::text, 'group_warning'::text])))
);

CREATE TABLE public.oauth_apps (
    id bigint NOT NULL,
    client_id text NOT NULL,
    client_secret_hash bytea NOT NULL,
    name text NOT NULL,
    website text DEFAULT ''::text NOT NULL,
    redirect_uris text[] NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.oauth_codes (
    code_hash bytea NOT NULL,
    app_id bigint NOT NULL,
    actor_id bigint NOT NULL,
    redirect_uri text NOT NULL,
    scopes text[] NOT NULL,
    challenge text DEFAULT ''::text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.oauth_tokens (
    token_hash bytea NOT NULL,
    id bigint NOT NULL,
    app_id bigint,
    actor_id bigint,
    scopes text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    used_on date
);

CREATE TABLE public.poll_options (
    post_id bigint NOT NULL,
    place smallint NOT NULL,
    title text NOT NULL,
    votes integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.poll_votes (
    post_id bigint NOT NULL,
    actor_id bigint NOT NULL,
    slot smallint NOT NULL,
    place smallint NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.polls (
    post_id bigint NOT NULL,
    multiple boolean NOT NULL,
    hide_totals boolean DEFAULT false NOT NULL,
    ends_at timestamp with time zone,
    voters_count integer,
    counted_at timestamp with time zone NOT NULL,
    untold boolean DEFAULT false NOT NULL,
    ended_at timestamp with time zone
);

CREATE TABLE public.post_mentions (
    post_id bigint NOT NULL,
    actor_id bigint NOT NULL,
    silent boolean DEFAULT false NOT NULL
);

CREATE TABLE public.post_revisions (
    post_id bigint NOT NULL,
    number integer NOT NULL,
    html text NOT NULL,
    source text NOT NULL,
    warning text NOT NULL,
    sensitive boolean NOT NULL,
    media jsonb DEFAULT '[]'::jsonb NOT NULL,
    written_at timestamp with time zone NOT NULL,
    poll_options text[] DEFAULT '{}'::text[] NOT NULL
);

CREATE TABLE public.post_tags (
    tag text NOT NULL,
    post_id bigint NOT NULL,
    shown text NOT NULL
);

CREATE SEQUENCE public.process_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.public_keys (
    key_id text NOT NULL,
    owner_uri text NOT NULL,
    host text NOT NULL,
    pem text DEFAULT ''::text NOT NULL,
    multibase text DEFAULT ''::text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    refreshed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.quote_stamps (
    id bigint NOT NULL,
    post_id bigint NOT NULL,
    actor_id bigint NOT NULL,
    quoting_uri text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);

CREATE TABLE public.quotes (
    post_id bigint NOT NULL,
    quoted_uri text NOT NULL,
    quoted_id bigint,
    state text NOT NULL,
    stamp_uri text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT quotes_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'accepted'::text, 'rejected'::text, 'revoked'::text])))
);

CREATE TABLE public.reactions (
    id bigint NOT NULL,
    uri text NOT NULL,
    actor_id bigint NOT NULL,
    post_id bigint NOT NULL,
    emoji text NOT NULL,
    picture_url text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.relays (
    actor_id bigint NOT NULL,
    form text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT relays_form_check CHECK ((form = ANY (ARRAY['public'::text, 'actor'::text])))
);

CREATE TABLE public.report_notes (
    id bigint NOT NULL,
    report_id bigint NOT NULL,
    author_id bigint,
    text text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.report_posts (
    report_id bigint NOT NULL,
    uri text NOT NULL,
    post_id bigint,
    html text NOT NULL,
    warning text DEFAULT ''::text NOT NULL,
    media jsonb DEFAULT '[]'::jsonb NOT NULL,
    published_at timestamp with time zone NOT NULL
);

CREATE TABLE public.reports (
    id bigint NOT NULL,
    uri text NOT NULL,
    source_host text DEFAULT ''::text NOT NULL,
    reporter_id bigint,
    target_id bigint NOT NULL,
    category text NOT NULL,
    rules jsonb DEFAULT '[]'::jsonb NOT NULL,
    comment text DEFAULT ''::text NOT NULL,
    forwarded boolean DEFAULT false NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    assigned_id bigint,
    closed_by_id bigint,
    closed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT reports_category_check CHECK ((category = ANY (ARRAY['other'::text, 'spam'::text, 'legal'::text, 'violation'::text]))),
    CONSTRAINT reports_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text])))
);

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.sessions (
    token_hash bytea NOT NULL,
    id bigint NOT NULL,
    actor_id bigint NOT NULL,
    csrf bytea NOT NULL,
    user_agent text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.settings (
    key text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

CREATE TABLE public.tombstones (
    uri text NOT NULL,
    former_type text DEFAULT ''::text NOT NULL,
    actor_uri text DEFAULT ''::text NOT NULL,
    deleted_at timestamp with time zone NOT NULL
);

CREATE TABLE public.topic_choices (
    topic_id bigint NOT NULL,
    actor_id bigint NOT NULL
);

CREATE TABLE public.topics (
    id bigint NOT NULL,
    group_id bigint NOT NULL,
    name text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.wants (
    kind text NOT NULL,
    subject_id bigint NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    ended_at timestamp with time zone,
    code text DEFAULT ''::text NOT NULL,
    CONSTRAINT wants_kind_check CHECK ((kind = ANY (ARRAY['thread'::text, 'backfill'::text, 'followers'::text, 'handle'::text, 'burial'::text, 'group'::text])))
);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (actor_id);

ALTER TABLE ONLY public.activities
    ADD CONSTRAINT activities_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.activities
    ADD CONSTRAINT activities_uri_key UNIQUE (uri);

ALTER TABLE ONLY public.actor_secrets
    ADD CONSTRAINT actor_secrets_pkey PRIMARY KEY (actor_id);

ALTER TABLE ONLY public.actors
    ADD CONSTRAINT actors_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.actors
    ADD CONSTRAINT actors_uri_key UNIQUE (uri);

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_actor_id_target_id_key UNIQUE (actor_id, target_id);

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_uri_key UNIQUE (uri);

ALTER TABLE ONLY public.bookmarks
    ADD CONSTRAINT bookmarks_actor_id_post_id_key UNIQUE (actor_id, post_id);

ALTER TABLE ONLY public.bookmarks
    ADD CONSTRAINT bookmarks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.boosts
    ADD CONSTRAINT boosts_actor_id_post_id_key UNIQUE (actor_id, post_id);

ALTER TABLE ONLY public.boosts
    ADD CONSTRAINT boosts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.boosts
    ADD CONSTRAINT boosts_uri_key UNIQUE (uri);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_activity_id_inbox_uri_key UNIQUE (activity_id, inbox_uri);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.follows
    ADD CONSTRAINT follows_follower_id_followee_id_key UNIQUE (follower_id, followee_id);

ALTER TABLE ONLY public.follows
    ADD CONSTRAINT follows_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.follows
    ADD CONSTRAINT follows_uri_key UNIQUE (uri);

ALTER TABLE ONLY public.gone_inboxes
    ADD CONSTRAINT gone_inboxes_pkey PRIMARY KEY (inbox_uri);

ALTER TABLE ONLY public.group_bans
    ADD CONSTRAINT group_bans_group_id_actor_id_key UNIQUE (group_id, actor_id);

ALTER TABLE ONLY public.group_bans
    ADD CONSTRAINT group_bans_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.group_bans
    ADD CONSTRAINT group_bans_uri_key UNIQUE (uri);

ALTER TABLE ONLY public.group_invites
    ADD CONSTRAINT group_invites_code_hash_key UNIQUE (code_hash);

ALTER TABLE ONLY public.group_invites
    ADD CONSTRAINT group_invites_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.group_log
    ADD CONSTRAINT group_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.group_pins
    ADD CONSTRAINT group_pins_pkey PRIMARY KEY (group_id, post_id);

ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_pkey PRIMARY KEY (actor_id);

ALTER TABLE ONLY public.home_entries
    ADD CONSTRAINT home_entries_pkey PRIMARY KEY (owner_id, id);

ALTER TABLE ONLY public.hosts
    ADD CONSTRAINT hosts_pkey PRIMARY KEY (host);

ALTER TABLE ONLY public.import_lines
    ADD CONSTRAINT import_lines_owner_id_kind_handle_key UNIQUE (owner_id, kind, handle);

ALTER TABLE ONLY public.import_lines
    ADD CONSTRAINT import_lines_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.inbox_items
    ADD CONSTRAINT inbox_items_activity_uri_key UNIQUE (activity_uri);

ALTER TABLE ONLY public.inbox_items
    ADD CONSTRAINT inbox_items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.inbox_leases
    ADD CONSTRAINT inbox_leases_pkey PRIMARY KEY (host);

ALTER TABLE ONLY public.invites
    ADD CONSTRAINT invites_code_hash_key UNIQUE (code_hash);

ALTER TABLE ONLY public.invites
    ADD CONSTRAINT invites_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.likes
    ADD CONSTRAINT likes_actor_id_post_id_key UNIQUE (actor_id, post_id);

ALTER TABLE ONLY public.likes
    ADD CONSTRAINT likes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.likes
    ADD CONSTRAINT likes_uri_key UNIQUE (uri);

ALTER TABLE ONLY public.mail_tokens
    ADD CONSTRAINT mail_tokens_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.markers
    ADD CONSTRAINT markers_pkey PRIMARY KEY (actor_id, timeline);

ALTER TABLE ONLY public.media_leftovers
    ADD CONSTRAINT media_leftovers_pkey PRIMARY KEY (file_key);

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_group_id_actor_id_key UNIQUE (group_id, actor_id);

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.moves
    ADD CONSTRAINT moves_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mutes
    ADD CONSTRAINT mutes_actor_id_target_id_key UNIQUE (actor_id, target_id);

ALTER TABLE ONLY public.mutes
    ADD CONSTRAINT mutes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_apps
    ADD CONSTRAINT oauth_apps_client_id_key UNIQUE (client_id);

ALTER TABLE ONLY public.oauth_apps
    ADD CONSTRAINT oauth_apps_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_codes
    ADD CONSTRAINT oauth_codes_pkey PRIMARY KEY (code_hash);

ALTER TABLE ONLY public.oauth_tokens
    ADD CONSTRAINT oauth_tokens_id_key UNIQUE (id);

ALTER TABLE ONLY public.oauth_tokens
    ADD CONSTRAINT oauth_tokens_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.poll_options
    ADD CONSTRAINT poll_options_pkey PRIMARY KEY (post_id, place);

ALTER TABLE ONLY public.poll_votes
    ADD CONSTRAINT poll_votes_pkey PRIMARY KEY (post_id, actor_id, slot);

ALTER TABLE ONLY public.polls
    ADD CONSTRAINT polls_pkey PRIMARY KEY (post_id);

ALTER TABLE ONLY public.post_mentions
    ADD CONSTRAINT post_mentions_pkey PRIMARY KEY (post_id, actor_id);

ALTER TABLE ONLY public.post_revisions
    ADD CONSTRAINT post_revisions_pkey PRIMARY KEY (post_id, number);

ALTER TABLE ONLY public.post_tags
    ADD CONSTRAINT post_tags_pkey PRIMARY KEY (tag, post_id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_uri_key UNIQUE (uri);

ALTER TABLE ONLY public.public_keys
    ADD CONSTRAINT public_keys_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY public.quote_stamps
    ADD CONSTRAINT quote_stamps_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quote_stamps
    ADD CONSTRAINT quote_stamps_post_id_quoting_uri_key UNIQUE (post_id, quoting_uri);

ALTER TABLE ONLY public.quotes
    ADD CONSTRAINT quotes_pkey PRIMARY KEY (post_id);

ALTER TABLE ONLY public.reactions
    ADD CONSTRAINT reactions_actor_id_post_id_emoji_key UNIQUE (actor_id, post_id, emoji);

ALTER TABLE ONLY public.reactions
    ADD CONSTRAINT reactions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.reactions
    ADD CONSTRAINT reactions_uri_key UNIQUE (uri);

ALTER TABLE ONLY public.relays
    ADD CONSTRAINT relays_pkey PRIMARY KEY (actor_id);

ALTER TABLE ONLY public.report_notes
    ADD CONSTRAINT report_notes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.report_posts
    ADD CONSTRAINT report_posts_pkey PRIMARY KEY (report_id, uri);

ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_uri_target_id_key UNIQUE (uri, target_id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_id_key UNIQUE (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.tombstones
    ADD CONSTRAINT tombstones_pkey PRIMARY KEY (uri);

ALTER TABLE ONLY public.topic_choices
    ADD CONSTRAINT topic_choices_pkey PRIMARY KEY (topic_id, actor_id);

ALTER TABLE ONLY public.topics
    ADD CONSTRAINT topics_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.wants
    ADD CONSTRAINT wants_pkey PRIMARY KEY (kind, subject_id);

CREATE UNIQUE INDEX accounts_email ON public.accounts USING btree (email);

CREATE INDEX accounts_invite ON public.accounts USING btree (invite_id);

CREATE INDEX accounts_waiting ON public.accounts USING btree (created_at) WHERE (state = 'waiting'::text);

CREATE INDEX activities_actor ON public.activities USING btree (actor_id, id DESC);

CREATE INDEX activities_created ON public.activities USING btree (created_at);

CREATE INDEX activities_object ON public.activities USING btree (object_uri);

CREATE UNIQUE INDEX actors_handle ON public.actors USING btree (lower(username), host);

CREATE INDEX actors_host ON public.actors USING btree (host);

CREATE INDEX actors_local ON public.actors USING btree (id) WHERE local;

CREATE INDEX actors_name_search ON public.actors USING btree (lower(display_name) text_pattern_ops);

CREATE INDEX actors_shown_handle ON public.actors USING btree (lower(username), handle_host);

CREATE INDEX actors_url ON public.actors USING btree (url);

CREATE INDEX actors_username_search ON public.actors USING btree (lower(username) text_pattern_ops);

CREATE INDEX blocks_target ON public.blocks USING btree (target_id, actor_id);

CREATE INDEX bookmarks_actor ON public.bookmarks USING btree (actor_id, id DESC);

CREATE INDEX bookmarks_post ON public.bookmarks USING btree (post_id);

CREATE INDEX boosts_actor ON public.boosts USING btree (actor_id, id DESC);

CREATE INDEX boosts_post ON public.boosts USING btree (post_id, id DESC);

CREATE INDEX deliveries_bad ON public.deliveries USING btree (state, id DESC) WHERE (state <> ALL (ARRAY['due'::text, 'delivered'::text]));

CREATE INDEX deliveries_due ON public.deliveries USING btree (host, id) WHERE (state = 'due'::text);

CREATE INDEX deliveries_ended ON public.deliveries USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX deliveries_sender ON public.deliveries USING btree (sender_id);

CREATE INDEX deliveries_waiting ON public.deliveries USING btree (host, sender_id, id) WHERE ((ended_at IS NULL) AND (attempts > 0));

CREATE INDEX follows_followee ON public.follows USING btree (followee_id, state, follower_id);

CREATE INDEX follows_follower ON public.follows USING btree (follower_id, state, followee_id);

CREATE INDEX gone_inboxes_host ON public.gone_inboxes USING btree (host);

CREATE INDEX group_bans_actor ON public.group_bans USING btree (actor_id);

CREATE INDEX group_bans_by ON public.group_bans USING btree (by_id) WHERE (by_id IS NOT NULL);

CREATE INDEX group_bans_expiring ON public.group_bans USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX group_bans_group ON public.group_bans USING btree (group_id, id DESC);

CREATE INDEX group_invites_created_by ON public.group_invites USING btree (created_by) WHERE (created_by IS NOT NULL);

CREATE INDEX group_invites_group ON public.group_invites USING btree (group_id, id DESC);

CREATE INDEX group_log_by ON public.group_log USING btree (by_id) WHERE (by_id IS NOT NULL);

CREATE INDEX group_log_group ON public.group_log USING btree (group_id, id DESC);

CREATE INDEX group_log_post ON public.group_log USING btree (post_id) WHERE (post_id IS NOT NULL);

CREATE INDEX group_log_target ON public.group_log USING btree (target_id) WHERE (target_id IS NOT NULL);

CREATE INDEX group_log_undone_by ON public.group_log USING btree (undone_by) WHERE (undone_by IS NOT NULL);

CREATE INDEX group_pins_post ON public.group_pins USING btree (post_id);

CREATE INDEX groups_ending ON public.groups USING btree (ends_at) WHERE (ends_at IS NOT NULL);

CREATE INDEX groups_listed ON public.groups USING btree (members_count DESC, actor_id) WHERE ((visibility = ANY (ARRAY['public'::text, 'local'::text])) AND (archived_at IS NULL));

CREATE INDEX groups_unchecked ON public.groups USING btree (checked_at NULLS FIRST);

CREATE INDEX home_entries_boost ON public.home_entries USING btree (boost_id) WHERE (boost_id IS NOT NULL);

CREATE UNIQUE INDEX home_entries_once ON public.home_entries USING btree (owner_id, post_id);

CREATE INDEX home_entries_post ON public.home_entries USING btree (post_id);

CREATE INDEX hosts_to_ask ON public.hosts USING btree (ask_software_at NULLS FIRST) WHERE (last_heard_at IS NOT NULL);

CREATE INDEX import_lines_created ON public.import_lines USING btree (created_at);

CREATE INDEX import_lines_due ON public.import_lines USING btree (next_attempt_at) WHERE (state = 'due'::text);

CREATE INDEX inbox_items_due ON public.inbox_items USING btree (next_attempt_at, id) WHERE (state = 'new'::text);

CREATE INDEX inbox_items_state ON public.inbox_items USING btree (state, id DESC) WHERE (state <> ALL (ARRAY['new'::text, 'done'::text]));

CREATE INDEX invites_created_by ON public.invites USING btree (created_by);

CREATE INDEX likes_post ON public.likes USING btree (post_id, id DESC);

CREATE INDEX mail_tokens_actor ON public.mail_tokens USING btree (actor_id);

CREATE INDEX mails_due ON public.mails USING btree (next_attempt_at) WHERE (state = 'due'::text);

CREATE INDEX media_file ON public.media USING btree (file_key) WHERE (file_key <> ''::text);

CREATE INDEX media_kept ON public.media USING btree (owner_id) INCLUDE (bytes) WHERE (file_key <> ''::text);

CREATE INDEX media_owner ON public.media USING btree (owner_id);

CREATE INDEX media_post ON public.media USING btree (post_id, "position");

CREATE INDEX media_preview ON public.media USING btree (preview_key) WHERE (preview_key <> ''::text);

CREATE INDEX media_revision_of ON public.media USING btree (revision_of) WHERE (revision_of IS NOT NULL);

CREATE INDEX media_unattached ON public.media USING btree (created_at) WHERE ((post_id IS NULL) AND (revision_of IS NULL) AND (purpose = 'post'::text));

CREATE INDEX members_actor ON public.members USING btree (actor_id, group_id);

CREATE INDEX members_asked ON public.members USING btree (group_id, id) WHERE (state = 'asked'::text);

CREATE INDEX members_invited_by ON public.members USING btree (invited_by) WHERE (invited_by IS NOT NULL);

CREATE INDEX members_leading ON public.members USING btree (group_id, role) WHERE ((state = 'member'::text) AND (role <> 'member'::text));

CREATE UNIQUE INDEX members_uri ON public.members USING btree (uri);

CREATE INDEX moves_actor ON public.moves USING btree (actor_id, id DESC);

CREATE INDEX moves_open ON public.moves USING btree (id) WHERE (ended_at IS NULL);

CREATE INDEX moves_target ON public.moves USING btree (target_id);

CREATE INDEX mutes_target ON public.mutes USING btree (target_id);

CREATE INDEX notifications_actor ON public.notifications USING btree (actor_id);

CREATE INDEX notifications_group ON public.notifications USING btree (group_id) WHERE (group_id IS NOT NULL);

CREATE UNIQUE INDEX notifications_once ON public.notifications USING btree (owner_id, kind, actor_id, COALESCE(post_id, group_id, (0)::bigint));

CREATE INDEX notifications_owner ON public.notifications USING btree (owner_id, id DESC);

CREATE INDEX notifications_post ON public.notifications USING btree (post_id) WHERE (post_id IS NOT NULL);

CREATE INDEX oauth_codes_actor ON public.oauth_codes USING btree (actor_id);

CREATE INDEX oauth_codes_app ON public.oauth_codes USING btree (app_id);

CREATE INDEX oauth_tokens_actor ON public.oauth_tokens USING btree (actor_id);

CREATE INDEX oauth_tokens_app ON public.oauth_tokens USING btree (app_id);

CREATE INDEX poll_votes_actor ON public.poll_votes USING btree (actor_id);

CREATE INDEX polls_ending ON public.polls USING btree (ends_at) WHERE ((ended_at IS NULL) AND (ends_at IS NOT NULL));

CREATE INDEX polls_untold ON public.polls USING btree (counted_at) WHERE untold;

CREATE INDEX post_mentions_actor ON public.post_mentions USING btree (actor_id, post_id DESC);

CREATE INDEX post_tags_post ON public.post_tags USING btree (post_id);

CREATE INDEX posts_app ON public.posts USING btree (app_id) WHERE (app_id IS NOT NULL);

CREATE INDEX posts_author ON public.posts USING btree (author_id, id DESC);

CREATE INDEX posts_awaited_parent ON public.posts USING btree (in_reply_to_uri) WHERE ((in_reply_to_id IS NULL) AND (in_reply_to_uri <> ''::text));

CREATE INDEX posts_direct ON public.posts USING btree (author_id, id DESC) WHERE (audience = 'direct'::text);

CREATE INDEX posts_group ON public.posts USING btree (group_id, id DESC) WHERE (group_id IS NOT NULL);

CREATE INDEX posts_group_threads ON public.posts USING btree (group_id, id DESC) WHERE ((group_id IS NOT NULL) AND (in_reply_to_id IS NULL) AND (group_state = ''::text));

CREATE INDEX posts_group_waiting ON public.posts USING btree (group_id, id) WHERE (group_state = 'waiting'::text);

CREATE UNIQUE INDEX posts_idempotency ON public.posts USING btree (author_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);

CREATE INDEX posts_pinned ON public.posts USING btree (author_id, pinned_at DESC) WHERE (pinned_at IS NOT NULL);

CREATE INDEX posts_public ON public.posts USING btree (id DESC) WHERE (audience = 'public'::text);

CREATE INDEX posts_public_local ON public.posts USING btree (id DESC) WHERE (local AND (audience = ANY (ARRAY['public'::text, 'local'::text])));

CREATE INDEX posts_reply ON public.posts USING btree (in_reply_to_id, id) WHERE (in_reply_to_id IS NOT NULL);

CREATE INDEX posts_reply_actor ON public.posts USING btree (in_reply_to_actor_id) WHERE (in_reply_to_actor_id IS NOT NULL);

CREATE INDEX posts_thread ON public.posts USING btree (thread_id, id);

CREATE INDEX posts_topic ON public.posts USING btree (topic_id, id DESC) WHERE (topic_id IS NOT NULL);

CREATE INDEX posts_url ON public.posts USING btree (url);

CREATE INDEX public_keys_owner ON public.public_keys USING btree (owner_uri);

CREATE INDEX quote_stamps_actor ON public.quote_stamps USING btree (actor_id);

CREATE INDEX quotes_quoted ON public.quotes USING btree (quoted_id, post_id DESC) WHERE (quoted_id IS NOT NULL);

CREATE INDEX quotes_stamp ON public.quotes USING btree (stamp_uri) WHERE (stamp_uri <> ''::text);

CREATE INDEX reactions_post ON public.reactions USING btree (post_id, id);

CREATE INDEX report_notes_author ON public.report_notes USING btree (author_id);

CREATE INDEX report_notes_report ON public.report_notes USING btree (report_id, id);

CREATE INDEX report_posts_post ON public.report_posts USING btree (post_id) WHERE (post_id IS NOT NULL);

CREATE INDEX reports_assigned ON public.reports USING btree (assigned_id);

CREATE INDEX reports_closed_by ON public.reports USING btree (closed_by_id);

CREATE INDEX reports_reporter ON public.reports USING btree (reporter_id);

CREATE INDEX reports_source ON public.reports USING btree (source_host, created_at DESC) WHERE (source_host <> ''::text);

CREATE INDEX reports_state ON public.reports USING btree (state, id DESC);

CREATE INDEX reports_target ON public.reports USING btree (target_id, id DESC);

CREATE INDEX sessions_actor ON public.sessions USING btree (actor_id);

CREATE INDEX sessions_expiry ON public.sessions USING btree (expires_at);

CREATE INDEX topic_choices_actor ON public.topic_choices USING btree (actor_id);

CREATE UNIQUE INDEX topics_name ON public.topics USING btree (group_id, lower(name));

CREATE INDEX wants_due ON public.wants USING btree (next_attempt_at) WHERE (ended_at IS NULL);

CREATE INDEX wants_ended ON public.wants USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE TRIGGER account_changed AFTER UPDATE OF state, role, locale, time_zone, default_audience, default_language ON public.accounts FOR EACH ROW EXECUTE FUNCTION public.tell_account_changed();

CREATE TRIGGER account_deleted AFTER DELETE ON public.accounts FOR EACH ROW EXECUTE FUNCTION public.tell_account_changed();

CREATE TRIGGER actor_changed AFTER UPDATE OF uri, host, kind, username, display_name, summary_html, url, inbox_uri, shared_inbox_uri, outbox_uri, followers_uri, following_uri, featured_uri, avatar_url, avatar_alt, header_url, header_alt, fields, locked, discoverable, indexable, also_known_as, moved_to_uri, public_key_id, public_key_pem, ed25519_key_id, ed25519_multibase, created_at, updated_at, suspended_at, deleted_at ON public.actors FOR EACH ROW WHEN (old.local) EXECUTE FUNCTION public.tell_actor_changed();

CREATE TRIGGER actor_deleted AFTER DELETE ON public.actors FOR EACH ROW WHEN (old.local) EXECUTE FUNCTION public.tell_actor_changed();

CREATE TRIGGER follows_changed AFTER UPDATE ON public.follows REFERENCING OLD TABLE AS once_follows NEW TABLE AS now_follows FOR EACH STATEMENT EXECUTE FUNCTION public.follows_changed();

CREATE TRIGGER follows_deleted AFTER DELETE ON public.follows REFERENCING OLD TABLE AS once_follows FOR EACH STATEMENT EXECUTE FUNCTION public.follows_changed();

CREATE TRIGGER follows_put AFTER INSERT ON public.follows REFERENCING NEW TABLE AS now_follows FOR EACH STATEMENT EXECUTE FUNCTION public.follows_changed();

CREATE TRIGGER media_leftovers AFTER DELETE ON public.media FOR EACH ROW WHEN (((old.file_key <> ''::text) OR (old.preview_key <> ''::text))) EXECUTE FUNCTION public.note_media_leftovers();

CREATE TRIGGER oauth_token_changed AFTER UPDATE OF token_hash, app_id, actor_id, scopes ON public.oauth_tokens FOR EACH ROW WHEN ((old.actor_id IS NOT NULL)) EXECUTE FUNCTION public.tell_token_changed();

CREATE TRIGGER oauth_token_deleted AFTER DELETE ON public.oauth_tokens FOR EACH ROW WHEN ((old.actor_id IS NOT NULL)) EXECUTE FUNCTION public.tell_token_changed();

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_invite_id_fkey FOREIGN KEY (invite_id) REFERENCES public.invites(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.activities
    ADD CONSTRAINT activities_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.actor_secrets
    ADD CONSTRAINT actor_secrets_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_target_id_fkey FOREIGN KEY (target_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.bookmarks
    ADD CONSTRAINT bookmarks_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.bookmarks
    ADD CONSTRAINT bookmarks_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.boosts
    ADD CONSTRAINT boosts_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.boosts
    ADD CONSTRAINT boosts_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_activity_id_fkey FOREIGN KEY (activity_id) REFERENCES public.activities(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_sender_id_fkey FOREIGN KEY (sender_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.follows
    ADD CONSTRAINT follows_followee_id_fkey FOREIGN KEY (followee_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.follows
    ADD CONSTRAINT follows_follower_id_fkey FOREIGN KEY (follower_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.group_bans
    ADD CONSTRAINT group_bans_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.group_bans
    ADD CONSTRAINT group_bans_by_id_fkey FOREIGN KEY (by_id) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.group_bans
    ADD CONSTRAINT group_bans_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.group_invites
    ADD CONSTRAINT group_invites_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.group_invites
    ADD CONSTRAINT group_invites_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.group_log
    ADD CONSTRAINT group_log_by_id_fkey FOREIGN KEY (by_id) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.group_log
    ADD CONSTRAINT group_log_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.group_log
    ADD CONSTRAINT group_log_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.group_log
    ADD CONSTRAINT group_log_target_id_fkey FOREIGN KEY (target_id) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.group_log
    ADD CONSTRAINT group_log_undone_by_fkey FOREIGN KEY (undone_by) REFERENCES public.group_log(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.group_pins
    ADD CONSTRAINT group_pins_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.group_pins
    ADD CONSTRAINT group_pins_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.home_entries
    ADD CONSTRAINT home_entries_boost_id_fkey FOREIGN KEY (boost_id) REFERENCES public.boosts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.home_entries
    ADD CONSTRAINT home_entries_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.home_entries
    ADD CONSTRAINT home_entries_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_lines
    ADD CONSTRAINT import_lines_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.accounts(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.invites
    ADD CONSTRAINT invites_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.likes
    ADD CONSTRAINT likes_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.likes
    ADD CONSTRAINT likes_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mail_tokens
    ADD CONSTRAINT mail_tokens_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.accounts(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.markers
    ADD CONSTRAINT markers_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.accounts(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_revision_of_fkey FOREIGN KEY (revision_of) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.moves
    ADD CONSTRAINT moves_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.moves
    ADD CONSTRAINT moves_target_id_fkey FOREIGN KEY (target_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mutes
    ADD CONSTRAINT mutes_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mutes
    ADD CONSTRAINT mutes_target_id_fkey FOREIGN KEY (target_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_codes
    ADD CONSTRAINT oauth_codes_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.accounts(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_codes
    ADD CONSTRAINT oauth_codes_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.oauth_apps(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_tokens
    ADD CONSTRAINT oauth_tokens_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.accounts(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_tokens
    ADD CONSTRAINT oauth_tokens_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.oauth_apps(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.poll_options
    ADD CONSTRAINT poll_options_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.polls(post_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.poll_votes
    ADD CONSTRAINT poll_votes_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.poll_votes
    ADD CONSTRAINT poll_votes_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.polls(post_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.polls
    ADD CONSTRAINT polls_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_mentions
    ADD CONSTRAINT post_mentions_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_mentions
    ADD CONSTRAINT post_mentions_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_revisions
    ADD CONSTRAINT post_revisions_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_tags
    ADD CONSTRAINT post_tags_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_app_id_fkey FOREIGN KEY (app_id) REFERENCES public.oauth_apps(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(actor_id) ON DELETE SET NULL;

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_in_reply_to_actor_id_fkey FOREIGN KEY (in_reply_to_actor_id) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_in_reply_to_id_fkey FOREIGN KEY (in_reply_to_id) REFERENCES public.posts(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_topic_id_fkey FOREIGN KEY (topic_id) REFERENCES public.topics(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.quote_stamps
    ADD CONSTRAINT quote_stamps_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.quote_stamps
    ADD CONSTRAINT quote_stamps_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.quotes
    ADD CONSTRAINT quotes_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.quotes
    ADD CONSTRAINT quotes_quoted_id_fkey FOREIGN KEY (quoted_id) REFERENCES public.posts(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.reactions
    ADD CONSTRAINT reactions_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.reactions
    ADD CONSTRAINT reactions_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.relays
    ADD CONSTRAINT relays_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.report_notes
    ADD CONSTRAINT report_notes_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.report_notes
    ADD CONSTRAINT report_notes_report_id_fkey FOREIGN KEY (report_id) REFERENCES public.reports(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.report_posts
    ADD CONSTRAINT report_posts_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.report_posts
    ADD CONSTRAINT report_posts_report_id_fkey FOREIGN KEY (report_id) REFERENCES public.reports(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_assigned_id_fkey FOREIGN KEY (assigned_id) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_closed_by_id_fkey FOREIGN KEY (closed_by_id) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_reporter_id_fkey FOREIGN KEY (reporter_id) REFERENCES public.actors(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_target_id_fkey FOREIGN KEY (target_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.accounts(actor_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.topic_choices
    ADD CONSTRAINT topic_choices_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.actors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.topic_choices
    ADD CONSTRAINT topic_choices_topic_id_fkey FOREIGN KEY (topic_id) REFERENCES public.topics(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.topics
    ADD CONSTRAINT topics_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(actor_id) ON DELETE CASCADE;

-- Messages somebody wrote; those to somebody are found by who is named.
CREATE INDEX posts_direct ON posts (author_id, id DESC) WHERE audience = 'direct';

-- Processes keep public answers about our people in memory and are told here when one has changed.
-- Counts and the time of the last post are no part of those answers.
CREATE FUNCTION tell_actor_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('actor_changed', OLD.id::text);
    RETURN NULL;
END $$;

CREATE FUNCTION tell_account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('actor_changed', OLD.actor_id::text);
    RETURN NULL;
END $$;

CREATE TRIGGER actor_changed AFTER UPDATE OF
    uri, host, kind, username, display_name, summary_html, url, inbox_uri, shared_inbox_uri, outbox_uri,
    followers_uri, following_uri, featured_uri, avatar_url, avatar_alt, header_url, header_alt, fields, locked,
    discoverable, indexable, also_known_as, moved_to_uri, public_key_id, public_key_pem, ed25519_key_id,
    ed25519_multibase, created_at, updated_at, suspended_at, deleted_at
    ON actors FOR EACH ROW WHEN (OLD.local) EXECUTE FUNCTION tell_actor_changed();

CREATE TRIGGER actor_deleted AFTER DELETE ON actors FOR EACH ROW WHEN (OLD.local)
    EXECUTE FUNCTION tell_actor_changed();

CREATE TRIGGER account_changed AFTER UPDATE OF state ON accounts FOR EACH ROW
    EXECUTE FUNCTION tell_account_changed();

CREATE TRIGGER account_deleted AFTER DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION tell_account_changed();

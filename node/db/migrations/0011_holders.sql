-- Web processes remember for a while who holds a token (`oauth.holders`); whatever could make that untrue is told.

CREATE FUNCTION tell_token_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('actor_changed', OLD.actor_id::text);
    RETURN NULL;
END $$;

CREATE TRIGGER oauth_token_deleted AFTER DELETE ON oauth_tokens
    FOR EACH ROW WHEN (OLD.actor_id IS NOT NULL) EXECUTE FUNCTION tell_token_changed();
CREATE TRIGGER oauth_token_changed AFTER UPDATE OF token_hash, app_id, actor_id, scopes ON oauth_tokens
    FOR EACH ROW WHEN (OLD.actor_id IS NOT NULL) EXECUTE FUNCTION tell_token_changed();

DROP TRIGGER account_changed ON accounts;
CREATE TRIGGER account_changed
    AFTER UPDATE OF state, role, locale, time_zone, default_audience, default_language ON accounts
    FOR EACH ROW EXECUTE FUNCTION tell_account_changed();

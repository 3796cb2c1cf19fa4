-- How many follow one of ours, and whom they follow: kept with the rows, whoever changes them, by what
-- changed. Those counted are held first and in the order of their ids, so that two follows at once
-- neither lose one nor wait for each other in a circle.
CREATE FUNCTION count_follows(follower_ids bigint[], followee_ids bigint[], signs integer[]) RETURNS void
LANGUAGE plpgsql AS $$
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

CREATE FUNCTION follows_changed() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER follows_put AFTER INSERT ON follows REFERENCING NEW TABLE AS now_follows
    FOR EACH STATEMENT EXECUTE FUNCTION follows_changed();
CREATE TRIGGER follows_changed AFTER UPDATE ON follows
    REFERENCING OLD TABLE AS once_follows NEW TABLE AS now_follows
    FOR EACH STATEMENT EXECUTE FUNCTION follows_changed();
CREATE TRIGGER follows_deleted AFTER DELETE ON follows REFERENCING OLD TABLE AS once_follows
    FOR EACH STATEMENT EXECUTE FUNCTION follows_changed();

-- Deliveries that ended badly, as admins list them; few beside those that are due or done.
CREATE INDEX deliveries_bad ON deliveries (state, id DESC) WHERE state NOT IN ('due', 'delivered');

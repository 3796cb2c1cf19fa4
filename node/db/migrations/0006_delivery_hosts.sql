-- What deliveries need to know of hosts and inboxes to be fair, in order, and not in vain.

ALTER TABLE hosts
    ADD COLUMN answer_ms integer NOT NULL DEFAULT 0,   -- how long it takes to answer a delivery, smoothed; 0: not known
    ADD COLUMN code text NOT NULL DEFAULT '',          -- why it rests
    ADD COLUMN tried_at timestamptz,                   -- when a delivery to it last failed for the whole host
    ADD COLUMN gone_at timestamptz,                    -- given up: nothing is written for it until it is heard of
    DROP CONSTRAINT hosts_scheme_check,
    ADD CONSTRAINT hosts_scheme_check CHECK (scheme IN ('', 'cavage', 'rfc9421', 'ed25519'));

CREATE TABLE gone_inboxes (      -- inboxes that answered 410: nobody reads there
    inbox_uri text PRIMARY KEY,
    host text NOT NULL,
    gone_at timestamptz NOT NULL
);
CREATE INDEX gone_inboxes_host ON gone_inboxes (host);

-- A delivery that failed once holds back what its sender wrote later for the same host. Few ever wait.
CREATE INDEX deliveries_waiting ON deliveries (host, sender_id, id) WHERE state = 'due' AND attempts > 0;

-- Groups of others are compared with their house now and then, in the background.

ALTER TABLE wants DROP CONSTRAINT wants_kind_check;
ALTER TABLE wants ADD CONSTRAINT wants_kind_check
    CHECK (kind IN ('thread', 'backfill', 'followers', 'handle', 'burial', 'group'));

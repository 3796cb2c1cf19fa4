-- Posts of somebody who left are removed some at a time; what is left over is found again here.
ALTER TABLE wants DROP CONSTRAINT wants_kind_check;
ALTER TABLE wants ADD CONSTRAINT wants_kind_check CHECK (kind IN ('thread', 'backfill', 'followers', 'handle', 'burial'));

-- A group passes on what was written for its members alone, as its own kind of boost.

ALTER TABLE boosts DROP CONSTRAINT boosts_audience_check;
ALTER TABLE boosts ADD CONSTRAINT boosts_audience_check
    CHECK (audience IN ('public', 'unlisted', 'followers', 'local', 'group'));

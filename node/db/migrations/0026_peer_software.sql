-- What other houses run is asked for when we first hear of them and then once a week.

ALTER TABLE hosts ADD COLUMN ask_software_at timestamptz;   -- NULL: never asked yet

CREATE INDEX hosts_to_ask ON hosts (ask_software_at NULLS FIRST) WHERE last_heard_at IS NOT NULL;

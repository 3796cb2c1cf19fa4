-- One index for what is due, one for what waits after a failure, and none between which PostgreSQL could
-- choose wrongly: it counts rows when the queue is empty and then reads the whole queue for each host.

DROP INDEX deliveries_due_time;      -- what is due is walked host by host (deliveries_due)

DROP INDEX deliveries_waiting;
CREATE INDEX deliveries_waiting ON deliveries (host, sender_id, id) WHERE ended_at IS NULL AND attempts > 0;

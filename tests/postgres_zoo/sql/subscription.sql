-- A subscription that never connects. Before its database can be dropped: ALTER SUBSCRIPTION zoo_subscription SET
-- (slot_name = NONE), then DROP SUBSCRIPTION zoo_subscription.
SET client_min_messages = error;
CREATE SUBSCRIPTION zoo_subscription CONNECTION 'host=127.0.0.1 port=1 dbname=none' PUBLICATION none WITH (connect = false, slot_name = NONE);

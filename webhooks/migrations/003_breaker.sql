-- An endpoint that fails waits as a whole. No delivery of it is tried meanwhile.
ALTER TABLE webhooks.endpoint
    ADD COLUMN failed_messages text[] NOT NULL DEFAULT '{}',
    ADD COLUMN failing_since timestamptz,
    ADD COLUMN wait_step integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT endpoint_wait_step_is_counted CHECK (wait_step >= 0),
    ADD CONSTRAINT endpoint_failing_is_whole CHECK ((failing_since IS NULL) = (failed_messages = '{}' AND wait_step = 0));

COMMENT ON COLUMN webhooks.endpoint.failed_messages IS 'Different messages that failed since the last success, as many as count.';
COMMENT ON COLUMN webhooks.endpoint.failing_since IS 'The first failure since the last success.';
COMMENT ON COLUMN webhooks.endpoint.wait_step IS '0: deliveries are made. n: the endpoint waits, or has waited, as long as a delivery does after its n-th attempt; the next delivery decides.';
COMMENT ON COLUMN webhooks.endpoint.paused_until IS 'Nothing is sent before: the receiver asked, by Retry-After, to be left alone, or it fails and waits.';
COMMENT ON COLUMN webhooks.delivery_log.outcome IS 'delivered: 2xx. exhausted: the last attempt failed, or it became too old while its endpoint failed. aborted: the receiver asked for no more attempts.';

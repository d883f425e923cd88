-- The schema itself is made by Migrate: the table of versions lives in it.

CREATE TABLE webhooks.endpoint (
    id              text COLLATE "C" PRIMARY KEY,
    number          bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    project_id      text COLLATE "C" NOT NULL,
    url             text NOT NULL,
    description     text NOT NULL DEFAULT '',
    event_types     text[] NOT NULL DEFAULT '{}',
    status          text NOT NULL DEFAULT 'enabled',
    disabled_reason text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    shard           smallint NOT NULL,
    from_sequence   bigint NOT NULL,
    joined          boolean NOT NULL DEFAULT false,
    lease_owner     text,
    lease_epoch     bigint NOT NULL DEFAULT 0,
    lease_until     timestamptz,
    paused_until    timestamptz,
    CONSTRAINT endpoint_status_is_known CHECK (status IN ('enabled', 'disabled')),
    CONSTRAINT endpoint_url_fits CHECK (octet_length(url) BETWEEN 1 AND 2048),
    CONSTRAINT endpoint_lease_is_whole CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CONSTRAINT endpoint_from_sequence_is_a_place CHECK (from_sequence >= 0)
) WITH (fillfactor = 50); -- the lease is written often, in place

COMMENT ON TABLE  webhooks.endpoint IS 'Where a project wants its events posted, and which dispatcher posts there now.';
COMMENT ON COLUMN webhooks.endpoint.number IS 'Order of creation; what lists page by.';
COMMENT ON COLUMN webhooks.endpoint.event_types IS 'Names, prefix.* and *; empty means every event.';
COMMENT ON COLUMN webhooks.endpoint.shard IS 'The shard of the project, which never changes.';
COMMENT ON COLUMN webhooks.endpoint.from_sequence IS 'Facts of the shard up to here are not for this endpoint, or were given to it while it joined.';
COMMENT ON COLUMN webhooks.endpoint.joined IS 'Ingest of the shard counts with this endpoint. Until then it is owed everything after from_sequence.';
COMMENT ON COLUMN webhooks.endpoint.lease_epoch IS 'Raised by whoever takes the lease; a delivery claimed under an older epoch is nobody''s.';
COMMENT ON COLUMN webhooks.endpoint.paused_until IS 'The receiver asked, by Retry-After, to be left alone until then.';

CREATE INDEX endpoint_by_project ON webhooks.endpoint (project_id, number);
-- Ingest asks every second whether somebody new listens.
CREATE INDEX endpoint_joining ON webhooks.endpoint (shard) WHERE NOT joined;

CREATE TABLE webhooks.secret (
    endpoint_id text COLLATE "C" NOT NULL REFERENCES webhooks.endpoint ON DELETE CASCADE,
    number      bigint GENERATED ALWAYS AS IDENTITY,
    sealed      bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz,
    PRIMARY KEY (endpoint_id, number),
    CONSTRAINT secret_is_sealed CHECK (octet_length(sealed) > 28) -- nonce and tag alone are 28 bytes
);

COMMENT ON TABLE  webhooks.secret IS 'Signing secrets. Every unexpired one signs, the newest first.';
COMMENT ON COLUMN webhooks.secret.sealed IS 'AES-256-GCM under a key derived from the master key, bound to the endpoint.';

CREATE TABLE webhooks.message (
    id          text COLLATE "C" PRIMARY KEY,
    project_id  text COLLATE "C" NOT NULL,
    type        text NOT NULL,
    body        bytea NOT NULL,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT message_id_is_signable CHECK (position('.' IN id) = 0)
);

COMMENT ON TABLE  webhooks.message IS 'An event as receivers get it, rendered once; every attempt posts and signs these bytes.';
COMMENT ON COLUMN webhooks.message.id IS 'Made from the place of the fact in the log: reading the log again gives the same.';
COMMENT ON COLUMN webhooks.message.occurred_at IS 'The time of the fact.';

-- Bodies are some hundred bytes of JSON: compressing each costs more than it saves.
ALTER TABLE webhooks.message ALTER COLUMN body SET STORAGE EXTERNAL;

-- Only deliveries that are still to be made. There is no column for their
-- state: it follows from the endpoint and the epoch (see the package), so that a
-- claim changes no indexed column and the update stays in its page.
CREATE TABLE webhooks.delivery (
    endpoint_id text COLLATE "C" NOT NULL REFERENCES webhooks.endpoint ON DELETE CASCADE,
    message_id  text COLLATE "C" NOT NULL,
    attempts    integer NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL,
    lease_epoch bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (endpoint_id, message_id),
    CONSTRAINT delivery_attempts_are_counted CHECK (attempts >= 0)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02, -- a queue: rows come and go all the time
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE  webhooks.delivery IS 'Deliveries to be made. Finished ones move to delivery_log.';
COMMENT ON COLUMN webhooks.delivery.attempts IS 'Attempts whose outcome is recorded.';
COMMENT ON COLUMN webhooks.delivery.lease_epoch IS '0: waiting. The endpoint''s epoch: in flight. Older: was in flight when its dispatcher ended; due again.';

-- What a claim reads: the due deliveries of one endpoint, oldest first.
CREATE INDEX delivery_due ON webhooks.delivery (endpoint_id, next_at, message_id);

-- No reference to endpoint from here on: what was sent stays on record when the
-- endpoint is deleted.
CREATE TABLE webhooks.delivery_log (
    endpoint_id text COLLATE "C" NOT NULL,
    message_id  text COLLATE "C" NOT NULL,
    outcome     text NOT NULL,
    attempts    integer NOT NULL,
    created_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (endpoint_id, message_id),
    CONSTRAINT delivery_log_outcome_is_known CHECK (outcome IN ('delivered', 'exhausted', 'aborted'))
);

COMMENT ON TABLE  webhooks.delivery_log IS 'The end of each delivery.';
COMMENT ON COLUMN webhooks.delivery_log.outcome IS 'delivered: 2xx. exhausted: the last attempt failed. aborted: the receiver asked for no more attempts.';

CREATE TABLE webhooks.attempt (
    number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint_id   text COLLATE "C" NOT NULL,
    message_id    text COLLATE "C" NOT NULL,
    n             integer NOT NULL,
    outcome       text NOT NULL,
    started_at    timestamptz NOT NULL,
    duration_us   bigint NOT NULL,
    status_code   integer,
    error_class   text NOT NULL DEFAULT '',
    error         text NOT NULL DEFAULT '',
    response_body bytea NOT NULL DEFAULT '',
    next_at       timestamptz,
    CONSTRAINT attempt_outcome_is_known CHECK (outcome IN ('delivered', 'retry', 'exhausted', 'aborted')),
    CONSTRAINT attempt_is_counted CHECK (n >= 1),
    CONSTRAINT attempt_response_is_cut CHECK (octet_length(response_body) <= 8192),
    CONSTRAINT attempt_next_follows_retry CHECK ((next_at IS NOT NULL) = (outcome = 'retry'))
);

COMMENT ON TABLE  webhooks.attempt IS 'Every POST whose outcome is known, written together with the next state of its delivery.';
COMMENT ON COLUMN webhooks.attempt.status_code IS 'NULL when no answer came.';
COMMENT ON COLUMN webhooks.attempt.response_body IS 'The first 8 KiB of the answer.';

CREATE INDEX attempt_by_endpoint ON webhooks.attempt (endpoint_id, number);

CREATE TABLE webhooks.checkpoint (
    shard    smallint PRIMARY KEY,
    sequence bigint NOT NULL,
    hash     bytea NOT NULL,
    turn     bigint NOT NULL DEFAULT 0,
    CONSTRAINT checkpoint_hash_is_whole CHECK (octet_length(hash) = 32)
);

COMMENT ON TABLE  webhooks.checkpoint IS 'How far each shard''s log has been read.';
COMMENT ON COLUMN webhooks.checkpoint.hash IS 'SHA-256 of the commit at sequence: the next one must carry it.';
COMMENT ON COLUMN webhooks.checkpoint.turn IS 'Raised by every write of ingest. Who comes with an older one has been overtaken and must read again.';

CREATE TABLE webhooks.wallet (
    id          text COLLATE "C" PRIMARY KEY,
    project_id  text COLLATE "C" NOT NULL,
    customer_id text NOT NULL,
    role        text NOT NULL,
    currency    text NOT NULL,
    number      bigint NOT NULL,
    name        text NOT NULL,
    status      text NOT NULL DEFAULT 'active'
);

COMMENT ON TABLE webhooks.wallet IS 'What an event says about a wallet beyond its balance, as of the checkpoint of its shard.';

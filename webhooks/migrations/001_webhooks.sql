-- The schema itself is made by Migrate: the table of versions lives in it.
--
-- A comment that means the same in every table is given once, at the end.

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
    after_sequence  bigint NOT NULL,
    joined          boolean NOT NULL DEFAULT false,
    lease_owner     text,
    lease_epoch     bigint NOT NULL DEFAULT 0,
    lease_until     timestamptz,
    paused_until    timestamptz,
    failed_messages text[] NOT NULL DEFAULT '{}',
    failing_since   timestamptz,
    wait_step       integer NOT NULL DEFAULT 0,
    CONSTRAINT endpoint_status_is_known CHECK (status IN ('enabled', 'disabled')),
    CONSTRAINT endpoint_url_fits CHECK (octet_length(url) BETWEEN 1 AND 2048),
    CONSTRAINT endpoint_lease_is_whole CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CONSTRAINT endpoint_after_sequence_is_a_place CHECK (after_sequence >= 0),
    CONSTRAINT endpoint_wait_step_is_counted CHECK (wait_step >= 0),
    CONSTRAINT endpoint_failing_is_whole CHECK ((failing_since IS NULL) = (failed_messages = '{}' AND wait_step = 0))
) WITH (fillfactor = 50); -- the lease is written often, in place
CREATE INDEX endpoint_by_project ON webhooks.endpoint (project_id, number);
-- Ingest asks every second for endpoints that are new.
CREATE INDEX endpoint_joining ON webhooks.endpoint (shard) WHERE NOT joined;
COMMENT ON TABLE  webhooks.endpoint IS 'Where a project wants its events posted, and which dispatcher posts there now.';
COMMENT ON COLUMN webhooks.endpoint.id IS 'we_…';
COMMENT ON COLUMN webhooks.endpoint.number IS 'Order of creation. Lists page by it.';
COMMENT ON COLUMN webhooks.endpoint.url IS 'Where events are posted.';
COMMENT ON COLUMN webhooks.endpoint.description IS 'Free text. May be empty.';
COMMENT ON COLUMN webhooks.endpoint.event_types IS 'Names of events, prefix.* and *. Empty: every event.';
COMMENT ON COLUMN webhooks.endpoint.status IS 'enabled; disabled: deliveries wait, none is dropped.';
COMMENT ON COLUMN webhooks.endpoint.disabled_reason IS 'Empty while enabled.';
COMMENT ON COLUMN webhooks.endpoint.shard IS 'The shard of the project, which never changes.';
COMMENT ON COLUMN webhooks.endpoint.after_sequence IS 'The endpoint gets the facts after this commit. While it joins, this is how far it has got them.';
COMMENT ON COLUMN webhooks.endpoint.joined IS 'Ingest of the shard makes deliveries for this endpoint. Until then the endpoint still needs everything after after_sequence.';
COMMENT ON COLUMN webhooks.endpoint.lease_owner IS 'The dispatcher that delivers to the endpoint. NULL: none.';
COMMENT ON COLUMN webhooks.endpoint.lease_epoch IS 'Number of the lease: each dispatcher that takes it raises it. A delivery that was claimed under an older number is due again.';
COMMENT ON COLUMN webhooks.endpoint.lease_until IS 'When the lease ends unless its owner renews it. NULL: there is none.';
COMMENT ON COLUMN webhooks.endpoint.paused_until IS 'Nothing is sent before: the receiver asked for a pause by Retry-After, or it fails and waits.';
COMMENT ON COLUMN webhooks.endpoint.failed_messages IS 'Different messages that failed since the last success, up to the number that counts.';
COMMENT ON COLUMN webhooks.endpoint.failing_since IS 'The first failure since the last success. NULL: none.';
COMMENT ON COLUMN webhooks.endpoint.wait_step IS '0: deliveries are made. n: the endpoint waits, or has waited, as long as a delivery does after its n-th attempt; the next delivery decides.';

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
COMMENT ON COLUMN webhooks.secret.number IS 'Order of creation.';
COMMENT ON COLUMN webhooks.secret.sealed IS 'The secret, encrypted: AES-256-GCM under a key derived from the master key, bound to the endpoint.';
COMMENT ON COLUMN webhooks.secret.expires_at IS 'NULL: never.';

CREATE TABLE webhooks.message (
    id         text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    type       text NOT NULL,
    body       bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT message_id_is_signable CHECK (position('.' IN id) = 0)
);
-- Bodies are some hundred bytes of JSON: compressing each costs more than it saves.
ALTER TABLE webhooks.message ALTER COLUMN body SET STORAGE EXTERNAL;
COMMENT ON TABLE  webhooks.message IS 'Events as receivers get them. Each is rendered once; every attempt signs and posts these bytes.';
COMMENT ON COLUMN webhooks.message.id IS 'evt_…; made of the place of the fact in the log, so that reading the log again gives the same.';
COMMENT ON COLUMN webhooks.message.type IS 'Name of the event.';
COMMENT ON COLUMN webhooks.message.body IS 'What is posted.';
COMMENT ON COLUMN webhooks.message.created_at IS 'The time of the fact.';

-- Only deliveries that are still to be made. There is no column for their state: it
-- follows from the endpoint and the epoch (see the package), so that a claim changes
-- no indexed column and the update stays on its page.
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
-- A claim reads the due deliveries of one endpoint, the oldest first.
CREATE INDEX delivery_due ON webhooks.delivery (endpoint_id, next_at, message_id);
COMMENT ON TABLE  webhooks.delivery IS 'Deliveries to be made. Finished ones move to delivery_log.';
COMMENT ON COLUMN webhooks.delivery.attempts IS 'Attempts whose outcome is recorded.';
COMMENT ON COLUMN webhooks.delivery.next_at IS 'When the next attempt is due.';
COMMENT ON COLUMN webhooks.delivery.lease_epoch IS '0: waiting. The endpoint''s lease_epoch: in flight. Older: it was in flight when its dispatcher ended, and is due again.';

-- No reference to endpoint from here on: the record of what was sent stays when the
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
COMMENT ON TABLE  webhooks.delivery_log IS 'How each delivery ended.';
COMMENT ON COLUMN webhooks.delivery_log.outcome IS 'delivered: 2xx. exhausted: the last attempt failed, or it became too old while its endpoint failed. aborted: the receiver asked for no more attempts.';
COMMENT ON COLUMN webhooks.delivery_log.attempts IS 'How many attempts were made.';
COMMENT ON COLUMN webhooks.delivery_log.finished_at IS 'When it ended.';

CREATE TABLE webhooks.attempt (
    number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint_id   text COLLATE "C" NOT NULL,
    message_id    text COLLATE "C" NOT NULL,
    attempt       integer NOT NULL,
    outcome       text NOT NULL,
    started_at    timestamptz NOT NULL,
    duration_us   bigint NOT NULL,
    status_code   integer,
    error_class   text NOT NULL DEFAULT '',
    error         text NOT NULL DEFAULT '',
    response_body bytea NOT NULL DEFAULT '',
    next_at       timestamptz,
    CONSTRAINT attempt_outcome_is_known CHECK (outcome IN ('delivered', 'retry', 'exhausted', 'aborted')),
    CONSTRAINT attempt_is_counted CHECK (attempt >= 1),
    CONSTRAINT attempt_response_is_cut CHECK (octet_length(response_body) <= 8192),
    CONSTRAINT attempt_next_follows_retry CHECK ((next_at IS NOT NULL) = (outcome = 'retry'))
);
CREATE INDEX attempt_by_endpoint ON webhooks.attempt (endpoint_id, number);
COMMENT ON TABLE  webhooks.attempt IS 'Every POST whose outcome is known, written together with the next state of its delivery.';
COMMENT ON COLUMN webhooks.attempt.number IS 'Order of recording. Lists page by it.';
COMMENT ON COLUMN webhooks.attempt.attempt IS 'Which attempt of the delivery it was, from 1.';
COMMENT ON COLUMN webhooks.attempt.outcome IS 'As in delivery_log; retry: there is another attempt, at next_at.';
COMMENT ON COLUMN webhooks.attempt.started_at IS 'When the request began.';
COMMENT ON COLUMN webhooks.attempt.duration_us IS 'Microseconds until the answer was read, or until the error.';
COMMENT ON COLUMN webhooks.attempt.status_code IS 'HTTP status of the answer. NULL: there was none.';
COMMENT ON COLUMN webhooks.attempt.error_class IS 'timeout, blocked, dns, connect, tls, protocol, redirect or status. Empty: 2xx.';
COMMENT ON COLUMN webhooks.attempt.error IS 'The error for people. Empty: 2xx.';
COMMENT ON COLUMN webhooks.attempt.response_body IS 'The first 8 KiB of the answer.';
COMMENT ON COLUMN webhooks.attempt.next_at IS 'When the next attempt is due. NULL: there is none.';

CREATE TABLE webhooks.checkpoint (
    shard    smallint PRIMARY KEY,
    sequence bigint NOT NULL,
    hash     bytea NOT NULL,
    revision bigint NOT NULL DEFAULT 0,
    CONSTRAINT checkpoint_hash_is_whole CHECK (octet_length(hash) = 32)
);
COMMENT ON TABLE  webhooks.checkpoint IS 'How far each shard''s log has been read.';
COMMENT ON COLUMN webhooks.checkpoint.shard IS 'Number of the shard, from 0.';
COMMENT ON COLUMN webhooks.checkpoint.sequence IS 'Sequence of the last commit that was read. 0: none.';
COMMENT ON COLUMN webhooks.checkpoint.hash IS 'SHA-256 of that commit. The next commit must carry it.';
COMMENT ON COLUMN webhooks.checkpoint.revision IS 'Raised by every write of ingest. A write with an older one is refused, and its dispatcher reads again.';

CREATE TABLE webhooks.wallet (
    id          text COLLATE "C" PRIMARY KEY,
    project_id  text COLLATE "C" NOT NULL,
    customer_id text NOT NULL,
    role        text NOT NULL,
    type        text NOT NULL,
    currency    text NOT NULL,
    number      bigint NOT NULL,
    name        text NOT NULL,
    status      text NOT NULL
);
COMMENT ON TABLE  webhooks.wallet IS 'What an event says about a wallet beyond its balance, as of the checkpoint of its shard.';
COMMENT ON COLUMN webhooks.wallet.id IS 'wall_…';
COMMENT ON COLUMN webhooks.wallet.customer_id IS 'Whose it is. Empty: the project''s.';
COMMENT ON COLUMN webhooks.wallet.role IS 'What it is for: customer, system, issuance, fees, breakage, escrow or liquidity.';
COMMENT ON COLUMN webhooks.wallet.type IS 'PREPAID or POSTPAID. It never changes.';
COMMENT ON COLUMN webhooks.wallet.currency IS 'Code of an asset.';
COMMENT ON COLUMN webhooks.wallet.number IS 'An integer that identifies the wallet, unique in the installation.';
COMMENT ON COLUMN webhooks.wallet.name IS 'For people. May be empty.';
COMMENT ON COLUMN webhooks.wallet.status IS 'active, frozen, disabled or closed.';

-- An endpoint that joins reads commits again. It must get what it would have got the
-- first time, so what a wallet was then is kept.
CREATE TABLE webhooks.wallet_past (
    wallet_id      text COLLATE "C" NOT NULL,
    until_sequence bigint NOT NULL,
    name           text NOT NULL,
    status         text NOT NULL,
    PRIMARY KEY (wallet_id, until_sequence)
);
COMMENT ON TABLE  webhooks.wallet_past IS 'What a wallet was before a commit that changed it.';
COMMENT ON COLUMN webhooks.wallet_past.wallet_id IS 'webhooks.wallet.id';
COMMENT ON COLUMN webhooks.wallet_past.until_sequence IS 'The commit that changed it. The row was true since the commit before that one which changed the wallet.';
COMMENT ON COLUMN webhooks.wallet_past.name IS 'The name before the commit.';
COMMENT ON COLUMN webhooks.wallet_past.status IS 'The status before the commit.';

-- Comments that mean the same in every table.
DO $$
DECLARE
    missing record;
BEGIN
    FOR missing IN
        SELECT a.attrelid::regclass AS relation, a.attname, said.what
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 'webhooks'::regnamespace
          JOIN (VALUES ('project_id', 'The project that it belongs to.'),
                       ('endpoint_id', 'webhooks.endpoint.id'),
                       ('message_id', 'webhooks.message.id'),
                       ('created_at', 'When it was created, by the clock of the database.')
               ) AS said (attname, what) ON said.attname = a.attname
         WHERE a.attnum > 0 AND col_description(a.attrelid, a.attnum) IS NULL
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', missing.relation, missing.attname, missing.what);
    END LOOP;
END $$;

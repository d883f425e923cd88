-- The read model of the ledger. Only the projector writes here; every row is a
-- consequence of the log and can be made again from it.
--
-- There are no foreign keys. The log decided already that what a row refers to
-- exists; checking again would cost a lookup for every entry. What a row says of
-- itself is checked, so that no bug of a projector gets in unnoticed.
--
-- Identifiers of wallets and transactions count up with the log: their indexes
-- grow at the right edge, which is cheap, and their order is the order of time.
-- That is so in the order of bytes, collation "C", which is also the quick one.

CREATE TABLE ledger.projects (
    id                      text COLLATE "C" PRIMARY KEY,
    name                    text             NOT NULL,
    currency                text COLLATE "C" NOT NULL,
    locale                  text             NOT NULL,
    transfer_fee_percentage numeric          NOT NULL,
    one_wallet_per_customer boolean          NOT NULL,
    created_at              timestamptz      NOT NULL,
    updated_at              timestamptz      NOT NULL,
    sequence                bigint           NOT NULL,
    CONSTRAINT projects_fee_is_a_percentage CHECK (transfer_fee_percentage BETWEEN 0 AND 100)
);
COMMENT ON TABLE  ledger.projects IS 'Applications, programmes or merchants, each with its own customers and wallets. No transaction leaves its project.';
COMMENT ON COLUMN ledger.projects.id IS 'proj_…';
COMMENT ON COLUMN ledger.projects.currency IS 'Asset code of wallets made without naming one. Never changes.';
COMMENT ON COLUMN ledger.projects.locale IS 'How amounts are formatted, such as en-GH; empty means en.';
COMMENT ON COLUMN ledger.projects.transfer_fee_percentage IS 'Percentage of each transfer that the sender pays on top, 0 to 100, as of now.';
COMMENT ON COLUMN ledger.projects.one_wallet_per_customer IS 'A customer has one wallet, whatever the currency.';
COMMENT ON COLUMN ledger.projects.sequence IS 'Place in the shard''s log of the last change.';

CREATE TABLE ledger.assets (
    project_id text COLLATE "C" NOT NULL,
    code       text COLLATE "C" NOT NULL,
    scale      integer          NOT NULL,
    name       text             NOT NULL,
    symbol     text             NOT NULL,
    numeric_id integer          NOT NULL,
    PRIMARY KEY (project_id, code),
    CONSTRAINT assets_scale_is_0_to_18 CHECK (scale BETWEEN 0 AND 18)
);
COMMENT ON TABLE  ledger.assets IS 'What the wallets of a project hold: assets that it defined, and the ISO 4217 currencies that it uses.';
COMMENT ON COLUMN ledger.assets.code IS 'ISO 4217 code, or the project''s own.';
COMMENT ON COLUMN ledger.assets.scale IS 'Digits after the decimal point of every amount.';
COMMENT ON COLUMN ledger.assets.name IS 'Empty for a currency of ISO 4217.';
COMMENT ON COLUMN ledger.assets.symbol IS 'Empty for a currency of ISO 4217, whose symbol depends on the locale.';
COMMENT ON COLUMN ledger.assets.numeric_id IS 'ISO 4217 number (840 is USD), or one given by the project; 0 for none.';

CREATE TABLE ledger.customers (
    project_id  text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    username    text             NOT NULL,
    phone       text             NOT NULL,
    email       text             NOT NULL,
    name        text             NOT NULL,
    description text             NOT NULL,
    role        text             NOT NULL,
    metadata    jsonb            NOT NULL,
    created_at  timestamptz      NOT NULL,
    updated_at  timestamptz      NOT NULL,
    sequence    bigint           NOT NULL,
    PRIMARY KEY (project_id, customer_id)
);
CREATE INDEX customers_newest_first ON ledger.customers (project_id, created_at, customer_id);
COMMENT ON TABLE  ledger.customers IS 'Who owns wallets. Personal data: here in the clear, in the log encrypted.';
COMMENT ON COLUMN ledger.customers.customer_id IS 'The project''s own identifier of the customer.';
COMMENT ON COLUMN ledger.customers.username IS 'Empty when not known, like every other field of the profile.';
COMMENT ON COLUMN ledger.customers.metadata IS 'The project''s own notes: an object of texts.';
COMMENT ON COLUMN ledger.customers.updated_at IS 'When the profile last changed.';
COMMENT ON COLUMN ledger.customers.sequence IS 'Place in the shard''s log of the last change.';

-- Every entry changes version, balance, sequence and updated_at of its wallet.
-- No index covers them and pages keep room, so that an update stays on its page
-- and touches no index (HOT).
CREATE TABLE ledger.wallets (
    id          text COLLATE "C" PRIMARY KEY,
    project_id  text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C",
    role        text             NOT NULL,
    type        text             NOT NULL,
    currency    text COLLATE "C" NOT NULL,
    scale       integer          NOT NULL,
    number      bigint           NOT NULL CONSTRAINT wallets_number_is_unique UNIQUE,
    name        text             NOT NULL,
    metadata    jsonb            NOT NULL,
    status      text             NOT NULL,
    version     bigint           NOT NULL,
    balance     numeric          NOT NULL,
    created_at  timestamptz      NOT NULL,
    updated_at  timestamptz      NOT NULL,
    sequence    bigint           NOT NULL,
    CONSTRAINT wallets_role_is_known CHECK (role IN ('customer', 'system', 'issuance', 'fees')),
    CONSTRAINT wallets_status_is_known CHECK (status IN ('active', 'disabled')),
    CONSTRAINT wallets_customer_has_the_role CHECK ((role = 'customer') = (customer_id IS NOT NULL)),
    CONSTRAINT wallets_only_issuance_below_zero CHECK (balance >= 0 OR role = 'issuance'),
    CONSTRAINT wallets_balance_is_at_scale CHECK (scale(balance) = scale),
    CONSTRAINT wallets_version_counts_entries CHECK (version >= 0 AND (version > 0 OR balance = 0))
) WITH (fillfactor = 60);
CREATE INDEX wallets_newest_first ON ledger.wallets (project_id, id);
CREATE INDEX wallets_of_customer ON ledger.wallets (project_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX wallets_metadata ON ledger.wallets USING gin (metadata jsonb_path_ops) WHERE metadata <> '{}';
COMMENT ON TABLE  ledger.wallets IS 'Wallets with their balances as of the checkpoint. Per project and currency all balances sum to zero.';
COMMENT ON COLUMN ledger.wallets.id IS 'wall_…; sorts by time of creation within a project.';
COMMENT ON COLUMN ledger.wallets.customer_id IS 'NULL unless role is customer.';
COMMENT ON COLUMN ledger.wallets.role IS 'customer; system: the project''s own; issuance: counterpart of issue and redeem, the only one below zero; fees: where fees go.';
COMMENT ON COLUMN ledger.wallets.type IS 'PREPAID: never below zero.';
COMMENT ON COLUMN ledger.wallets.currency IS 'Asset code.';
COMMENT ON COLUMN ledger.wallets.scale IS 'Digits after the decimal point of the balance.';
COMMENT ON COLUMN ledger.wallets.number IS 'An integer that names the wallet, unique in the installation.';
COMMENT ON COLUMN ledger.wallets.metadata IS 'The project''s own notes: an object of texts.';
COMMENT ON COLUMN ledger.wallets.status IS 'active, or disabled: nothing moves, the balance stays.';
COMMENT ON COLUMN ledger.wallets.version IS 'How many entries the wallet has.';
COMMENT ON COLUMN ledger.wallets.balance IS 'Sum of the entries, in major units (150.00).';
COMMENT ON COLUMN ledger.wallets.updated_at IS 'When balance or status last changed.';
COMMENT ON COLUMN ledger.wallets.sequence IS 'Place in the shard''s log of the last change.';

CREATE TABLE ledger.wallet_status_changes (
    wallet_id  text COLLATE "C" NOT NULL,
    sequence   bigint           NOT NULL,
    position   integer          NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    status     text             NOT NULL,
    actor      text             NOT NULL,
    reason     text             NOT NULL,
    created_at timestamptz      NOT NULL,
    PRIMARY KEY (wallet_id, sequence, position),
    CONSTRAINT wallet_status_changes_status_is_known CHECK (status IN ('active', 'disabled'))
);
COMMENT ON TABLE  ledger.wallet_status_changes IS 'Who enabled and disabled wallets, when and why.';
COMMENT ON COLUMN ledger.wallet_status_changes.sequence IS 'Place in the shard''s log.';
COMMENT ON COLUMN ledger.wallet_status_changes.position IS 'Place within that commit, from 0.';
COMMENT ON COLUMN ledger.wallet_status_changes.status IS 'From then on.';
COMMENT ON COLUMN ledger.wallet_status_changes.actor IS 'Who asked; empty when not given.';
COMMENT ON COLUMN ledger.wallet_status_changes.reason IS 'Empty when not given.';

CREATE TABLE ledger.transactions (
    id          text COLLATE "C" PRIMARY KEY,
    project_id  text COLLATE "C" NOT NULL,
    reference   text COLLATE "C" NOT NULL,
    status      text             NOT NULL,
    operations  jsonb            NOT NULL,
    failure     jsonb,
    description text             NOT NULL,
    metadata    jsonb            NOT NULL,
    sequence    bigint           NOT NULL,
    created_at  timestamptz      NOT NULL,
    CONSTRAINT transactions_reference_acts_once UNIQUE (reference, project_id),
    CONSTRAINT transactions_status_is_known CHECK (status IN ('completed', 'failed')),
    CONSTRAINT transactions_failed_say_why CHECK ((status = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX transactions_newest_first ON ledger.transactions (project_id, id);
CREATE INDEX transactions_failed ON ledger.transactions (project_id, id) WHERE status = 'failed';
COMMENT ON TABLE  ledger.transactions IS 'Transactions, completed and failed. A failed one moved nothing and has no entries.';
COMMENT ON COLUMN ledger.transactions.id IS 'tx_…; sorts by time within a project.';
COMMENT ON COLUMN ledger.transactions.reference IS 'The project''s own identifier of the transaction.';
COMMENT ON COLUMN ledger.transactions.status IS 'completed or failed.';
COMMENT ON COLUMN ledger.transactions.operations IS 'Array, in order: {type: transfer|issue|redeem, from, to: wallets, currency, amount, fee: decimals as text, in major units}.';
COMMENT ON COLUMN ledger.transactions.failure IS 'Of a failed one: {code, message, operation: index of the one that failed, details: [{name, value}]}.';
COMMENT ON COLUMN ledger.transactions.metadata IS 'The project''s own notes: an object of texts.';
COMMENT ON COLUMN ledger.transactions.sequence IS 'Place in the shard''s log.';

-- The key answers everything that is asked of one wallet: its entries newest
-- first, those of a span of time, and its balance at any time, which is one
-- probe. The time of commits never goes back and versions count up by one, so
-- that both are the order of the log. That no version comes twice is seen to by
-- the wallets, which move from one version to the next only.
CREATE TABLE ledger.entries (
    version        bigint           NOT NULL,
    created_at     timestamptz      NOT NULL,
    operation      smallint         NOT NULL,
    position       smallint         NOT NULL,
    fee            boolean          NOT NULL,
    wallet_id      text COLLATE "C" NOT NULL,
    kind           text             NOT NULL,
    amount         numeric          NOT NULL,
    balance_after  numeric          NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    project_id     text COLLATE "C" NOT NULL,
    PRIMARY KEY (wallet_id, created_at, version),
    CONSTRAINT entries_change_something CHECK (amount <> 0),
    CONSTRAINT entries_version_counts_from_one CHECK (version >= 1),
    CONSTRAINT entries_kind_is_known CHECK (kind IN ('issue', 'redeem', 'debit', 'credit'))
);
CREATE INDEX entries_of_transaction ON ledger.entries (transaction_id);
COMMENT ON TABLE  ledger.entries IS 'Changes of wallets'' balances. The entries of a transaction sum to zero per currency.';
COMMENT ON COLUMN ledger.entries.version IS 'Which entry of its wallet this is, from 1, without a gap.';
COMMENT ON COLUMN ledger.entries.operation IS 'Index in the transaction of the operation that made it.';
COMMENT ON COLUMN ledger.entries.position IS 'Place among the entries of its transaction, from 0.';
COMMENT ON COLUMN ledger.entries.fee IS 'Part of the operation''s fee, not of its amount.';
COMMENT ON COLUMN ledger.entries.kind IS 'issue, redeem, debit or credit.';
COMMENT ON COLUMN ledger.entries.amount IS 'In major units of the wallet''s currency; below zero for what leaves the wallet.';
COMMENT ON COLUMN ledger.entries.balance_after IS 'The wallet''s balance after this entry, in major units.';
COMMENT ON COLUMN ledger.entries.transaction_id IS 'ledger.transactions.id';

-- Failed transactions have no entries by which to find them from a wallet.
CREATE TABLE ledger.failed_transaction_wallets (
    wallet_id      text COLLATE "C" NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (wallet_id, transaction_id)
);
COMMENT ON TABLE ledger.failed_transaction_wallets IS 'Which wallets a failed transaction named.';

CREATE TABLE ledger.checkpoint (
    shard      integer     PRIMARY KEY,
    sequence   bigint      NOT NULL,
    hash       bytea       NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT checkpoint_hash_is_sha256 CHECK (length(hash) = 32)
) WITH (fillfactor = 50);
COMMENT ON TABLE  ledger.checkpoint IS 'How far each shard''s log is projected. It moves in the same transaction as the rows.';
COMMENT ON COLUMN ledger.checkpoint.shard IS 'Number of the shard, from 0.';
COMMENT ON COLUMN ledger.checkpoint.sequence IS 'Commits of the log that are projected.';
COMMENT ON COLUMN ledger.checkpoint.hash IS 'SHA-256 of the last of them, zeros before the first.';
COMMENT ON COLUMN ledger.checkpoint.updated_at IS 'When the checkpoint last moved, by the clock of the database.';

-- What means the same in every table is said once.
DO $$
DECLARE
    missing record;
BEGIN
    FOR missing IN
        SELECT a.attrelid::regclass AS relation, a.attname, said.what
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 'ledger'::regnamespace
          JOIN (VALUES ('project_id', 'Project that it belongs to: ledger.projects.id'),
                       ('wallet_id', 'ledger.wallets.id'),
                       ('transaction_id', 'ledger.transactions.id'),
                       ('name', 'For people; may be empty.'),
                       ('phone', 'Telephone number.'),
                       ('email', 'In lower case.'),
                       ('role', 'The project''s own word.'),
                       ('description', 'Free text; may be empty.'),
                       ('created_at', 'When it happened: the time of the commit in the log.'),
                       ('updated_at', 'When it last changed: the time of the commit in the log.')
               ) AS said (attname, what) ON said.attname = a.attname
         WHERE a.attnum > 0 AND col_description(a.attrelid, a.attnum) IS NULL
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', missing.relation, missing.attname, missing.what);
    END LOOP;
END $$;

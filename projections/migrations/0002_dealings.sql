-- Everything that wallets and transactions can do beside moving money at once:
-- credit limits, settlements, fees and limits of their own, expiring credit,
-- holds, escrows, monitors, scheduled and reversed transactions.
--
-- Rows of plain transfers cost what they did: what is new in transactions is NULL
-- there, which takes no room in rows that had a NULL before, and entries, whose
-- rows have none, got no column. Columns that are NOT NULL have a default, so
-- that rows that are there already need no rewriting.

ALTER TABLE ledger.projects
    ADD COLUMN zone               text     NOT NULL DEFAULT 'UTC',
    ADD COLUMN fees               jsonb    NOT NULL DEFAULT '[]',
    ADD COLUMN own_transfers_free boolean  NOT NULL DEFAULT false,
    ADD COLUMN limits             jsonb    NOT NULL DEFAULT '[]',
    ADD COLUMN expiry_notice      interval NOT NULL DEFAULT '0',
    ADD COLUMN backdating         interval NOT NULL DEFAULT '0';
UPDATE ledger.projects
   SET fees = jsonb_build_array(jsonb_build_object('operation', 'transfer', 'percentage', transfer_fee_percentage::text))
 WHERE transfer_fee_percentage > 0;
ALTER TABLE ledger.projects DROP COLUMN transfer_fee_percentage;
COMMENT ON COLUMN ledger.projects.zone IS 'Time zone of its days, months and settlements, by its IANA name.';
COMMENT ON COLUMN ledger.projects.fees IS 'Array of {operation, currency: where it is for one only, percentage, fixed, minimum, maximum: decimals as text, in major units}: what operations cost their payer, on top, as of now.';
COMMENT ON COLUMN ledger.projects.own_transfers_free IS 'Transfers between wallets of one customer cost nothing.';
COMMENT ON COLUMN ledger.projects.limits IS 'Array of {currency, and the keys of ledger.wallets.limits}: what bounds wallets that have no limits of their own.';
COMMENT ON COLUMN ledger.projects.expiry_notice IS 'How long ahead the end of expiring credit is announced; 0: not at all.';
COMMENT ON COLUMN ledger.projects.backdating IS 'How far back effective_at of a transaction may lie; 0: not at all.';

-- None of these is in an index, as balance is not: holds are placed and released
-- on a page, too (HOT).
ALTER TABLE ledger.wallets
    ADD COLUMN held              numeric NOT NULL DEFAULT 0,
    ADD COLUMN amount_due        numeric NOT NULL DEFAULT 0,
    ADD COLUMN credit_limit      numeric,
    ADD COLUMN fees              jsonb,
    ADD COLUMN limits            jsonb,
    ADD COLUMN settlement_period text,
    ADD COLUMN settlement_day    integer,
    ADD COLUMN settlement_next   timestamptz,
    ADD COLUMN available         numeric GENERATED ALWAYS AS (balance + coalesce(credit_limit, 0) - held) STORED,
    DROP CONSTRAINT wallets_role_is_known,
    DROP CONSTRAINT wallets_status_is_known,
    DROP CONSTRAINT wallets_only_issuance_below_zero;
ALTER TABLE ledger.wallets
    ADD CONSTRAINT wallets_role_is_known CHECK (role IN ('customer', 'system', 'issuance', 'fees', 'breakage', 'escrow', 'liquidity')),
    ADD CONSTRAINT wallets_type_is_known CHECK (type IN ('PREPAID', 'POSTPAID')),
    ADD CONSTRAINT wallets_status_is_known CHECK (status IN ('active', 'frozen', 'disabled', 'closed')),
    ADD CONSTRAINT wallets_closed_hold_nothing CHECK (status <> 'closed' OR held = 0),
    ADD CONSTRAINT wallets_only_issuance_and_postpaid_below_zero CHECK (balance >= 0 OR role = 'issuance' OR type = 'POSTPAID'),
    ADD CONSTRAINT wallets_held_is_not_below_zero CHECK (held >= 0),
    ADD CONSTRAINT wallets_amount_due_is_not_below_zero CHECK (amount_due >= 0),
    ADD CONSTRAINT wallets_postpaid_have_a_credit_limit CHECK ((type = 'POSTPAID') = (credit_limit IS NOT NULL) AND credit_limit >= 0),
    ADD CONSTRAINT wallets_settlement_is_whole CHECK (num_nulls(settlement_period, settlement_day, settlement_next) IN (0, 3));
COMMENT ON COLUMN ledger.wallets.role IS 'customer; system: the project''s own; issuance: counterpart of issue and redeem, below zero without limit; fees: where fees go; breakage: where expired credit goes; escrow: what open escrows hold; liquidity: what exchanges are made with.';
COMMENT ON COLUMN ledger.wallets.type IS 'PREPAID: never below zero. POSTPAID: down to minus credit_limit.';
COMMENT ON COLUMN ledger.wallets.status IS 'active; frozen: nothing goes out; disabled: nothing moves, the balance stays; closed: empty, for ever.';
COMMENT ON COLUMN ledger.wallets.held IS 'What active holds reserve of the balance, in major units.';
COMMENT ON COLUMN ledger.wallets.available IS 'What can be spent, in major units: balance + credit_limit - held. An issuance account may spend without limit. Credit that has expired counts until it is removed, within a second.';
COMMENT ON COLUMN ledger.wallets.amount_due IS 'What the last settlement asked for and was not paid since, by whatever came in.';
COMMENT ON COLUMN ledger.wallets.credit_limit IS 'How far below zero a POSTPAID wallet may go; NULL for PREPAID.';
COMMENT ON COLUMN ledger.wallets.fees IS 'Fees that were agreed for this wallet instead of the project''s, as in ledger.projects.fees; NULL for none.';
COMMENT ON COLUMN ledger.wallets.limits IS 'Limits instead of the project''s: {maximum_balance, maximum_amount, daily_amount, monthly_amount: decimals as text, in major units; daily_count, monthly_count}; NULL for none.';
COMMENT ON COLUMN ledger.wallets.settlement_period IS 'weekly or monthly; NULL for a wallet that is not settled.';
COMMENT ON COLUMN ledger.wallets.settlement_day IS 'Of the week, 1 is Monday, or of the month.';
COMMENT ON COLUMN ledger.wallets.settlement_next IS 'When the period under way ends.';
COMMENT ON COLUMN ledger.wallets.updated_at IS 'When anything of it last changed.';

ALTER TABLE ledger.wallet_status_changes
    DROP CONSTRAINT wallet_status_changes_status_is_known,
    ADD CONSTRAINT wallet_status_changes_status_is_known CHECK (status IN ('active', 'frozen', 'disabled', 'closed'));
COMMENT ON TABLE ledger.wallet_status_changes IS 'Who froze, disabled, enabled and closed wallets, when and why.';

ALTER TABLE ledger.transactions
    ADD COLUMN origin_kind    text,
    ADD COLUMN origin_id      text COLLATE "C",
    ADD COLUMN effective_at   timestamptz,
    ADD COLUMN counted_on     date,
    ADD COLUMN scheduled_for  timestamptz,
    ADD COLUMN ended_at       timestamptz,
    ADD COLUMN cancelled_by   text,
    ADD COLUMN cancel_reason  text,
    ADD COLUMN reversed_by    text[] COLLATE "C",
    ADD COLUMN reversed_whole boolean,
    DROP CONSTRAINT transactions_status_is_known;
ALTER TABLE ledger.transactions
    ADD CONSTRAINT transactions_status_is_known CHECK (status IN ('completed', 'failed', 'scheduled', 'cancelled')),
    ADD CONSTRAINT transactions_waiting_are_scheduled CHECK (status IN ('completed', 'failed') OR scheduled_for IS NOT NULL),
    ADD CONSTRAINT transactions_scheduled_end CHECK ((ended_at IS NOT NULL) = (scheduled_for IS NOT NULL AND status <> 'scheduled')),
    ADD CONSTRAINT transactions_cancelled_by_somebody CHECK ((status = 'cancelled') = (cancelled_by IS NOT NULL)),
    ADD CONSTRAINT transactions_only_completed_are_reversed CHECK (reversed_by IS NULL OR status = 'completed');
DROP INDEX ledger.transactions_failed;
CREATE INDEX transactions_not_completed ON ledger.transactions (project_id, status, id) WHERE status <> 'completed';
COMMENT ON TABLE  ledger.transactions IS 'Transactions, completed, failed, scheduled and cancelled. Only completed ones moved money and have entries.';
COMMENT ON COLUMN ledger.transactions.status IS 'completed; failed; scheduled: to be decided later; cancelled: before it was.';
COMMENT ON COLUMN ledger.transactions.operations IS 'Array, in order: {type: transfer|issue|redeem|exchange, from, to: wallets, currency, amount, fee: decimals as text, in major units; received, received_currency, rate: of an exchange; fee_returned: of a reversal, in the currency of who gets it; expires, grant: of credit}.';
COMMENT ON COLUMN ledger.transactions.sequence IS 'Place in the shard''s log where it completed or failed, or was scheduled.';
COMMENT ON COLUMN ledger.transactions.created_at IS 'When it was decided, or scheduled: the time of the commit in the log.';
COMMENT ON COLUMN ledger.transactions.origin_kind IS 'What it came of: capture, escrow, release, refund, expiry, reversal, closing, settlement, schedule; NULL: somebody asked for its operations.';
COMMENT ON COLUMN ledger.transactions.origin_id IS 'Which one: the hold, escrow, lot, transaction or wallet; of schedule, where in the log it was decided.';
COMMENT ON COLUMN ledger.transactions.effective_at IS 'The business''s time for it; NULL: when it was committed.';
COMMENT ON COLUMN ledger.transactions.counted_on IS 'The day, in the project''s zone, whose sums limits count it to; NULL where none does.';
COMMENT ON COLUMN ledger.transactions.scheduled_for IS 'When it was to be decided; NULL: at once.';
COMMENT ON COLUMN ledger.transactions.ended_at IS 'When a scheduled one was decided or cancelled.';
COMMENT ON COLUMN ledger.transactions.cancelled_by IS 'Who cancelled a scheduled one; empty when not given.';
COMMENT ON COLUMN ledger.transactions.cancel_reason IS 'Empty when not given.';
COMMENT ON COLUMN ledger.transactions.reversed_by IS 'Transactions that took it back, or parts of it, in order; NULL for none.';
COMMENT ON COLUMN ledger.transactions.reversed_whole IS 'Nothing is left to reverse; NULL where reversed_by is.';

-- Scheduled transactions are here too: their entries are younger than their ids.
ALTER TABLE ledger.failed_transaction_wallets RENAME TO transaction_wallets;
ALTER INDEX ledger.failed_transaction_wallets_pkey RENAME TO transaction_wallets_pkey;
COMMENT ON TABLE ledger.transaction_wallets IS 'Which wallets a transaction concerns, of those that failed or were scheduled. From a wallet to the others its entries lead.';

CREATE TABLE ledger.credit_lots (
    id             text COLLATE "C" PRIMARY KEY,
    project_id     text COLLATE "C" NOT NULL,
    wallet_id      text COLLATE "C" NOT NULL,
    version        bigint           NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    original       numeric          NOT NULL,
    remaining      numeric          NOT NULL,
    reserved       numeric          NOT NULL,
    expired        numeric          NOT NULL,
    expires_at     timestamptz      NOT NULL,
    announced_at   timestamptz,
    created_at     timestamptz      NOT NULL,
    updated_at     timestamptz      NOT NULL,
    status         text             NOT NULL GENERATED ALWAYS AS (
        CASE WHEN remaining + reserved > 0 THEN 'active' WHEN expired > 0 THEN 'expired' ELSE 'spent' END) STORED,
    CONSTRAINT credit_lots_remaining_is_of_it CHECK (remaining BETWEEN 0 AND original),
    CONSTRAINT credit_lots_reserved_is_of_it CHECK (reserved BETWEEN 0 AND original)
) WITH (fillfactor = 80);
CREATE INDEX credit_lots_active ON ledger.credit_lots (wallet_id, expires_at) WHERE status = 'active';
COMMENT ON TABLE  ledger.credit_lots IS 'Credit that ends at a time, each with what is left of it.';
COMMENT ON COLUMN ledger.credit_lots.id IS 'lot_…: the wallet and the version.';
COMMENT ON COLUMN ledger.credit_lots.version IS 'Of the entry that granted it.';
COMMENT ON COLUMN ledger.credit_lots.transaction_id IS 'That granted it: ledger.transactions.id';
COMMENT ON COLUMN ledger.credit_lots.original IS 'What was granted, in major units of the wallet''s currency, like the next three.';
COMMENT ON COLUMN ledger.credit_lots.remaining IS 'What is left and no hold reserves.';
COMMENT ON COLUMN ledger.credit_lots.reserved IS 'What active holds reserve: it does not expire meanwhile.';
COMMENT ON COLUMN ledger.credit_lots.expired IS 'What was taken back when its time was over.';
COMMENT ON COLUMN ledger.credit_lots.expires_at IS 'From this instant on it cannot be spent.';
COMMENT ON COLUMN ledger.credit_lots.announced_at IS 'When its end was last announced; NULL: not yet.';
COMMENT ON COLUMN ledger.credit_lots.status IS 'active: something is left; expired: nothing, the last of it ended by time; spent: nothing, all was used.';

CREATE TABLE ledger.entry_lots (
    wallet_id text COLLATE "C" NOT NULL,
    version   bigint           NOT NULL,
    position  integer          NOT NULL,
    lot_id    text COLLATE "C" NOT NULL,
    amount    numeric          NOT NULL,
    PRIMARY KEY (wallet_id, version, position),
    CONSTRAINT entry_lots_are_parts CHECK (amount > 0)
);
COMMENT ON TABLE  ledger.entry_lots IS 'Which expiring credit an entry took (its amount is below zero) or brought. The rest of the entry does not expire.';
COMMENT ON COLUMN ledger.entry_lots.version IS 'Of the entry.';
COMMENT ON COLUMN ledger.entry_lots.position IS 'Place among the lots of its entry, from 0.';
COMMENT ON COLUMN ledger.entry_lots.lot_id IS 'ledger.credit_lots.id';
COMMENT ON COLUMN ledger.entry_lots.amount IS 'In major units, more than zero either way.';

CREATE TABLE ledger.holds (
    id              text COLLATE "C" PRIMARY KEY,
    project_id      text COLLATE "C" NOT NULL,
    wallet_id       text COLLATE "C" NOT NULL,
    reference       text COLLATE "C" NOT NULL,
    status          text             NOT NULL DEFAULT 'active',
    currency        text COLLATE "C" NOT NULL,
    amount          numeric          NOT NULL,
    captured        numeric          NOT NULL,
    released        numeric          NOT NULL,
    remaining       numeric          NOT NULL GENERATED ALWAYS AS (amount - captured - released) STORED,
    lots            jsonb            NOT NULL,
    expires_at      timestamptz,
    description     text             NOT NULL,
    metadata        jsonb            NOT NULL,
    transaction_ids text[] COLLATE "C" NOT NULL DEFAULT '{}',
    created_at      timestamptz      NOT NULL,
    updated_at      timestamptz      NOT NULL,
    sequence        bigint           NOT NULL,
    CONSTRAINT holds_reference_acts_once UNIQUE (reference, project_id),
    CONSTRAINT holds_status_is_known CHECK (status IN ('active', 'captured', 'released', 'expired')),
    CONSTRAINT holds_active_have_something CHECK (remaining >= 0 AND (status = 'active') = (remaining > 0))
) WITH (fillfactor = 80);
CREATE INDEX holds_newest_first ON ledger.holds (project_id, id);
CREATE INDEX holds_of_wallet ON ledger.holds (wallet_id, id);
CREATE INDEX holds_active ON ledger.holds (project_id, id) WHERE status = 'active';
COMMENT ON TABLE  ledger.holds IS 'Money that is reserved: still in the balance of its wallet, no longer available.';
COMMENT ON COLUMN ledger.holds.id IS 'hold_…; sorts by time within a project.';
COMMENT ON COLUMN ledger.holds.reference IS 'The project''s own identifier of the hold; apart from those of transactions.';
COMMENT ON COLUMN ledger.holds.status IS 'active, or how the last of it ended: captured, released or expired.';
COMMENT ON COLUMN ledger.holds.amount IS 'What was reserved, in major units, like the next three.';
COMMENT ON COLUMN ledger.holds.captured IS 'What was spent of it.';
COMMENT ON COLUMN ledger.holds.released IS 'What became available again, by a release or because time was over.';
COMMENT ON COLUMN ledger.holds.remaining IS 'What is still reserved.';
COMMENT ON COLUMN ledger.holds.lots IS 'Array of {id: of the lot, amount}: the expiring credit in what is still reserved.';
COMMENT ON COLUMN ledger.holds.expires_at IS 'NULL: never.';
COMMENT ON COLUMN ledger.holds.transaction_ids IS 'The captures, in order: ledger.transactions.id';

CREATE TABLE ledger.escrows (
    id              text COLLATE "C" PRIMARY KEY,
    project_id      text COLLATE "C" NOT NULL,
    transaction_id  text COLLATE "C" NOT NULL,
    reference       text COLLATE "C" NOT NULL,
    from_wallet_id  text COLLATE "C" NOT NULL,
    to_wallet_id    text COLLATE "C" NOT NULL,
    status          text             NOT NULL DEFAULT 'open',
    currency        text COLLATE "C" NOT NULL,
    amount          numeric          NOT NULL,
    released        numeric          NOT NULL,
    refunded        numeric          NOT NULL,
    remaining       numeric          NOT NULL GENERATED ALWAYS AS (amount - released - refunded) STORED,
    deadline        timestamptz,
    at_deadline     text,
    approval        boolean          NOT NULL,
    approved        text[]           NOT NULL DEFAULT '{}',
    expired         boolean          NOT NULL DEFAULT false,
    transaction_ids text[] COLLATE "C" NOT NULL DEFAULT '{}',
    created_at      timestamptz      NOT NULL,
    updated_at      timestamptz      NOT NULL,
    sequence        bigint           NOT NULL,
    CONSTRAINT escrows_status_is_known CHECK (status IN ('open', 'released', 'refunded')),
    CONSTRAINT escrows_open_have_something CHECK (remaining >= 0 AND (status = 'open') = (remaining > 0)),
    CONSTRAINT escrows_deadline_says_what_then CHECK (num_nulls(deadline, at_deadline) IN (0, 2)),
    CONSTRAINT escrows_at_deadline_is_known CHECK (at_deadline IN ('release', 'refund')),
    CONSTRAINT escrows_approved_by_parties CHECK (approved <@ '{sender,recipient}')
) WITH (fillfactor = 80);
CREATE INDEX escrows_newest_first ON ledger.escrows (project_id, id);
CREATE INDEX escrows_from_wallet ON ledger.escrows (from_wallet_id, id);
CREATE INDEX escrows_to_wallet ON ledger.escrows (to_wallet_id, id);
CREATE INDEX escrows_open ON ledger.escrows (project_id, id) WHERE status = 'open';
COMMENT ON TABLE  ledger.escrows IS 'A sender''s money that the project keeps until it is released to the recipient or refunded.';
COMMENT ON COLUMN ledger.escrows.id IS 'esc_…; sorts by time within a project.';
COMMENT ON COLUMN ledger.escrows.transaction_id IS 'That took the sender''s money: ledger.transactions.id';
COMMENT ON COLUMN ledger.escrows.reference IS 'Of that transaction.';
COMMENT ON COLUMN ledger.escrows.from_wallet_id IS 'The sender: ledger.wallets.id';
COMMENT ON COLUMN ledger.escrows.to_wallet_id IS 'The recipient: ledger.wallets.id';
COMMENT ON COLUMN ledger.escrows.status IS 'open, or where the last of it went: released or refunded.';
COMMENT ON COLUMN ledger.escrows.amount IS 'What the sender gave, in major units, like the next three.';
COMMENT ON COLUMN ledger.escrows.released IS 'What the recipient got.';
COMMENT ON COLUMN ledger.escrows.refunded IS 'What the sender got back.';
COMMENT ON COLUMN ledger.escrows.remaining IS 'What is still kept.';
COMMENT ON COLUMN ledger.escrows.deadline IS 'NULL: none.';
COMMENT ON COLUMN ledger.escrows.at_deadline IS 'What happens then: release or refund.';
COMMENT ON COLUMN ledger.escrows.approval IS 'Both sides must approve before a release.';
COMMENT ON COLUMN ledger.escrows.approved IS 'Who has: sender, recipient.';
COMMENT ON COLUMN ledger.escrows.expired IS 'The deadline ended it.';
COMMENT ON COLUMN ledger.escrows.transaction_ids IS 'Those that paid out of it, in order: ledger.transactions.id';

CREATE TABLE ledger.settlements (
    wallet_id  text COLLATE "C" NOT NULL,
    period_end timestamptz      NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    amount     numeric          NOT NULL,
    created_at timestamptz      NOT NULL,
    PRIMARY KEY (wallet_id, period_end)
);
COMMENT ON TABLE  ledger.settlements IS 'What POSTPAID wallets were asked to pay, period by period.';
COMMENT ON COLUMN ledger.settlements.period_end IS 'When the period ended.';
COMMENT ON COLUMN ledger.settlements.amount IS 'Owed then, in major units of the wallet''s currency; may be zero.';

CREATE TABLE ledger.monitors (
    id         text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    wallet_id  text COLLATE "C" NOT NULL,
    metric     text             NOT NULL,
    threshold  numeric          NOT NULL,
    above      boolean          NOT NULL,
    removed    boolean          NOT NULL DEFAULT false,
    created_at timestamptz      NOT NULL,
    updated_at timestamptz      NOT NULL,
    CONSTRAINT monitors_metric_is_known CHECK (metric IN ('balance', 'available', 'held'))
);
CREATE INDEX monitors_of_wallet ON ledger.monitors (wallet_id, id);
COMMENT ON TABLE  ledger.monitors IS 'Thresholds of wallets'' numbers whose crossing is announced.';
COMMENT ON COLUMN ledger.monitors.id IS 'mon_…';
COMMENT ON COLUMN ledger.monitors.metric IS 'The number that is watched: balance, available or held.';
COMMENT ON COLUMN ledger.monitors.threshold IS 'In major units of the wallet''s currency.';
COMMENT ON COLUMN ledger.monitors.above IS 'The number is at the threshold or above it.';
COMMENT ON COLUMN ledger.monitors.removed IS 'It no longer watches; above is as of then.';

CREATE TABLE ledger.monitor_crossings (
    monitor_id text COLLATE "C" NOT NULL,
    sequence   bigint           NOT NULL,
    position   integer          NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    wallet_id  text COLLATE "C" NOT NULL,
    value      numeric          NOT NULL,
    above      boolean          NOT NULL,
    created_at timestamptz      NOT NULL,
    PRIMARY KEY (monitor_id, sequence, position)
);
COMMENT ON TABLE  ledger.monitor_crossings IS 'When the number that a monitor watches crossed its threshold.';
COMMENT ON COLUMN ledger.monitor_crossings.monitor_id IS 'ledger.monitors.id';
COMMENT ON COLUMN ledger.monitor_crossings.sequence IS 'Place in the shard''s log.';
COMMENT ON COLUMN ledger.monitor_crossings.position IS 'Place within that commit, from 0.';
COMMENT ON COLUMN ledger.monitor_crossings.value IS 'The number after the crossing.';
COMMENT ON COLUMN ledger.monitor_crossings.above IS 'It came to the threshold or above; else it fell below.';

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
                       ('currency', 'Asset code.'),
                       ('description', 'Free text; may be empty.'),
                       ('metadata', 'The project''s own notes: an object of texts.'),
                       ('sequence', 'Place in the shard''s log of the last change.'),
                       ('created_at', 'When it happened: the time of the commit in the log.'),
                       ('updated_at', 'When it last changed: the time of the commit in the log.')
               ) AS said (attname, what) ON said.attname = a.attname
         WHERE a.attnum > 0 AND col_description(a.attrelid, a.attnum) IS NULL
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', missing.relation, missing.attname, missing.what);
    END LOOP;
END $$;

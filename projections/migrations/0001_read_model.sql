-- The read model of the ledger. Only the projector writes here. Every row follows
-- from the log and can be made again from it.
--
-- There are no foreign keys: the log has decided already that what a row refers to
-- exists, and a check would cost a lookup for each entry. Constraints check what a
-- row says by itself, so that a faulty projector is noticed at once.
--
-- The identifiers of wallets and transactions grow with the log, so their order is
-- the order of time, and their indexes grow at one end only. This holds in the
-- order of bytes, collation "C", which is also the fastest to compare.
--
-- Amounts are in major units (150.00) with the digits of their currency.
--
-- A comment that means the same in every table is given once, at the end.

CREATE TABLE ledger.projects (
    id                      text COLLATE "C" PRIMARY KEY,
    name                    text             NOT NULL,
    currency                text COLLATE "C" NOT NULL,
    locale                  text             NOT NULL,
    time_zone               text             NOT NULL,
    one_wallet_per_customer boolean          NOT NULL,
    fees                    jsonb            NOT NULL,
    own_transfers_free      boolean          NOT NULL,
    limits                  jsonb            NOT NULL,
    expiry_notice_seconds   bigint           NOT NULL,
    backdating_seconds      bigint           NOT NULL,
    created_at              timestamptz      NOT NULL,
    updated_at              timestamptz      NOT NULL,
    sequence                bigint           NOT NULL
);
COMMENT ON TABLE  ledger.projects IS 'Applications, programmes or merchants, each with its own customers and wallets. No transaction leaves its project.';
COMMENT ON COLUMN ledger.projects.id IS 'proj_…';
COMMENT ON COLUMN ledger.projects.currency IS 'The currency of wallets that are created without one. It never changes.';
COMMENT ON COLUMN ledger.projects.locale IS 'How amounts are formatted, such as en-GH. Empty: en.';
COMMENT ON COLUMN ledger.projects.time_zone IS 'IANA name of the time zone of its days, months and settlements.';
COMMENT ON COLUMN ledger.projects.one_wallet_per_customer IS 'A customer has one wallet, whatever the currency.';
COMMENT ON COLUMN ledger.projects.fees IS 'What operations cost their payer, on top of the amount. Array of {type, currency (absent: all currencies), percentage, fixed, minimum, maximum}; numbers are decimals as text, in major units.';
COMMENT ON COLUMN ledger.projects.own_transfers_free IS 'Transfers between wallets of one customer cost nothing.';
COMMENT ON COLUMN ledger.projects.limits IS 'Limits of wallets that have none of their own. Array of {currency, and the keys of ledger.wallets.limits}.';
COMMENT ON COLUMN ledger.projects.expiry_notice_seconds IS 'How long before expiring credit ends its end is announced. 0: it is not announced.';
COMMENT ON COLUMN ledger.projects.backdating_seconds IS 'How far in the past effective_at of a transaction may be. 0: it may not be in the past.';

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
COMMENT ON TABLE  ledger.assets IS 'What the wallets of a project hold: the assets that the project defined, and the ISO 4217 currencies that it uses.';
COMMENT ON COLUMN ledger.assets.code IS 'ISO 4217 code, or the project''s own. Other tables call it currency.';
COMMENT ON COLUMN ledger.assets.scale IS 'Digits after the decimal point of every amount.';
COMMENT ON COLUMN ledger.assets.name IS 'Empty for a currency of ISO 4217.';
COMMENT ON COLUMN ledger.assets.symbol IS 'Empty for a currency of ISO 4217, whose symbol depends on the locale.';
COMMENT ON COLUMN ledger.assets.numeric_id IS 'ISO 4217 number (USD: 840), or the number that the project gave. 0: none.';

CREATE TABLE ledger.customers (
    project_id  text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    username    text             NOT NULL,
    phone       text             NOT NULL,
    email       text             NOT NULL,
    name        text             NOT NULL,
    description text             NOT NULL,
    role        text             NOT NULL,
    metadata    jsonb            NOT NULL,
    created_at  timestamptz      NOT NULL,
    updated_at  timestamptz      NOT NULL,
    updated_by  text             NOT NULL,
    sequence    bigint           NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX customers_newest_first ON ledger.customers (project_id, created_at, id);
COMMENT ON TABLE  ledger.customers IS 'Owners of wallets. Personal data: plain text here, encrypted in the log.';
COMMENT ON COLUMN ledger.customers.id IS 'The project''s own identifier of the customer.';
COMMENT ON COLUMN ledger.customers.username IS 'Empty: not known. So is every other field of the profile.';
COMMENT ON COLUMN ledger.customers.phone IS 'Telephone number, E.164.';
COMMENT ON COLUMN ledger.customers.email IS 'In lower case.';
COMMENT ON COLUMN ledger.customers.role IS 'The project''s own word.';

-- Each entry changes version, balance, sequence and updated_at of its wallet, and
-- each hold changes held. No index covers these columns and pages keep free space,
-- so that an update stays on its page and touches no index (HOT).
CREATE TABLE ledger.wallets (
    id                 text COLLATE "C" PRIMARY KEY,
    project_id         text COLLATE "C" NOT NULL,
    customer_id        text COLLATE "C",
    role               text             NOT NULL,
    type               text             NOT NULL,
    currency           text COLLATE "C" NOT NULL,
    scale              integer          NOT NULL,
    number             bigint           NOT NULL CONSTRAINT wallets_number_is_unique UNIQUE,
    name               text             NOT NULL,
    metadata           jsonb            NOT NULL,
    status             text             NOT NULL,
    version            bigint           NOT NULL,
    balance            numeric          NOT NULL,
    held               numeric          NOT NULL,
    available          numeric          GENERATED ALWAYS AS (balance + coalesce(credit_limit, 0) - held) STORED,
    amount_due         numeric          NOT NULL,
    credit_limit       numeric,
    fees               jsonb,
    limits             jsonb,
    settlement_period  text,
    settlement_day     integer,
    settlement_next_at timestamptz,
    created_at         timestamptz      NOT NULL,
    updated_at         timestamptz      NOT NULL,
    updated_by         text             NOT NULL,
    sequence           bigint           NOT NULL,
    CONSTRAINT wallets_role_is_known CHECK (role IN ('customer', 'system', 'issuance', 'fees', 'breakage', 'escrow', 'liquidity')),
    CONSTRAINT wallets_customer_has_the_role CHECK ((role = 'customer') = (customer_id IS NOT NULL)),
    CONSTRAINT wallets_type_is_known CHECK (type IN ('PREPAID', 'POSTPAID')),
    CONSTRAINT wallets_status_is_known CHECK (status IN ('active', 'frozen', 'disabled', 'closed')),
    CONSTRAINT wallets_closed_hold_nothing CHECK (status <> 'closed' OR held = 0),
    CONSTRAINT wallets_only_issuance_and_postpaid_below_zero CHECK (balance >= 0 OR role = 'issuance' OR type = 'POSTPAID'),
    CONSTRAINT wallets_balance_is_at_scale CHECK (scale(balance) = scale),
    CONSTRAINT wallets_version_counts_entries CHECK (version >= 0 AND (version > 0 OR balance = 0)),
    CONSTRAINT wallets_held_is_not_below_zero CHECK (held >= 0),
    CONSTRAINT wallets_amount_due_is_not_below_zero CHECK (amount_due >= 0),
    CONSTRAINT wallets_postpaid_have_a_credit_limit CHECK ((type = 'POSTPAID') = (credit_limit IS NOT NULL) AND credit_limit >= 0),
    CONSTRAINT wallets_settlement_is_whole CHECK (num_nulls(settlement_period, settlement_day, settlement_next_at) IN (0, 3))
) WITH (fillfactor = 60);
CREATE INDEX wallets_newest_first ON ledger.wallets (project_id, id);
CREATE INDEX wallets_of_customer ON ledger.wallets (project_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX wallets_metadata ON ledger.wallets USING gin (metadata jsonb_path_ops) WHERE metadata <> '{}';
COMMENT ON TABLE  ledger.wallets IS 'Wallets with their balances as of the checkpoint. All balances of a project and currency sum to zero.';
COMMENT ON COLUMN ledger.wallets.id IS 'wall_…; sorts by time of creation within a project.';
COMMENT ON COLUMN ledger.wallets.customer_id IS 'Whose it is: ledger.customers.id. NULL unless role is customer.';
COMMENT ON COLUMN ledger.wallets.role IS 'customer; system: the project''s own; issuance: the other side of issue and redeem, below zero without limit; fees: receives fees; breakage: receives expired credit; escrow: holds what is in open escrows; liquidity: what exchanges are made with.';
COMMENT ON COLUMN ledger.wallets.type IS 'PREPAID: never below zero. POSTPAID: never below minus credit_limit.';
COMMENT ON COLUMN ledger.wallets.scale IS 'Digits after the decimal point of the balance.';
COMMENT ON COLUMN ledger.wallets.number IS 'An integer that identifies the wallet, unique in the installation.';
COMMENT ON COLUMN ledger.wallets.status IS 'active; frozen: nothing goes out; disabled: nothing moves, the balance stays; closed: empty, for ever.';
COMMENT ON COLUMN ledger.wallets.version IS 'Number of entries that the wallet has.';
COMMENT ON COLUMN ledger.wallets.balance IS 'Sum of the entries.';
COMMENT ON COLUMN ledger.wallets.held IS 'The part of the balance that active holds reserve.';
COMMENT ON COLUMN ledger.wallets.available IS 'What can be spent: balance + credit_limit - held. An issuance account can spend without limit. Expired credit counts until it is removed, which takes at most a second.';
COMMENT ON COLUMN ledger.wallets.amount_due IS 'What the last settlement asked for, less everything that came in since.';
COMMENT ON COLUMN ledger.wallets.credit_limit IS 'How far below zero a POSTPAID wallet may go. NULL: PREPAID.';
COMMENT ON COLUMN ledger.wallets.fees IS 'Fees of this wallet, which replace the project''s; the form of ledger.projects.fees. NULL: none.';
COMMENT ON COLUMN ledger.wallets.limits IS 'Limits of this wallet, which replace the project''s: {maximum_balance, maximum_amount, daily_amount, monthly_amount: decimals as text, in major units; daily_count, monthly_count: numbers}. NULL: none.';
COMMENT ON COLUMN ledger.wallets.settlement_period IS 'weekly or monthly. NULL: the wallet is not settled.';
COMMENT ON COLUMN ledger.wallets.settlement_day IS 'Day of the week (1 is Monday) or of the month.';
COMMENT ON COLUMN ledger.wallets.settlement_next_at IS 'When the current period ends.';

CREATE TABLE ledger.wallet_status_changes (
    wallet_id  text COLLATE "C" NOT NULL,
    sequence   bigint           NOT NULL,
    position   integer          NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    status     text             NOT NULL,
    actor      text             NOT NULL,
    reason     text             NOT NULL,
    by         text             NOT NULL,
    created_at timestamptz      NOT NULL,
    PRIMARY KEY (wallet_id, sequence, position),
    CONSTRAINT wallet_status_changes_status_is_known CHECK (status IN ('active', 'frozen', 'disabled', 'closed'))
);
COMMENT ON TABLE  ledger.wallet_status_changes IS 'Each change of a wallet''s status: when, by whom and why.';
COMMENT ON COLUMN ledger.wallet_status_changes.status IS 'The status after the change.';
COMMENT ON COLUMN ledger.wallet_status_changes.actor IS 'The person or program that the caller named. Empty: none was named.';
COMMENT ON COLUMN ledger.wallet_status_changes.reason IS 'Empty: none was given.';

-- A plain transfer has NULL in all columns after created_at, which take no space in
-- its row: the row has NULL in failure anyhow.
CREATE TABLE ledger.transactions (
    id             text COLLATE "C" PRIMARY KEY,
    project_id     text COLLATE "C" NOT NULL,
    reference      text COLLATE "C" NOT NULL,
    status         text             NOT NULL,
    operations     jsonb            NOT NULL,
    failure        jsonb,
    description    text             NOT NULL,
    metadata       jsonb            NOT NULL,
    sequence       bigint           NOT NULL,
    created_at     timestamptz      NOT NULL,
    by             text             NOT NULL,
    origin_kind    text,
    origin_id      text COLLATE "C",
    effective_at   timestamptz,
    counted_on     date,
    scheduled_for  timestamptz,
    ended_at       timestamptz,
    cancel_actor   text,
    cancel_reason  text,
    reversal_ids   text[] COLLATE "C",
    reversal_whole boolean,
    CONSTRAINT transactions_reference_acts_once UNIQUE (reference, project_id),
    CONSTRAINT transactions_status_is_known CHECK (status IN ('completed', 'failed', 'scheduled', 'cancelled')),
    CONSTRAINT transactions_failed_say_why CHECK ((status = 'failed') = (failure IS NOT NULL)),
    CONSTRAINT transactions_waiting_are_scheduled CHECK (status IN ('completed', 'failed') OR scheduled_for IS NOT NULL),
    CONSTRAINT transactions_scheduled_end CHECK ((ended_at IS NOT NULL) = (scheduled_for IS NOT NULL AND status <> 'scheduled')),
    CONSTRAINT transactions_cancelled_by_somebody CHECK ((status = 'cancelled') = (cancel_actor IS NOT NULL)),
    CONSTRAINT transactions_only_completed_are_reversed CHECK (reversal_ids IS NULL OR status = 'completed')
);
CREATE INDEX transactions_newest_first ON ledger.transactions (project_id, id);
CREATE INDEX transactions_not_completed ON ledger.transactions (project_id, status, id) WHERE status <> 'completed';
COMMENT ON TABLE  ledger.transactions IS 'Transactions. Only completed ones moved money and have entries.';
COMMENT ON COLUMN ledger.transactions.id IS 'tx_…; sorts by time within a project.';
COMMENT ON COLUMN ledger.transactions.reference IS 'The project''s own identifier of the transaction.';
COMMENT ON COLUMN ledger.transactions.status IS 'completed; failed; scheduled: decided later; cancelled: while it was scheduled.';
COMMENT ON COLUMN ledger.transactions.operations IS 'Array, in order, of {type: transfer, issue, redeem or exchange; sender_wallet_id, recipient_wallet_id; currency, amount, fee: decimals as text, in major units; of an exchange received, received_currency, rate; of a reversal fee_returned, in the currency of its recipient; of credit expires_at, grant}.';
COMMENT ON COLUMN ledger.transactions.failure IS 'Why it failed: {code, message, failed_operation: index of the operation, null for none; details: [{name, value}]}. NULL: it did not fail.';
COMMENT ON COLUMN ledger.transactions.sequence IS 'Sequence of the commit that completed or failed it, or scheduled it.';
COMMENT ON COLUMN ledger.transactions.created_at IS 'Time of the commit that decided or scheduled it.';
COMMENT ON COLUMN ledger.transactions.origin_kind IS 'What caused it: capture, escrow, release, refund, expiry, reversal, closing, settlement or schedule. NULL: a caller asked for its operations.';
COMMENT ON COLUMN ledger.transactions.origin_id IS 'Identifier of the hold, escrow, lot, transaction or wallet that caused it. Of schedule: the place in the log where it was decided, in the form of a transaction''s identifier.';
COMMENT ON COLUMN ledger.transactions.effective_at IS 'The time that the business gives it. NULL: created_at.';
COMMENT ON COLUMN ledger.transactions.counted_on IS 'The day, in the project''s time zone, that limits count it on. NULL: no limit counts it.';
COMMENT ON COLUMN ledger.transactions.scheduled_for IS 'When a scheduled transaction was to be decided. NULL: at once.';
COMMENT ON COLUMN ledger.transactions.ended_at IS 'When a scheduled transaction was decided or cancelled.';
COMMENT ON COLUMN ledger.transactions.cancel_actor IS 'The person or program that cancelled it, as the caller named it. Empty: none was named.';
COMMENT ON COLUMN ledger.transactions.cancel_reason IS 'Empty: none was given.';
COMMENT ON COLUMN ledger.transactions.reversal_ids IS 'The transactions that reversed it or a part of it, in order: ledger.transactions.id. NULL: none.';
COMMENT ON COLUMN ledger.transactions.reversal_whole IS 'Nothing is left to reverse. NULL: nothing was reversed.';

-- Entries lead from a wallet to its completed transactions, newest first. They do
-- not lead to transactions that failed, which have none, and not in that order to
-- scheduled ones, whose entries are younger than their identifiers.
CREATE TABLE ledger.transaction_wallets (
    wallet_id      text COLLATE "C" NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (wallet_id, transaction_id)
);
COMMENT ON TABLE ledger.transaction_wallets IS 'The wallets of each transaction that failed or was scheduled. Entries give the wallets of the others.';

-- The primary key serves all questions about one wallet: its entries newest first,
-- those of a period, and its balance at any time, which is one probe. The time of
-- commits never goes back and versions count up by one, so that both are the order
-- of the log. A version cannot occur twice, because a wallet only moves from one
-- version to the next.
CREATE TABLE ledger.entry_rows (
    version                bigint           NOT NULL,
    created_at             timestamptz      NOT NULL,
    operation              smallint         NOT NULL,
    position               smallint         NOT NULL,
    fee                    boolean          NOT NULL,
    wallet_id              text COLLATE "C" NOT NULL,
    counterparty_wallet_id text COLLATE "C",
    kind                   text             NOT NULL,
    amount                 numeric          NOT NULL,
    balance_after          numeric          NOT NULL,
    transaction_id         text COLLATE "C" NOT NULL,
    PRIMARY KEY (wallet_id, created_at, version),
    CONSTRAINT entries_change_something CHECK (amount <> 0),
    CONSTRAINT entries_version_counts_from_one CHECK (version >= 1),
    CONSTRAINT entries_kind_is_known CHECK (kind IN ('issue', 'redeem', 'debit', 'credit')),
    CONSTRAINT entries_have_two_sides CHECK (counterparty_wallet_id <> wallet_id)
);
CREATE INDEX entry_rows_of_transaction ON ledger.entry_rows (transaction_id);
COMMENT ON TABLE ledger.entry_rows IS 'What is stored of ledger.entries. Read that instead.';

-- A query that does not ask for columns of transactions or wallets does not read
-- them: PostgreSQL removes a LEFT JOIN to a primary key that nothing refers to.
CREATE VIEW ledger.entries AS
SELECT e.wallet_id, e.version, e.kind, e.operation, e.position, e.fee, w.currency, e.amount, e.balance_after, e.counterparty_wallet_id,
       e.transaction_id, t.reference, t.description, t.effective_at, e.created_at, w.project_id
  FROM ledger.entry_rows e
  LEFT JOIN ledger.transactions t ON t.id = e.transaction_id
  LEFT JOIN ledger.wallets w ON w.id = e.wallet_id;
COMMENT ON VIEW   ledger.entries IS 'Changes of wallets'' balances. The entries of a transaction sum to zero per currency.';
COMMENT ON COLUMN ledger.entries.version IS 'Number of the entry in its wallet, from 1, without a gap.';
COMMENT ON COLUMN ledger.entries.kind IS 'issue, redeem, debit or credit.';
COMMENT ON COLUMN ledger.entries.operation IS 'Index of the operation that made it in ledger.transactions.operations.';
COMMENT ON COLUMN ledger.entries.position IS 'Index of the entry in its transaction.';
COMMENT ON COLUMN ledger.entries.fee IS 'It is part of the operation''s fee, not of its amount.';
COMMENT ON COLUMN ledger.entries.amount IS 'Below zero for what leaves the wallet.';
COMMENT ON COLUMN ledger.entries.balance_after IS 'The wallet''s balance after this entry.';
COMMENT ON COLUMN ledger.entries.counterparty_wallet_id IS 'The wallet on the other side: the recipient for the sender of an operation, the sender for its recipient, and for a fee its recipient or payer. NULL: the money came from outside (issue) or went there (redeem).';
COMMENT ON COLUMN ledger.entries.reference IS 'Of its transaction.';
COMMENT ON COLUMN ledger.entries.description IS 'Of its transaction. May be empty.';
COMMENT ON COLUMN ledger.entries.effective_at IS 'Of its transaction: the time that the business gives it. NULL: created_at.';

CREATE TABLE ledger.credit_lots (
    id             text COLLATE "C" PRIMARY KEY,
    project_id     text COLLATE "C" NOT NULL,
    wallet_id      text COLLATE "C" NOT NULL,
    version        bigint           NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    original       numeric          NOT NULL,
    remaining      numeric          NOT NULL,
    held           numeric          NOT NULL,
    expired        numeric          NOT NULL,
    status         text             NOT NULL GENERATED ALWAYS AS (
        CASE WHEN remaining + held > 0 THEN 'active' WHEN expired > 0 THEN 'expired' ELSE 'spent' END) STORED,
    expires_at     timestamptz      NOT NULL,
    announced_at   timestamptz,
    created_at     timestamptz      NOT NULL,
    updated_at     timestamptz      NOT NULL,
    CONSTRAINT credit_lots_remaining_is_of_it CHECK (remaining BETWEEN 0 AND original),
    CONSTRAINT credit_lots_held_is_of_it CHECK (held BETWEEN 0 AND original)
) WITH (fillfactor = 80);
CREATE INDEX credit_lots_active ON ledger.credit_lots (wallet_id, expires_at) WHERE status = 'active';
COMMENT ON TABLE  ledger.credit_lots IS 'Lots: credit that expires, each with what is left of it.';
COMMENT ON COLUMN ledger.credit_lots.id IS 'lot_…; made of the wallet and the version.';
COMMENT ON COLUMN ledger.credit_lots.version IS 'Version of the entry that granted it.';
COMMENT ON COLUMN ledger.credit_lots.transaction_id IS 'The transaction that granted it: ledger.transactions.id';
COMMENT ON COLUMN ledger.credit_lots.original IS 'What was granted.';
COMMENT ON COLUMN ledger.credit_lots.remaining IS 'What is left, without what holds reserve.';
COMMENT ON COLUMN ledger.credit_lots.held IS 'What active holds reserve. It does not expire while they last.';
COMMENT ON COLUMN ledger.credit_lots.expired IS 'What was removed after it had expired.';
COMMENT ON COLUMN ledger.credit_lots.status IS 'active: something is left; expired: nothing is left, and some of it expired; spent: nothing is left, and none of it expired.';
COMMENT ON COLUMN ledger.credit_lots.expires_at IS 'From this moment on it cannot be spent.';
COMMENT ON COLUMN ledger.credit_lots.announced_at IS 'When its end was last announced. NULL: never.';

CREATE TABLE ledger.entry_lots (
    wallet_id text COLLATE "C" NOT NULL,
    version   bigint           NOT NULL,
    position  integer          NOT NULL,
    lot_id    text COLLATE "C" NOT NULL,
    amount    numeric          NOT NULL,
    PRIMARY KEY (wallet_id, version, position),
    CONSTRAINT entry_lots_are_parts CHECK (amount > 0)
);
COMMENT ON TABLE  ledger.entry_lots IS 'The parts of lots that an entry took (its amount is below zero) or brought. The rest of its amount does not expire.';
COMMENT ON COLUMN ledger.entry_lots.version IS 'Version of the entry.';
COMMENT ON COLUMN ledger.entry_lots.position IS 'Index among the lots of the entry.';
COMMENT ON COLUMN ledger.entry_lots.lot_id IS 'ledger.credit_lots.id';
COMMENT ON COLUMN ledger.entry_lots.amount IS 'More than zero, whether taken or brought.';

CREATE TABLE ledger.holds (
    id              text COLLATE "C" PRIMARY KEY,
    project_id      text COLLATE "C" NOT NULL,
    wallet_id       text COLLATE "C" NOT NULL,
    reference       text COLLATE "C" NOT NULL,
    status          text             NOT NULL,
    currency        text COLLATE "C" NOT NULL,
    amount          numeric          NOT NULL,
    captured        numeric          NOT NULL,
    released        numeric          NOT NULL,
    remaining       numeric          NOT NULL GENERATED ALWAYS AS (amount - captured - released) STORED,
    lots            jsonb            NOT NULL,
    expires_at      timestamptz,
    description     text             NOT NULL,
    metadata        jsonb            NOT NULL,
    transaction_ids text[] COLLATE "C" NOT NULL,
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
COMMENT ON TABLE  ledger.holds IS 'Reserved money: still in the balance of its wallet, no longer available.';
COMMENT ON COLUMN ledger.holds.id IS 'hold_…; sorts by time within a project.';
COMMENT ON COLUMN ledger.holds.reference IS 'The project''s own identifier of the hold. Holds and transactions may have the same references.';
COMMENT ON COLUMN ledger.holds.status IS 'active, or how the last of it ended: captured, released or expired.';
COMMENT ON COLUMN ledger.holds.amount IS 'What was reserved.';
COMMENT ON COLUMN ledger.holds.captured IS 'What was spent.';
COMMENT ON COLUMN ledger.holds.released IS 'What became available again, by a release or because the hold expired.';
COMMENT ON COLUMN ledger.holds.remaining IS 'What is still reserved.';
COMMENT ON COLUMN ledger.holds.lots IS 'The parts of lots in what is still reserved. Array of {lot_id, amount}.';
COMMENT ON COLUMN ledger.holds.expires_at IS 'NULL: never.';
COMMENT ON COLUMN ledger.holds.transaction_ids IS 'The captures, in order: ledger.transactions.id';

CREATE TABLE ledger.escrows (
    id                  text COLLATE "C" PRIMARY KEY,
    project_id          text COLLATE "C" NOT NULL,
    transaction_id      text COLLATE "C" NOT NULL,
    reference           text COLLATE "C" NOT NULL,
    sender_wallet_id    text COLLATE "C" NOT NULL,
    recipient_wallet_id text COLLATE "C" NOT NULL,
    status              text             NOT NULL DEFAULT 'open',
    currency            text COLLATE "C" NOT NULL,
    amount              numeric          NOT NULL,
    released            numeric          NOT NULL,
    refunded            numeric          NOT NULL,
    remaining           numeric          NOT NULL GENERATED ALWAYS AS (amount - released - refunded) STORED,
    deadline            timestamptz,
    at_deadline         text,
    approval            boolean          NOT NULL,
    approved            text[]           NOT NULL DEFAULT '{}',
    expired             boolean          NOT NULL DEFAULT false,
    transaction_ids     text[] COLLATE "C" NOT NULL DEFAULT '{}',
    created_at          timestamptz      NOT NULL,
    updated_at          timestamptz      NOT NULL,
    sequence            bigint           NOT NULL,
    CONSTRAINT escrows_status_is_known CHECK (status IN ('open', 'released', 'refunded')),
    CONSTRAINT escrows_open_have_something CHECK (remaining >= 0 AND (status = 'open') = (remaining > 0)),
    CONSTRAINT escrows_deadline_says_what_then CHECK (num_nulls(deadline, at_deadline) IN (0, 2)),
    CONSTRAINT escrows_at_deadline_is_known CHECK (at_deadline IN ('release', 'refund')),
    CONSTRAINT escrows_approved_by_parties CHECK (approved <@ '{sender,recipient}')
) WITH (fillfactor = 80);
CREATE INDEX escrows_newest_first ON ledger.escrows (project_id, id);
CREATE INDEX escrows_of_sender ON ledger.escrows (sender_wallet_id, id);
CREATE INDEX escrows_of_recipient ON ledger.escrows (recipient_wallet_id, id);
CREATE INDEX escrows_open ON ledger.escrows (project_id, id) WHERE status = 'open';
COMMENT ON TABLE  ledger.escrows IS 'A sender''s money that the project keeps until it is released to the recipient or refunded.';
COMMENT ON COLUMN ledger.escrows.id IS 'esc_…; sorts by time within a project.';
COMMENT ON COLUMN ledger.escrows.transaction_id IS 'The transaction that took the sender''s money: ledger.transactions.id';
COMMENT ON COLUMN ledger.escrows.reference IS 'Reference of that transaction.';
COMMENT ON COLUMN ledger.escrows.status IS 'open, or where the last of it went: released or refunded.';
COMMENT ON COLUMN ledger.escrows.amount IS 'What the sender gave.';
COMMENT ON COLUMN ledger.escrows.released IS 'What the recipient got.';
COMMENT ON COLUMN ledger.escrows.refunded IS 'What the sender got back.';
COMMENT ON COLUMN ledger.escrows.remaining IS 'What is still kept.';
COMMENT ON COLUMN ledger.escrows.deadline IS 'When at_deadline happens. NULL: there is no deadline.';
COMMENT ON COLUMN ledger.escrows.at_deadline IS 'What happens then: release or refund.';
COMMENT ON COLUMN ledger.escrows.approval IS 'Both parties must approve before a release.';
COMMENT ON COLUMN ledger.escrows.approved IS 'The parties that approved: sender, recipient.';
COMMENT ON COLUMN ledger.escrows.expired IS 'The deadline ended it.';
COMMENT ON COLUMN ledger.escrows.transaction_ids IS 'The transactions that paid from it, in order: ledger.transactions.id';

CREATE TABLE ledger.settlements (
    wallet_id       text COLLATE "C" NOT NULL,
    period_ended_at timestamptz      NOT NULL,
    project_id      text COLLATE "C" NOT NULL,
    amount_due      numeric          NOT NULL,
    created_at      timestamptz      NOT NULL,
    PRIMARY KEY (wallet_id, period_ended_at)
);
COMMENT ON TABLE  ledger.settlements IS 'What POSTPAID wallets were asked to pay, for each period.';
COMMENT ON COLUMN ledger.settlements.period_ended_at IS 'When the period ended.';
COMMENT ON COLUMN ledger.settlements.amount_due IS 'What the wallet owed then. May be zero.';

CREATE TABLE ledger.monitors (
    id         text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    wallet_id  text COLLATE "C" NOT NULL,
    metric     text             NOT NULL,
    threshold  numeric          NOT NULL,
    above      boolean          NOT NULL,
    removed    boolean          NOT NULL,
    created_at timestamptz      NOT NULL,
    updated_at timestamptz      NOT NULL,
    CONSTRAINT monitors_metric_is_known CHECK (metric IN ('balance', 'available', 'held'))
);
CREATE INDEX monitors_of_wallet ON ledger.monitors (wallet_id, id);
COMMENT ON TABLE  ledger.monitors IS 'Thresholds of wallets'' numbers. Crossing one is announced.';
COMMENT ON COLUMN ledger.monitors.id IS 'mon_…';
COMMENT ON COLUMN ledger.monitors.metric IS 'The number that is watched: balance, available or held.';
COMMENT ON COLUMN ledger.monitors.threshold IS 'What the number is compared with.';
COMMENT ON COLUMN ledger.monitors.above IS 'The number is at the threshold or above it. Of a removed monitor: it was when the monitor was removed.';
COMMENT ON COLUMN ledger.monitors.removed IS 'It no longer watches.';

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
COMMENT ON TABLE  ledger.monitor_crossings IS 'Each time that the number that a monitor watches crossed its threshold.';
COMMENT ON COLUMN ledger.monitor_crossings.monitor_id IS 'ledger.monitors.id';
COMMENT ON COLUMN ledger.monitor_crossings.value IS 'The number after the crossing.';
COMMENT ON COLUMN ledger.monitor_crossings.above IS 'It reached the threshold or rose above it. False: it fell below.';

CREATE TABLE ledger.checkpoint (
    shard      integer     PRIMARY KEY,
    sequence   bigint      NOT NULL,
    hash       bytea       NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT checkpoint_hash_is_sha256 CHECK (length(hash) = 32)
) WITH (fillfactor = 50);
COMMENT ON TABLE  ledger.checkpoint IS 'How far each shard''s log is projected. It moves in the same transaction as the rows.';
COMMENT ON COLUMN ledger.checkpoint.shard IS 'Number of the shard, from 0.';
COMMENT ON COLUMN ledger.checkpoint.sequence IS 'Sequence of the last commit that is projected. 0: none.';
COMMENT ON COLUMN ledger.checkpoint.hash IS 'SHA-256 of that commit. Zeros: none.';
COMMENT ON COLUMN ledger.checkpoint.updated_at IS 'When the checkpoint last moved, by the clock of the database.';

-- Comments that mean the same in every table and view.
DO $$
DECLARE
    missing record;
BEGIN
    FOR missing IN
        SELECT a.attrelid::regclass AS relation, a.attname, said.what
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'v') AND c.relnamespace = 'ledger'::regnamespace
          JOIN (VALUES ('project_id', 'The project that it belongs to: ledger.projects.id'),
                       ('wallet_id', 'ledger.wallets.id'),
                       ('sender_wallet_id', 'The wallet that pays: ledger.wallets.id'),
                       ('recipient_wallet_id', 'The wallet that is paid: ledger.wallets.id'),
                       ('transaction_id', 'ledger.transactions.id'),
                       ('name', 'For people. May be empty.'),
                       ('description', 'Free text. May be empty.'),
                       ('metadata', 'The project''s own notes: an object of texts.'),
                       ('currency', 'Code of an asset: ledger.assets.code'),
                       ('sequence', 'Sequence, in the shard''s log, of the commit that last changed it.'),
                       ('position', 'Index of the fact in its commit.'),
                       ('created_at', 'When it happened: the time of its commit.'),
                       ('updated_at', 'When it last changed: the time of that commit.'),
                       ('updated_by', 'Who changed it last: an api-key, or ledger for what time does. A balance is not such a change.'),
                       ('by', 'Who asked for it, as the ledger knows: an api-key, or ledger for what time does.')
               ) AS said (attname, what) ON said.attname = a.attname
         WHERE a.attnum > 0 AND col_description(a.attrelid, a.attnum) IS NULL
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', missing.relation, missing.attname, missing.what);
    END LOOP;
    -- The columns of what is stored have the comments of the view.
    FOR missing IN
        SELECT a.attname, col_description('ledger.entries'::regclass, v.attnum) AS what
          FROM pg_attribute a
          JOIN pg_attribute v ON v.attrelid = 'ledger.entries'::regclass AND v.attname = a.attname
         WHERE a.attrelid = 'ledger.entry_rows'::regclass AND a.attnum > 0
    LOOP
        EXECUTE format('COMMENT ON COLUMN ledger.entry_rows.%I IS %L', missing.attname, missing.what);
    END LOOP;
END $$;

-- Wallets that there are already were made when PREPAID was the only type.
ALTER TABLE webhooks.wallet ADD COLUMN type text NOT NULL DEFAULT 'PREPAID';

COMMENT ON COLUMN webhooks.wallet.type IS 'PREPAID or POSTPAID; it never changes.';

-- Commits that are read again, for an endpoint that joins, must tell the same as
-- the first time: an event says what a wallet was, and was made of.
CREATE TABLE webhooks.wallet_past (
    wallet_id      text COLLATE "C" NOT NULL,
    until_sequence bigint NOT NULL,
    name           text NOT NULL,
    status         text NOT NULL,
    PRIMARY KEY (wallet_id, until_sequence)
);

COMMENT ON TABLE  webhooks.wallet_past IS 'What a wallet was before a commit that changed it.';
COMMENT ON COLUMN webhooks.wallet_past.until_sequence IS 'The commit that changed it: what a row says holds between the one before it, of this wallet, and this.';
COMMENT ON COLUMN webhooks.wallet_past.name IS 'As of before the commit; so is status.';

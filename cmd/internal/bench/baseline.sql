-- What one would write instead of Tallystick: balances, transfers and entries
-- in tables, and a function that makes a transfer in one round trip. Where there
-- was a choice, it is the faster one:
--
-- * The function runs in the database, so that no lock is held while a client
--   and the network take their time.
-- * No foreign keys: the function is the only writer, and has just locked the
--   rows that a key would look up.
-- * Amounts are numeric: money is exact in either system.
-- * The index on references is what makes repeating a transfer safe; the one on
--   entries makes a wallet's statement a range scan. Both systems can do both.

CREATE TABLE wallet (
    id      bigint PRIMARY KEY,
    balance numeric(38, 2) NOT NULL CONSTRAINT balance_not_negative CHECK (balance >= 0)
) WITH (fillfactor = 50); -- Room for new versions of a row on its page: updates touch no index.

CREATE TABLE transfer (
    id           bigserial PRIMARY KEY,
    reference    text NOT NULL CONSTRAINT reference_once UNIQUE,
    sender_id    bigint NOT NULL,
    recipient_id bigint NOT NULL,
    amount       numeric(38, 2) NOT NULL CONSTRAINT amount_positive CHECK (amount > 0),
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE entry (
    id            bigserial PRIMARY KEY,
    transfer_id   bigint NOT NULL,
    wallet_id     bigint NOT NULL,
    amount        numeric(38, 2) NOT NULL,
    balance_after numeric(38, 2) NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX entry_of_wallet ON entry (wallet_id, id);

CREATE FUNCTION transfer(p_reference text, p_sender bigint, p_recipient bigint, p_amount numeric) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    w                record;
    sender_after     numeric;
    recipient_after  numeric;
    made             bigint;
BEGIN
    -- In the order of the ids, so that two transfers cannot wait for each other.
    FOR w IN SELECT id, balance FROM wallet WHERE id IN (p_sender, p_recipient) ORDER BY id FOR UPDATE LOOP
        IF w.id = p_sender THEN
            sender_after := w.balance - p_amount;
        ELSE
            recipient_after := w.balance + p_amount;
        END IF;
    END LOOP;
    IF sender_after IS NULL OR recipient_after IS NULL THEN
        RAISE EXCEPTION 'wallet not found' USING ERRCODE = 'P0002';
    END IF;
    IF sender_after < 0 THEN
        RAISE EXCEPTION 'insufficient funds' USING ERRCODE = 'P0001';
    END IF;

    INSERT INTO transfer (reference, sender_id, recipient_id, amount)
    VALUES (p_reference, p_sender, p_recipient, p_amount) RETURNING id INTO made;
    INSERT INTO entry (transfer_id, wallet_id, amount, balance_after)
    VALUES (made, p_sender, -p_amount, sender_after), (made, p_recipient, p_amount, recipient_after);
    UPDATE wallet SET balance = sender_after WHERE id = p_sender;
    UPDATE wallet SET balance = recipient_after WHERE id = p_recipient;
    RETURN made;
END
$$;

// Package projections keeps the read model: the ledger as tables in PostgreSQL,
// schema "ledger", for lists, histories and analysts.
//
// The log is authoritative; nothing here is. Every row follows from the log and
// can be made again from it: drop the schema, [Migrate], and run a [Projector]
// per shard. Nobody else writes to the schema. Balances that decisions are made
// on are not read here but in the command side.
//
// # Exactly once
//
//	log ── Read ──▶ decode ──▶ open batch ══ swap ══▶ full batch ──▶ one SQL transaction
//	                (checks the chain)                               checkpoint, rows, balances
//
// A batch is some commits in a row, and is written in one transaction that also
// moves the shard's checkpoint from before the batch to after it, by
// compare-and-swap. So a commit is projected once, however often it is read:
//
//   - A projector that stops, at whatever step, leaves whole batches. The next one
//     reads the checkpoint and goes on there.
//   - When the answer to COMMIT is lost, the checkpoint knows whether it happened.
//   - Two projectors of one shard: the second finds the checkpoint moved, drops
//     its batch and tries again later. It is a warm standby.
//   - PostgreSQL does not sync at each commit of ours. A crash of the server can
//     lose the newest batches, rows and checkpoint together; they are projected
//     again.
//
// # Common and rare facts
//
// Most facts are transactions that move money at once. Their rows and those of
// their entries are copied into the tables (COPY), and all balances of a batch are
// changed by one statement, which touches no index (HOT): that is what a plain
// transfer costs. Everything else is a statement for each fact, sent together
// after the copying, in the order of the log: most of it changes rows that were
// made before. Lots of expiring credit are in between: 100,000 may end in the same
// second, so what entries take of them is summed up like balances.
//
// A scheduled transaction is one row from first to last, and keeps its place in
// lists, by its identifier, when it is decided later. Its entries are younger than
// that, so they do not lead from a wallet to it in the order of the list, as they
// do to others: ledger.transaction_wallets does, and to failed ones.
//
// # Damage and divergence
//
// The checkpoint holds the hash of the last commit besides its sequence. Where the
// log does not have that commit at that place (it lost commits, was restored from
// a copy, or is another log), where its chain is broken, or where a commit is
// missing or cannot be decoded, [Projector.Run] stops with events.ErrDamaged. Then
// the read model may be the only copy of what the log lost: keep it, and restore
// the log (docs/decisions/0009).
//
// Where the log is whole, but a wallet's versions have a gap, a fact changes what is
// not there, or rows are refused for what they say, somebody else wrote to the
// schema. Then Run stops with [ErrDiverged]: the read model must be made again.
//
// Everything else (PostgreSQL or NATS down, restarting or full, tables not there)
// is waited out, and [Projector.Ready] says so meanwhile. A projector looks at its
// checkpoint every second, so that it notices also when nothing is written.
//
// # Reading
//
// [Queries] answers pages, newest first. Settlements, lots, monitors and changes
// of status are for analysts only: the schema itself describes their tables. What
// is available in a wallet here still has credit whose time is over until the
// transaction that takes it back is projected. What is read is some milliseconds
// behind; a caller who must see a write waits for its sequence with
// [Queries.WaitFor].
//
// A customer who is erased (the key is destroyed) stays here until the customer
// is projected again: erasing must change the row too.
package projections

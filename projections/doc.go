// Package projections keeps the read model: the ledger as tables in PostgreSQL,
// schema "ledger", for lists, histories and analysts. The columns are described in
// the database itself; psql shows them with \d+.
//
// The log is authoritative, and the read model follows from it. To make it again,
// drop the schema, call [Migrate], and run a [Projector] for each shard. Nobody else
// writes to the schema. Decisions are never made on balances from here; the command
// side has its own.
//
// # Exactly once
//
//	log ── read ──▶ decode ──▶ open batch ══ swap ══▶ full batch ──▶ one SQL transaction
//	                (checks the chain)                               checkpoint, rows, balances
//
// A batch is some consecutive commits. It is written in one transaction, which also
// moves the shard's checkpoint from before the batch to after it, by
// compare-and-swap. So each commit is projected once, however often it is read:
//
//   - A projector that stops, at any step, leaves whole batches. The next one reads
//     the checkpoint and continues there.
//   - If the answer to COMMIT is lost, the checkpoint says whether it happened.
//   - If two projectors work on one shard, the second finds the checkpoint moved,
//     drops its batch and tries again later. It is a warm standby.
//   - PostgreSQL does not sync our commits to disk one by one. If the server crashes,
//     it can lose the newest batches, rows and checkpoint together. They are
//     projected again.
//
// # What facts do
//
// facts.go lists each type of fact and the function that collects what it does to the
// tables. Most facts are transactions that move money at once. Their rows and those of
// their entries are inserted by COPY, and one statement changes all balances of a
// batch without touching an index (HOT). Other rows that are only inserted are copied,
// too. Whatever changes a row is a statement; the statements of a batch are sent
// together, after the rows, in the order of the log. Lots of expiring credit are an
// exception: 100,000 may end in the same second, so what entries take of them is added
// up, as balances are.
//
// A scheduled transaction has one row from first to last. It keeps its place in lists,
// which are ordered by identifier, when it is decided later. Its entries are younger
// than its identifier, so they cannot be used to list the transactions of a wallet in
// that order. Table transaction_wallets is used for these, and for failed ones, which
// have no entries.
//
// # Damage and divergence
//
// The checkpoint has the hash of the last commit besides its sequence.
// [Projector.Run] stops with events.ErrDamaged if the log does not have that commit at
// that place (it lost commits, was restored from a copy, or is another log), if its
// chain is broken, or if a commit is missing or cannot be decoded. The read model may
// then be the only copy of what the log lost: keep it, and restore the log
// (docs/decisions/0009).
//
// Run stops with [ErrDiverged] if the log is whole, but the versions of a wallet have
// a gap, a fact changes a row that is not there, or PostgreSQL refuses rows for what
// they say. Somebody else wrote to the schema then, and the read model must be made
// again.
//
// Everything else passes: PostgreSQL or NATS are down, restarting or full, or the
// tables are not there yet. Run tries again, and [Projector.Ready] says what it waits
// for. A projector reads its checkpoint every second, so that it notices these things
// also when nothing is written.
//
// # Reading
//
// [Queries] returns pages, newest first. Settlements, lots and monitors have tables for
// analysts, and no query here. What is available in a wallet here contains expired
// credit until the transaction that removes it is projected. The read model is some
// milliseconds behind the log; a caller who must see a write waits for its sequence
// with [Queries.WaitFor].
//
// A customer who was erased (whose key was destroyed) stays here until the customer is
// projected again: whoever erases must change the row as well.
package projections

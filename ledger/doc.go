// Package ledger is the command side: it decides commands against the state of
// a shard and makes the outcome durable.
//
// # The write path
//
//	Do ──▶ queue ──▶ writer: decide each on a fork of the state, encode
//	                    │
//	                    ▼
//	                 one Append with everything decided, fenced by the sequence
//	                    │                                      that was folded
//	                    ▼
//	                 merge the fork, answer everyone
//
// A shard has one writer goroutine. While one append is in flight the next
// group gathers in the queue, so the group grows with the load and the cost of
// an fsync is shared. The writer takes from projects in turn, by what their
// commands cost, and a group ends at a budget: one project does not make another
// wait for more than a group (docs/decisions/0007). Beside small commands, large ones
// have the writer for at most half of the time (docs/decisions/0014). Nothing is
// answered before its append is acknowledged, and no reader sees the fork: what was
// read was durable.
//
// A group that makes no facts has no append that would prove its state to be the
// newest. The log is asked before such a group is answered, and if it has more,
// that is folded and the group is decided again. A dry run is decided in a group
// like any other command, on a fork of its own that is dropped.
//
// What time asks for (credit and holds that expire, escrows, settlements,
// scheduled transactions) is decided by the same writer, as commands
// (docs/decisions/0005). The agenda is folded from the log like the rest of the
// state, so a start does what came due while no process ran.
//
// # When deciding goes wrong
//
// A command whose deciding panics, or makes facts that the state refuses, met a
// defect of this program. Its caller is told (Defect), the fork is dropped, and
// the rest of the group is decided again. What time asks for and cannot be done
// is set aside, logged and tried again after pauses that grow. A scheduled
// transaction that fits into no commit is recorded as failed.
//
// # When an append goes wrong
//
//	acknowledged   merge, answer
//	refused: conflict   another writer was first. Drop the fork, fold what is
//	               new, decide the same commands again
//	refused: other Drop the fork; the commands were certainly not carried out
//	unknown        Look at the place in the log: our bytes stand there, then it
//	               was acknowledged; others do, then it was a conflict; nothing
//	               does, then append the same bytes again, since the first may
//	               still be on its way. Never guess, never give up, and accept
//	               nothing new meanwhile
//
// A crash at any point leaves a log that ends with the last whole commit, and a
// start folds exactly that: recovery is the same code as the start.
//
// # When the log is damaged
//
// What may pass (a time-out, no leader, a key that cannot be read now) is waited out.
// What never does (events.ErrDamaged: a commit that is missing or changed, a log that
// is shorter than what was folded of it, or than a [Witness] has seen) stops the
// shard until its log is restored and the process is started again. Other shards go
// on (docs/decisions/0009).
//
// # Reading
//
// View confirms with the log that the state is the newest before it shows it
// (one confirmation serves every reader that waits for it), so its answers are
// linearizable also when another process writes the same shard. Peek does not.
// Transaction, Hold and Escrow confirm in the same way and read from the log, at
// the place that the identifier names, what the state does not keep. What became
// of a hold or escrow since stands beside the state, in memory (dealings.go).
package ledger

// Package ledger is the command side: it decides commands against the state of
// a shard and makes the outcome durable.
//
// # The write path
//
//	Do ──▶ queue ──▶ writer: decide each command on a fork of the state, encode
//	                    │
//	                    ▼
//	                 one Append with all facts of the group, which expects the
//	                    │              sequence up to which the state is folded
//	                    ▼
//	                 merge the fork, return every outcome to its caller
//
// A shard has one writer goroutine. While an append is in flight, the next group
// of commands gathers in the queue. Groups therefore grow with the load, and one
// fsync serves a whole group. The writer takes commands from the projects in turn,
// by cost, and a group ends at a budget: one project delays another by at most one
// group (docs/decisions/0007). While small commands wait too, large commands use at
// most half of the writer's time (docs/decisions/0014). A caller gets its outcome
// only after the append was acknowledged, and no reader sees a fork: everything
// that is read is durable.
//
// A group that produces no facts has no append, so nothing proves that its state
// was the newest. The writer asks the log for its last sequence before it returns
// such outcomes. If the log has more commits, the writer folds them and decides the
// group again. A dry run is decided in a group like any other command, on a fork of
// its own, which is dropped.
//
// Deadlines (credit and holds that expire, escrows, settlements, scheduled
// transactions) are decided by the same writer, as commands (docs/decisions/0005).
// The agenda of deadlines is folded from the log like the rest of the state. A start
// therefore decides what came due while no process ran.
//
// # When deciding goes wrong
//
// A command that panics, or produces facts that the state refuses, has met a defect
// of this program. Its caller gets a Defect, the fork is dropped, and the rest of
// the group is decided again. A deadline that cannot be decided is logged and tried
// again after growing pauses. A scheduled transaction whose facts do not fit into a
// commit is recorded as failed.
//
// # When an append goes wrong
//
//	acknowledged       merge the fork, return the outcomes
//	refused: conflict  another writer appended first. Drop the fork, fold the new
//	                   commits, decide the same commands again
//	refused: other     drop the fork; the commands were certainly not carried out
//	unknown            read the log at the expected sequence. Our bytes: the append
//	                   was acknowledged. Other bytes: it was a conflict. Nothing:
//	                   append the same bytes again, because the first append may
//	                   still arrive. Meanwhile the shard takes no commands
//
// A crash at any point leaves a log that ends with a whole commit. A start folds
// that log; there is no separate recovery.
//
// # When the log is damaged
//
// Failures that may pass (a time-out, no leader, a key that cannot be read now) are
// waited out. Damage (events.ErrDamaged) does not pass: a commit is missing or
// changed, or the log is shorter than what was folded from it or than a [Witness]
// has seen. Damage stops the shard until an operator has restored its log and
// started the process again. Other shards continue (docs/decisions/0009).
//
// # Reading
//
// View confirms with the log that the state is the newest before it shows it. Its
// reads are therefore linearizable, also when another process writes the same shard.
// One confirmation serves all readers that wait for it. Peek does not confirm.
// Transaction, Hold and Escrow confirm in the same way. They read what the state does
// not keep from the log, at the place that the identifier names. The progress of
// holds and escrows is kept in memory beside the state (progress.go).
//
// # Concurrency
//
// Each shard has two goroutines for its whole life: the writer, which alone changes
// the state, and the watch, which checks the log at intervals. A third, which asks
// the log on behalf of readers, runs while readers wait. A replay adds one reader of
// the log, one that applies, and one decoder for each processor. The state, the
// progress of holds and escrows, and the cursor are guarded by shard.mu: the writer
// changes them under the lock and reads them without it; everyone else takes the
// read lock. The function given to View or Peek runs under the read lock and delays
// the writer for as long as it runs.
package ledger

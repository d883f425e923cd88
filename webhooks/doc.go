// Package webhooks tells projects what happened: it reads the log, and posts
// signed events to the endpoints that projects registered. It is downstream of
// everything: stopped for hours, no wallet notices, and nothing is missed.
//
// # From log to POST
//
//	log ──▶ ingester, one per shard ──▶ message + deliveries + checkpoint, one transaction
//	                                        │ wake, or a poll each second
//	        runner, one per endpoint  ◀─────┘  lease, claim, POST
//	            └──▶ completer ──▶ attempt + next state + endpoint, one transaction
//
// Endpoints are scheduled, not deliveries: each has a runner of its own, so that
// one that hangs delays nobody else. Requests in flight are bounded by endpoint,
// by project and in all; see [Connections].
//
// # A delivery
//
//	           claim                  2xx
//	waiting ─────────▶ in flight ─────────────▶ delivered ┐
//	   ▲                   │ ├─ abort-message ▶ aborted   ├ delivery_log
//	   │  failed: retry    │ └─ 13th failure ─▶ exhausted ┘
//	   └───────────────────┤
//	   ▲                   │ the dispatcher ends, or loses its lease
//	   └───────────────────┘ (due at once, under the next epoch)
//
// There is no column for these states. A row of table delivery is in flight
// while its lease_epoch is its endpoint's, and waiting otherwise. It is held
// because its endpoint is: while an endpoint is disabled or paused nobody takes
// its lease, and deliveries stay, and come, and wait.
//
// # An endpoint that fails
//
//	        5 different messages fail in a row
//	closed ───────────────────────────────────▶ open: waits, step 1 ◀──────┐
//	   ▲                                             │ the wait is over    │ failed: next step
//	   │ delivered                                   ▼                     │
//	   └──────────────────────────────────── half-open: one delivery ──────┘
//
// An endpoint whose receiver is dead waits as a whole, by the schedule of retries
// (see breaker and docs/decisions/0012). That costs its deliveries no attempts.
// Those that grow older than the schedule is long end as exhausted, once the
// endpoint has failed for as long. One message that a receiver never takes has
// its own 13 attempts and does not stop the others.
//
// # What is authoritative
//
// The log, for what happened. Table checkpoint, for what of it became messages:
// ingest goes on from there, and writes it in the same transaction. Table
// delivery, for what is still to be sent. The lease and its epoch, for who may
// claim: claims and completions touch only rows of their own epoch. Table
// endpoint, for how long an endpoint is left alone. Nothing that matters is in
// memory only.
//
// # What a crash leaves
//
//   - While reading, before the transaction of a batch: nothing. The batch is
//     read again and makes the same ids and bytes.
//   - After it, before the wake: due deliveries, which a poll finds.
//   - After a claim, before or during the POST, or after the POST and before its
//     completion: deliveries in flight under an epoch that nobody renews. Another
//     dispatcher takes the lease when it runs out (30 s), and they are due again.
//     Receivers get these twice, with the same webhook-id.
//   - While an outcome is unknown (the connection was lost in a commit): ingest
//     reads its checkpoint again; a completion is written again, which does
//     nothing the second time; a claim is given up with its lease.
//
// So delivery is at least once, in no particular order. A wallet's `version`
// tells which of two events about it is newer.
//
// # Who gets what
//
// An endpoint gets the facts after the place it was created with (NewEndpoint.From),
// all of them, whenever ingest notices it: what ingest has read past by then is
// read again for this endpoint alone, and makes the same events: table wallet_past
// tells what wallets were then.
//
// Two dispatchers on one database are harmless: each write of ingest raises the
// checkpoint's revision, and one that comes with an older revision writes nothing and
// stands by for a second.
//
// # Events
//
// {"id":"evt_…","type":…,"timestamp":<time of the fact, RFC 3339>,"data":{…}}, less
// than 20 kB. The id comes from the place of the fact in the log; ids sort as the
// log does. Amounts have two forms, as in the API: "amount", a decimal string,
// and "amount_minor", an integer, null beyond 2^53-1. See testdata/golden for one
// of each type in [EventTypes].
//
// An event that would be larger says "truncated": true in its data and leaves
// out the operations and entries of the transaction, and where that is not
// enough the metadata (and, of a wallet, limits and fees). The transfers of a
// transaction of more than 100 operations do not each repeat its metadata. GET
// the transaction for the rest.
//
// Issuance accounts have no events of their own, but for monitors: they are the
// counterpart of issue and redeem. The project's other accounts (fees, breakage,
// escrow, liquidity) do, and wallets of the project itself. Transfers to and from
// breakage and escrow accounts make no transfer.completed: credit that expires
// and escrows have events that say more.
//
// # What data holds
//
// `wallet` is id, number, customer_id, role, currency, name, status, and type
// where it is POSTPAID. Events of an entry add its balance and version; a receiver
// drops what is older than the version it has. A change of status, of terms, or a
// hold is no entry and has no version.
//
//   - wallet.created, wallet.updated: wallet with metadata, and with credit_limit
//     (of POSTPAID), settlement, limits and fees where the wallet has its own.
//     wallet.created has balance and version 0.
//   - wallet.frozen, unfrozen, disabled, enabled, closed: wallet with its new
//     status; actor; reason. Enabling a wallet that was frozen before it was
//     disabled is wallet.enabled, with the status frozen.
//   - wallet.balance.updated: wallet with balance and version; transaction (id,
//     reference).
//   - wallet.credit_granted: wallet with the balance and version of the entry that
//     brought it; credit (amount, grant: nobody paid for it, expires_at or null);
//     lot or null; transaction. A lot is smaller than the credit where a part of it
//     paid what the wallet owed.
//   - wallet.credit_expiring: wallet; lot (id, currency, original, remaining,
//     expires_at).
//   - wallet.credit_expired: wallet with balance and version after; lot, whose
//     remaining is what was removed; transaction.
//   - wallet.settlement_due: wallet; settlement (amount_due, period_end, next_at).
//     A period that ends with nothing owed makes none.
//   - wallet.monitor.triggered: wallet; monitor (id, metric, threshold, value,
//     above: true at or above the threshold).
//   - transaction.completed: transaction with operations and entries; origin (kind,
//     id) where the ledger made it of something else; effective_at where given.
//     Operations add fee_returned, received with received_currency, rate,
//     expires_at and grant, entries add lots, where there are any.
//   - transaction.failed: transaction with operations; error.
//   - transaction.scheduled: transaction with operations and scheduled_for. Its
//     outcome is transaction.completed or transaction.failed of the same id, with
//     origin.kind "schedule" and without created_at: it was created before.
//   - transaction.cancelled: transaction (id, status); actor; reason.
//   - transaction.reversed: transaction (id), the one that was reversed; reversal
//     (transaction_id, whole: nothing is left to reverse, operations).
//   - transfer.completed: transfer, with origin where there is one.
//   - hold.placed: wallet; hold (id, status, currency, remaining, reference,
//     expires_at or null, description, metadata); amount.
//   - hold.captured: wallet; hold (id, status, currency, remaining); amount, of this
//     capture; transaction (id). It comes before the events of the transaction.
//   - hold.released, hold.expired: wallet; hold; amount, which is available again.
//     Time makes hold.expired, and no hold.released.
//   - escrow.created: escrow (id, status, currency, remaining, sender_wallet_id,
//     recipient_wallet_id, deadline or null, at_deadline "release" or "refund" or
//     null, approval); amount; transaction (id).
//   - escrow.approved: escrow (id); party; actor.
//   - escrow.released, escrow.refunded: escrow (id, status, currency, remaining);
//     amount, of this part; transaction (id), which names the wallets; at_deadline,
//     whether time did it. Where it did, escrow.expired has the same data.
//
// # Signing and outcomes
//
// Standard Webhooks 1.0.0: webhook-id, webhook-timestamp (of the attempt),
// webhook-signature with a v1 signature for every unexpired secret, newest first.
// For what an answer means see judge. Connections are guarded at dial time; see
// [Policy].
//
// # Not yet
//
// Ordering by wallet, disabling after days of failure, replay,
// filters, custom headers, rotation of secrets through the API, retention of
// messages, attempts, finished deliveries and what wallets were (they are kept
// for ever).
package webhooks

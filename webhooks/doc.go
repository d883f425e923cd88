// Package webhooks reads the log and posts signed events to the endpoints that projects
// have registered. Nothing waits for it: while it is stopped the ledger works, and
// afterwards no event is missed.
//
// # From log to POST
//
//	log ──▶ ingester, one per shard ──▶ message + deliveries + checkpoint, one transaction
//	                                        │ wake, or a poll each second
//	        runner, one per endpoint  ◀─────┘  lease, claim, POST
//	            └──▶ completer ──▶ attempt + next state + endpoint, one transaction
//
// Each endpoint has a runner of its own, so an endpoint that hangs does not delay others.
// Requests in flight are bounded by endpoint, by project and in all; see [Connections].
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
// There is no column for these states. A row of table delivery is in flight while its
// lease_epoch is that of its endpoint, otherwise it is waiting. While an endpoint is
// disabled or paused no dispatcher takes its lease, and its deliveries wait.
//
// # An endpoint that fails
//
//	        5 different messages fail in a row
//	closed ───────────────────────────────────▶ open: waits, step 1 ◀──────┐
//	   ▲                                             │ the wait is over    │ failed: next step
//	   │ delivered                                   ▼                     │
//	   └──────────────────────────────────── half-open: one delivery ──────┘
//
// An endpoint whose receiver fails waits as a whole, by the retry schedule (see breaker
// and docs/decisions/0012). Its deliveries lose no attempts by that. When the endpoint
// has failed for the length of the schedule, deliveries older than that end as exhausted.
// One message that a receiver never accepts has its own 13 attempts and does not stop
// the others.
//
// # What is authoritative
//
//   - What happened: the log.
//   - Which commits became messages: table checkpoint. Ingest reads on from there and
//     writes it in the transaction of the messages.
//   - What is still to be sent: table delivery.
//   - Who may claim deliveries: the lease of the endpoint and its epoch. Claims and
//     completions change only rows of their own epoch.
//   - How long an endpoint waits: table endpoint.
//
// No such state is in memory only.
//
// # What a crash leaves
//
//   - Before the transaction of a batch: nothing. The batch is read again and makes
//     the same ids and bytes.
//   - After it, before the wake: due deliveries, which the poll finds.
//   - After a claim, before or during the POST, or after the POST and before its
//     completion: deliveries in flight under a lease that is no longer renewed. Another
//     dispatcher takes the lease when it has expired (30 s), and they are due again.
//     Receivers may get these twice, with the same webhook-id.
//   - When the connection is lost during a commit, its outcome is unknown: ingest
//     reads its checkpoint again; a completion is written again, which does
//     nothing the second time; a claim is given up with its lease.
//
// Delivery is therefore at least once, in no particular order. A wallet's `version`
// tells which of two events about it is newer.
//
// # Which events an endpoint gets
//
// An endpoint gets the events of all facts after the place with which it was created
// (NewEndpoint.From). When ingest finds the endpoint later, it reads the commits since
// that place again, for this endpoint alone. They make the same events, because table
// wallet_past keeps what wallets were then.
//
// Two dispatchers on one database are harmless: each write of ingest raises the
// checkpoint's revision. A write with an older revision does nothing, and that dispatcher
// waits for a second.
//
// # Events
//
// {"id":"evt_…","type":…,"timestamp":<time of the fact, RFC 3339>,"data":{…}}, less
// than 20 kB. The id comes from the place of the fact in the log; ids sort as the
// log does. The types are in [EventTypes]; x-events of api/openapi.yaml has the
// schema of `data` for each, and testdata/golden an example. Package resource
// writes the things in it, as it does for HTTP.
//
// An event that would be larger has "truncated": true in its data. Operations and
// entries are null then and, if that is not enough, metadata too; limits and fees of a
// wallet are missing. The transfer.completed events of a transaction with more than
// 100 operations have no metadata either. GET the thing for the rest.
//
// Issuance wallets have no events except those of monitors. The project's other wallets
// (fees, breakage, escrow, liquidity, system) have them. Transfers to and from breakage
// and escrow wallets make no transfer.completed: the expiry of credit and escrows have
// events of their own.
//
// Events of an entry have the wallet's balance and version; a receiver drops what is
// older than the version it has. A change of status or of terms, and a hold, is no
// entry and has no version.
//
// # Signing and outcomes
//
// Standard Webhooks 1.0.0: webhook-id, webhook-timestamp (of the attempt),
// webhook-signature with a v1 signature for every unexpired secret, newest first.
// The function judge has the meaning of responses. The address of each connection is
// checked when it is made; see [Policy].
//
// # Not yet
//
// Ordering by wallet, disabling after days of failure, replay,
// filters, custom headers, rotation of secrets through the API, retention of
// messages, attempts, finished deliveries and what wallets were (they are kept
// for ever).
package webhooks

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
// Endpoints are scheduled, not deliveries: each has a runner of its own, with at
// most 8 requests in flight, so that one that hangs delays nobody else.
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
// # What is authoritative
//
// The log, for what happened. Table checkpoint, for what of it became messages:
// ingest goes on from there, and writes it in the same transaction. Table
// delivery, for what is still to be sent. The lease and its epoch, for who may
// claim: claims and completions touch only rows of their own epoch. Nothing that
// matters is in memory only.
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
// read again for this endpoint alone. The wallet's status in an event made that
// way is the one at that later time; everything else is the same.
//
// Two dispatchers on one database are harmless: each write of ingest raises the
// checkpoint's turn, and one that comes with an older turn writes nothing and
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
// enough the metadata. The transfers of a transaction of more than 100
// operations do not each repeat its metadata. GET the transaction for the rest.
//
// Issuance accounts have no events of their own: they are the counterpart of
// issue and redeem. Fee wallets do, and wallets of the project itself.
// wallet.disabled and wallet.enabled tell the status, not the balance.
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
// Ordering by wallet, a breaker, disabling after days of failure, replay,
// filters, custom headers, rotation of secrets through the API, retention of
// messages, attempts and finished deliveries (they are kept for ever), a limit
// on open connections over all endpoints.
package webhooks

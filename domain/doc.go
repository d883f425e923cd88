// Package domain holds the rules of the ledger and nothing else: money,
// projects, customers, wallets and transactions, as two functions.
//
//	Decide(state, command, place) -> events, or a rejection   (may refuse)
//	State.Evolve(event)           -> the next state           (only applies facts)
//
// Both are pure: no I/O, clock, randomness, logging or context. Time and the
// identity of new things are inputs, in Place: an identifier is the place in the
// log at which its first fact stands, so it is unique without asking anyone,
// sortable by time, and leads straight back to the fact. What time itself asks
// for, State.Due answers as commands.
//
// # Rules
//
//  1. Double entry: each operation writes entries whose amounts sum to zero in
//     each asset. Issue draws from the project's issuance account of the asset,
//     redeem returns to it, fees go to its fee account, expired credit to its
//     breakage account, escrows through its escrow account, exchanges through its
//     liquidity wallets. These are wallets like any other, made by the first
//     transaction that needs them (a liquidity wallet that pays out must have
//     been made, and filled).
//  2. A prepaid wallet does not go below zero, a postpaid one not below minus its
//     credit limit, checked after each operation in the order given. Issuance
//     accounts alone may, without limit. A credit limit may be lowered below what
//     is used; it then stops every further debit.
//  3. A transaction is all or nothing. Completed or failed, it is a fact under
//     its reference, which is unique in its project for ever.
//  4. Each entry raises its wallet's version by exactly one.
//  5. Active: all moves. Frozen: nothing goes out, what comes in still does (less
//     the fee for it). Disabled: nothing moves; the balance stays. Closed: for
//     ever; only an empty wallet without holds and open escrows is, or one that
//     the same command empties (which a frozen wallet allows, a disabled one does
//     not). A disabled wallet that is enabled is what it was before: frozen, if it
//     was. A wallet that its customer closed may be made anew. Time's own doings,
//     the expiry of credit and of holds, take place whatever the status.
//  6. Money is exact at its asset's scale. A fee is rounded half even, what an
//     exchange pays out is rounded down, and nothing else is rounded; where an
//     exchange is reversed in part, the share given back is rounded up, and where
//     a fee is returned in part, the share is rounded down, each of the sum over
//     all parts so far, so that the last part takes what rounding left. The fee
//     of a part that kept it stays kept.
//  7. Available is the balance plus the credit limit, minus what is held, minus
//     credit whose expiry has come.
//
// # Expiring credit
//
// An issue with an expiry grants a lot. It covers first what the wallet owes and
// holds: only what of it the wallet then has free is a lot. At the instant of its
// expiry a lot is lost, and from then on every decision counts as if it were gone,
// however much later it is removed. So at all times the lots that can be spent sum
// to at most what the wallet has free of its own without the others: max(0,
// balance - held - lots past their instant). A wallet that may owe can therefore
// go below zero while it still has such a lot, by as much as if it had none, and
// its removal never takes it below what its credit limit allows. Whatever leaves the wallet, fees too, takes of the lots that expire
// first. What is left of a lot at its instant is moved to the breakage account by
// a transaction of its own. A hold takes lots
// with it, earliest first, and they do not expire while it lasts; a capture takes
// the hold's lots, earliest first; a release gives back what was taken last. A
// refund of an escrow and the reversal of a transaction bring back what was spent
// last: first the money that was of no lot, then the lots in reverse, each with
// its expiry, as far as the wallet does not owe or hold it; what has expired
// meanwhile is removed at once. Credit that goes to another wallet is plain money
// there. The reversal of a grant takes of that lot first. The entries of one
// transaction take at most [MaxLots] parts of lots, and a hold reserves as many.
// What would take more is refused and leaves nothing behind, unless it was
// scheduled; then it ends as failed. An amount and its fee are two entries: a lot
// that both take a part of counts twice.
//
// # Holds and escrows
//
// A hold reserves. A capture of reserved money needs nothing more to be available
// but for its fee. While the wallet is frozen or disabled a hold can be
// released and expires, but is not captured. An escrow moves the money to the
// project's escrow account; its fee is paid then, and stays paid. It is released
// in parts, which takes of its lots the earliest first, or refunded in parts,
// which brings the last back first. With approval, a release needs both sides'; a
// refund never does. At the deadline what was agreed happens, approved or not;
// where the wallet that is to get the money is disabled it waits until that is
// not so.
//
// # Limits
//
// A wallet's limits bound what leaves it (the amount of one operation; sums and
// counts by the project's day and month) and what it may have once money came in
// (the maximum balance). Amounts are without fees. A wallet's own limit stands in
// for the project's. Sums and counts are kept from when a limit that needs them is
// there. Which movements they bind:
//
//	                                          limits of    counts against  maximum balance
//	movement                                  who pays     them            of who gets
//	transfer, redeem, issue, exchange         hold         yes             holds
//	the same as scheduled, at its time        hold         yes             holds
//	settlement                                hold         yes             holds
//	hold placed                               hold         while active
//	capture of all that is left of a hold                  yes             holds
//	capture that leaves some of it            counts hold  yes             holds
//	escrow funded                             hold         yes
//	escrow released by a command                                           holds
//	escrow released at its deadline
//	escrow refunded, by a command or in time
//	hold released or expired
//	reversal
//	closing                                                                holds
//	expiry of credit
//
// What is exempt comes back to who paid (a refund, a reversal, what a hold
// reserved), or is time's own doing, agreed beforehand (the end of an escrow, of a
// hold, of credit), or empties a wallet for ever. A limit does not take back what
// it let pass: a reversal does not lower sums and counts.
//
// An active hold counts, on each day, as its amount and as one operation that left
// already. So the capture that ends it is within the limits it was placed under,
// whatever they are by now. A capture that leaves some of the hold is one more
// operation, since the rest counts on: it needs room in the counts.
//
// # Precedence
//
// The first broken rule in this order is the one reported, and the order is part
// of the contract: shape of the command, reference already used, things named
// that do not exist, business time out of range, preconditions, the state of the
// hold, escrow, debt or transaction that the command is about, amounts that do
// not fit their asset or are more than is left, and then, for each operation in
// turn, the recorded refusals in the order of [Codes]. What an operation does in
// two movements (the halves of an exchange, an amount and the fee returned with
// it) has all refusals of the first before those of the second; only the status of
// all its wallets, and that its assets differ, is looked at first by an exchange. See testdata/ for a script of each.
package domain

// Package domain holds the rules of the ledger and nothing else, as two functions:
//
//	Decide(state, command, place) -> facts, or a rejection   (may refuse)
//	State.Evolve(fact)            -> the next state          (only applies facts)
//
// Both are pure: no I/O, clock, randomness, logging or context. Time and the
// identifiers of new things come in as the place: an identifier is the place in the
// log of the first fact of what it names. State.Due returns the commands that time
// gives.
//
// Below are the rules. Each paragraph ends with the scripts in testdata/scripts that
// show it.
//
// # 1 Transactions
//
// 1.1 A transaction has one or more operations. Either all of them are performed, in
// the order given, or none. (all-or-nothing, order)
//
// 1.2 A transaction that breaks a recorded rule is kept as failed. Completed or
// failed, its reference is used up in its project for ever. References that begin with
// "tallystick:" are the ledger's own. (references)
//
// 1.3 Each operation writes entries whose amounts sum to zero in each asset. Issue
// takes from the project's issuance account, redeem returns to it. Fees go to the fee
// account, expired credit to the breakage account, money in escrow to the escrow
// account. The first transaction that needs such an account creates it. Exchanges go
// through the project's liquidity wallets; one that pays out must have been created
// and filled before. (issue-redeem, transfers, exchange)
//
// 1.4 The escrow account and the breakage account stay active: time needs them.
// (bookkeeping)
//
// 1.5 Each entry raises its wallet's version by exactly one. A caller can require the
// versions that it saw. (versions, preconditions)
//
// 1.6 The business's time of a transaction can lie in the past, as far as the project
// allows. (business-time)
//
// 1.7 A scheduled transaction is decided at its time, under the reference that it
// reserved. Until then it can be cancelled. Its recipients are found when it is
// scheduled. (schedule, schedule-expiry)
//
// 1.8 Times that come in lie before the year 10000. (last-moment)
//
// # 2 Amounts
//
// 2.1 Amounts are exact at the scale of their asset and have at most 36 digits, at
// most 18 of them after the point. (assets, bounds, large-balances)
//
// 2.2 A fee is rounded half even, once. What an exchange pays out is rounded down.
// Nothing else is rounded, except in a partial reversal. (fee-rounding, exchange)
//
// # 3 Projects, customers and wallets
//
// 3.1 No transaction leaves its project. A project keeps its currency. (projects,
// credentials)
//
// 3.2 A recipient is found by username, then phone, then e-mail. Two customers cannot
// be found by the same text. (customers, identifiers)
//
// 3.3 A customer has one wallet for each currency, or one in all, as the project says.
// A closed wallet does not count. (wallets, wallet-changes)
//
// 3.4 A prepaid wallet does not go below zero, a postpaid wallet not below minus its
// credit limit. This is checked after each operation. Only issuance accounts have no
// limit. A credit limit can be lowered below what is used: then it stops every further
// debit. (postpaid, credit-debt)
//
// 3.5 What is available is the balance plus the credit limit, minus what is held,
// minus credit that has expired. (holds, credit-expiry)
//
// # 4 Status
//
// 4.1 Active: everything moves. Frozen: nothing goes out; money still comes in, less
// the fee for it. Disabled: nothing moves. (status)
//
// 4.2 A wallet that is enabled again is frozen if it was frozen when it was disabled.
// (lifecycle)
//
// 4.3 A closed wallet stays closed. Only an empty wallet without holds and open
// escrows can be closed. Closing can move the balance of an active or frozen wallet to
// another wallet, or redeem it. (closing)
//
// 4.4 Credit and holds expire whatever the status of the wallet. (credit-expiry,
// holds)
//
// # 5 Fees
//
// 5.1 The sender pays the fee on top of the amount; the recipient pays the fee of an
// issue. A wallet's own rule stands in for the project's. Wallets of the project pay
// no fee. A project can make transfers and exchanges between the wallets of one
// customer free. Closing, settlements, the end of an escrow, the expiry of credit and
// reversals are free. (fees, fees-own, fees-kinds, capture-fees)
//
// # 6 Credit that expires
//
// 6.1 An issue with an expiry grants a lot. New credit first covers what the wallet
// owes and holds; only the remainder expires. (credit, credit-debt)
//
// 6.2 A lot cannot be spent from the instant of its expiry on. What is left of it then
// moves to the breakage account by a transaction of its own, however late that comes.
// (credit-expiry)
//
// 6.3 The lots that can be spent sum to at most what the wallet has free without the
// others: max(0, balance - held - expired lots). Removing a lot never takes a wallet
// below what its credit limit allows. Until an expired lot is removed, a wallet that
// may owe can go below zero as if it had none. (credit-debt, holds-credit)
//
// 6.4 What leaves a wallet, fees included, takes from the lots that expire first.
// (credit)
//
// 6.5 A hold reserves lots, those that expire first. They do not expire while it
// lasts. A capture takes the hold's lots, earliest expiry first. A release gives back
// what was reserved last. (holds-credit)
//
// 6.6 A refund of an escrow and a reversal bring back what was spent last: first the
// money that was not of a lot, then the lots in reverse order, each with its expiry.
// Credit is restored only as far as the wallet does not owe or hold it. What has
// expired meanwhile is removed at once. (credit-restored)
//
// 6.7 Credit that goes to another wallet does not expire there. The reversal of a
// grant takes from that lot first. (credit-restored, credit)
//
// 6.8 The project can be told ahead that a lot expires. (credit-notice)
//
// 6.9 A transaction or a hold takes parts of at most [MaxLots] lots. A transaction
// that would take more is refused and leaves nothing behind; a scheduled one ends as
// failed. (many_test.go)
//
// # 7 Holds
//
// 7.1 A hold reserves money. Captures spend it, in parts, and only the fee of a
// capture needs more to be available. (holds, capture-fees)
//
// 7.2 While the wallet is frozen or disabled, a hold can be released and can expire,
// but not be captured. (status, holds)
//
// 7.3 A hold whose time is over cannot be captured, even before its expiry is
// recorded. (holds-late)
//
// # 8 Escrows
//
// 8.1 An escrow moves the sender's money to the escrow account. The sender pays the
// fee then, and it is not returned. (escrow)
//
// 8.2 An escrow is released to the recipient, or refunded to the sender, in parts. A
// release takes from its lots those that expire first; a refund brings back the last.
// With approval, a release needs the consent of both sides. A refund never does.
// (escrow)
//
// 8.3 At the deadline the escrow ends as agreed, approved or not. If the wallet that
// receives the money is disabled, the escrow ends once it no longer is.
// (escrow-deadline)
//
// # 9 Reversals
//
// 9.1 A completed transaction can be reversed in parts, the last operation first,
// never by more than it moved. Only transactions that somebody asked for can: plain,
// scheduled, and captures. (reversal)
//
// 9.2 A part of an exchange gives back its share of what was received, rounded up.
// Where fees are returned, a part returns its share of the fee, rounded down. Shares
// are of the sum over all parts so far, so the last part takes the rest. The fee of a
// part that kept it stays kept. (reversal, reversal-fees)
//
// # 10 Settlement
//
// 10.1 The period of a postpaid wallet ends at midnight in the project's zone. What is
// owed then is due; whatever comes in lowers it. A settlement pays at most what is
// owed. (settlement, settlement-due, settlement-midnight, settlement-zones)
//
// # 11 Monitors
//
// 11.1 A monitor reports each time that a number of a wallet crosses its threshold,
// and nothing while the number stays on one side. (monitors)
//
// # 12 Limits
//
// 12.1 Limits bind what leaves a wallet: the amount of one operation, and sums and
// counts by the project's day and month. The maximum balance binds what comes in.
// Amounts are without fees. A wallet's own limit stands in for the project's. Sums and
// counts begin when a limit that needs them is set. (limits, limits-windows,
// limits-midnight, limits-zone)
//
// 12.2 These movements are bound. (limits-movements)
//
//	                                          limits of    counts against  maximum balance
//	movement                                  the sender   them            of the recipient
//	transfer, redeem, issue, exchange         bind         yes             binds
//	the same, scheduled, at its time          bind         yes             binds
//	settlement                                bind         yes             binds
//	hold placed                               bind         while active
//	capture of all that is left of a hold                  yes             binds
//	capture that leaves some of it            counts bind  yes             binds
//	escrow funded                             bind         yes
//	escrow released by a command                                           binds
//	escrow released at its deadline
//	escrow refunded, by a command or in time
//	hold released or expired
//	reversal
//	closing                                                                binds
//	expiry of credit
//
// 12.3 What comes back to its owner is exempt, and so is what time does. Closing is
// bound only by the maximum balance of the recipient. A reversal does not lower sums
// and counts. (limits-movements)
//
// 12.4 An active hold counts on each day as one operation of its amount. So the
// capture that ends it needs no room of its own. A capture that leaves some of the
// hold counts as one more operation. (holds-limits)
//
// # 13 Precedence
//
// Of several broken rules, the first in this order is reported. The order is part of
// the contract:
//
//  1. the shape of the command;
//  2. a reference that is used already;
//  3. things named that do not exist;
//  4. business time out of range;
//  5. preconditions;
//  6. the state of the hold, escrow, debt or transaction that the command is about;
//  7. amounts that do not fit their asset or are more than is left;
//  8. for each operation in turn, the recorded rules in the order of [Codes].
//
// An operation of two movements (the halves of an exchange, an amount and the fee
// returned with it) has all refusals of the first before those of the second. An
// exchange checks the status of all its wallets, and that its assets differ, before
// anything else.
package domain

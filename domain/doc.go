// Package domain holds the rules of the ledger and nothing else: money,
// projects, customers, wallets and transactions, as two functions.
//
//	Decide(state, command, place) -> events, or a rejection   (may refuse)
//	State.Evolve(event)           -> the next state           (only applies facts)
//
// Both are pure: no I/O, clock, randomness, logging or context. Time and the
// identity of new things are inputs, in Place: an identifier is the place in the
// log at which its first fact stands, so it is unique without asking anyone,
// sortable by time, and leads straight back to the fact.
//
// # Rules
//
//  1. Double entry: each operation writes entries whose amounts sum to zero.
//     Issue draws from the project's issuance account of the asset, redeem
//     returns to it, fees go to its fee account. These are wallets like any
//     other, made by the first transaction that needs them.
//  2. No wallet goes below zero, checked after each operation in the order
//     given. Issuance accounts alone may, without limit.
//  3. A transaction is all or nothing. Completed or failed, it is a fact under
//     its reference, which is unique in its project for ever.
//  4. Each entry raises its wallet's version by exactly one.
//  5. A disabled wallet neither sends nor receives; its balance stays.
//  6. Money is exact at its asset's scale. Only a fee is ever rounded (half even).
//
// # Precedence
//
// The first broken rule in this order is the one reported, and the order is
// part of the contract: shape of the command, reference already used, things
// named that do not exist, amounts that do not fit their asset, and then, for
// each operation in turn, the recorded refusals in the order of [Codes]. See
// testdata/ for a script of each.
package domain

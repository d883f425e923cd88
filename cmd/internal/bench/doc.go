// Package bench is the load generator behind `tallystick bench`: it drives
// transfers over HTTP against a running system and reports the figures.
//
// # The load
//
// Every connection has one worker, which has at most one request in flight. In a closed
// loop it sends the next request after the response to the last. With --rate requests
// are due at fixed times, any free worker sends the next one, and its latency is counted
// from the time at which it was due. So a server that stalls is charged with the wait of
// all requests, not of one (no coordinated omission). Requests that were due and never
// sent are reported. Go's timers fire up to a millisecond late, which is part of these
// latencies.
//
// # What is counted
//
// A transfer counts when the response says that it is durable: 201, or its line of a
// batch. Everything else is an error, by status and code. Latencies are those of requests
// with at least one transfer that counts, so that quick refusals do not improve them.
// Throughput is the number of acknowledged transfers, divided by the time until the last
// response.
//
// # The generator's own cost
//
// The generator usually shares the machine with the server, so it uses as little of it as
// it can: requests are appended to one buffer and written with one call, responses are
// read by fasthttp into another, and a request allocates nothing. Its processor time is
// measured and reported.
//
// # A neighbour
//
// With --neighbour the same transfers are made a second time, while another project of
// the same shard puts a heavy load on it: 120 transactions of 1,000 operations that are
// due at one time, or such transactions, batches of 10,000 or dry runs without a pause.
// The report compares the two.
//
// # The baseline
//
// With --baseline postgres the same transfers are first made without Tallystick, by a
// function in PostgreSQL (baseline.sql).
package bench

package service

import (
	"os"
	"runtime"
	"runtime/debug"
)

// Garbage is collected when the heap has grown fivefold, not doubled, as long as
// it stays below half of the machine's memory; beyond, as often as it takes. The
// state of a ledger lives long and the rest is gone with its request, so every
// collection spared is time for requests.
const (
	gcPercent   = 400
	memoryShare = 2
)

// TuneRuntime sets what Go's defaults are not made for. GOGC, GOMEMLIMIT and
// GOMAXPROCS win where they are set.
//
// A goroutine in fsync keeps its processor (in Go's sense) until the runtime
// takes it away, which can take longer than the fsync: with one more than there
// are cores, no core idles meanwhile (docs/decisions/0004).
func TuneRuntime() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		total := physicalMemory()
		if total == 0 {
			return // without a limit the larger heap is not safe
		}
		debug.SetMemoryLimit(total / memoryShare)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

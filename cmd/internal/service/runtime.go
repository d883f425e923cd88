package service

import (
	"os"
	"runtime"
	"runtime/debug"
)

// Garbage is collected when the heap has grown fivefold, while it is below half of the
// machine's memory, and more often beyond that. The state of a ledger is long-lived, and
// everything else ends with its request. So fewer collections leave more time for
// requests.
const (
	gcPercent   = 400
	memoryShare = 2
)

// TuneRuntime sets the garbage collector and GOMAXPROCS, unless GOGC, GOMEMLIMIT or
// GOMAXPROCS are set.
//
// A goroutine in fsync keeps its P until the runtime takes it away, which can take longer
// than the fsync. With one P more than there are cores, no core is idle meanwhile
// (docs/decisions/0004).
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

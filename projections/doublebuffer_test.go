package projections

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallystick/domain"
	"tallystick/events"
)

// feed adds n commits with a failed transaction each, gap apart.
func feed(t *testing.T, s *doubleBuffer, n int, gap time.Duration) {
	t.Helper()
	for range n {
		s.mu.Lock()
		cursor := s.open.to
		s.mu.Unlock()
		cursor.Sequence++
		commit := &events.Commit{Sequence: cursor.Sequence, Facts: []domain.Event{&domain.TransactionFailed{}}}
		if err := s.add(t.Context(), commit, cursor); err != nil {
			t.Error(err)
		}
		time.Sleep(gap) // of the test's own clock
	}
}

// A few commits are not kept waiting; commits that keep coming are gathered, but
// none for long; and no batch grows without bound.
func TestWhenBatchesAreTaken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		commits int
		gap     time.Duration
		first   int           // facts of the first batch
		after   time.Duration // when it is taken
	}{
		"alone":         {1, 0, 1, quietGap},
		"now and then":  {3, 10 * time.Millisecond, 1, quietGap},
		"a small burst": {worthwhile - 1, 0, worthwhile - 1, quietGap},
		"a burst":       {worthwhile, 0, worthwhile, longestWait},
		"all the time":  {1000, time.Millisecond, int(longestWait / time.Millisecond), longestWait},
		"a flood":       {3 * batchFacts, 0, batchFacts, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newDoubleBuffer(events.Cursor{}, newBatch())
				begin := time.Now()
				var feeding sync.WaitGroup
				defer feeding.Wait()
				feeding.Go(func() { feed(t, s, test.commits, test.gap) })
				spare, taken := newBatch(), 0
				for taken < test.commits {
					b, err := s.take(t.Context(), spare)
					if err != nil {
						t.Fatal(err)
					}
					if taken == 0 && (b.facts < test.first || b.facts > test.first+1 || time.Since(begin) != test.after) {
						t.Errorf("the first batch has %d facts after %s", b.facts, time.Since(begin))
					}
					if b.from.Sequence != uint64(taken) || b.to.Sequence != uint64(taken+b.facts) {
						t.Errorf("a batch of %d from %d to %d", b.facts, b.from.Sequence, b.to.Sequence)
					}
					taken += b.facts
					spare = b
				}
			})
		})
	}
}

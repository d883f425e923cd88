package ledger_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"tallystick/domain"
	"tallystick/events"
	"tallystick/ledger"
)

// watchedLog adds up the JSON of commits that were handed to a reader and are not
// in its state yet.
type watchedLog struct {
	*events.Memory
	reader *ledger.Ledger
	sizes  []int // of JSON, of each commit in order
	most   int
}

func (w *watchedLog) Read(ctx context.Context, from, to uint64, fn func(events.Message) error) error {
	return w.Memory.Read(ctx, from, to, func(m events.Message) error {
		if err := fn(m); err != nil {
			return err
		}
		held := 0
		for sequence := w.reader.Peek(0, func(*domain.State) {}); sequence < m.Sequence; sequence++ {
			held += w.sizes[sequence]
		}
		w.most = max(w.most, held)
		return nil
	})
}

// TestReplayIsBounded: a start holds at most 4 MiB of commits that it has read and
// not applied, however many cores decode and however large the commits are.
func TestReplayIsBounded(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		commands := make([]domain.Command, 1500)
		for i := range commands {
			c := b.transfer(fmt.Sprint("large-", i), i%2, 1-i%2, "1.00")
			c.Metadata = domain.Metadata{"note": strings.Repeat("much ", 3000)}
			commands[i] = c
		}
		for _, outcome := range b.ledger.DoAll(t.Context(), 0, domain.Operator, commands) {
			if outcome.Err != nil {
				t.Fatal(outcome.Err)
			}
		}
		b.stop()
		log := &watchedLog{Memory: b.log}
		last, _ := b.log.Last(t.Context())
		total := 0
		for sequence := uint64(1); sequence <= last; sequence++ {
			m, _ := b.log.Get(t.Context(), sequence)
			log.sizes = append(log.sizes, events.DecodedSize(m.Data))
			total += events.DecodedSize(m.Data)
		}
		log.reader = ledger.New(ledger.Config{Logs: []ledger.Log{log}, Codec: &events.Codec{Keys: b.keys}, Logger: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- log.reader.Run(ctx) }()
		await(t, "the log is read", func() bool { return log.reader.Ready() == nil })
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if largest := slices.Max(log.sizes); largest > 900<<10 || largest < 880<<10 {
			t.Errorf("the largest commit has %d bytes, of 900 KiB", largest)
		}
		const bound = 4 << 20
		if total < 4*bound {
			t.Fatalf("the log has only %d bytes", total)
		}
		if log.most > bound {
			t.Errorf("%d bytes of commits were read ahead, at most %d", log.most, bound)
		}
	})(t)
}

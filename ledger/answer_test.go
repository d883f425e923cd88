package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/events"
	"tallystick/ledger"

	"github.com/prometheus/client_golang/prometheus"
)

// stolenLog does something in place of an append, of which nobody is told.
type stolenLog struct {
	*events.Memory
	instead func() // once; nil: append
}

func (l *stolenLog) Append(ctx context.Context, expected uint64, id string, data []byte) error {
	if instead := l.instead; instead != nil {
		l.instead = nil
		instead()
		return fmt.Errorf("%w: it was lost", events.ErrUnknown)
	}
	return l.Memory.Append(ctx, expected, id, data)
}

// TestAnotherStandsAtOurPlace: an append without an answer was lost, and another
// process's commit stands at its place. That one is not taken for ours: what was
// decided is decided again on top of it.
func TestAnotherStandsAtOurPlace(t *testing.T) {
	fakeTime(func(t *testing.T) {
		log := &stolenLog{Memory: events.NewMemory()}
		b := newBook(t, 2, func(cfg *ledger.Config) { cfg.Logs = []ledger.Log{log} })
		b.log = log.Memory
		other := b.again()
		var theirs ledger.Receipt
		log.instead = func() { theirs = other.must(other.transfer("theirs", 0, 1, "60.00")) }
		ours := b.must(b.transfer("ours", 0, 1, "60.00")) // there is not enough for both
		if failed, ok := ours.Events[0].(*domain.TransactionFailed); !ok || failed.Failure.Code != domain.InsufficientFunds || ours.Sequence != theirs.Sequence+1 {
			t.Errorf("ours is %+v at %d, theirs stands at %d", ours.Events[0], ours.Sequence, theirs.Sequence)
		}
		for name, book := range map[string]*book{"one": b, "the other": other, "a third": b.again()} {
			if book.balance(0) != "40.00" || book.balance(1) != "160.00" {
				t.Errorf("%s has %s and %s", name, book.balance(0), book.balance(1))
			}
		}
	})(t)
}

// TestAnsweredWhenVisible: nobody is told of what readers do not see yet. A
// reader keeps the state from being changed while the append is acknowledged.
func TestAnsweredWhenVisible(t *testing.T) {
	t.Parallel()
	b := newBook(t, 2, nil)
	reading, release := make(chan struct{}), make(chan struct{})
	go b.ledger.Peek(0, func(*domain.State) { close(reading); <-release })
	<-reading
	before, _ := b.log.Last(t.Context())
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		b.must(b.transfer("one", 0, 1, "30.00"))
	}()
	await(t, "the commit is in the log", func() bool { last, _ := b.log.Last(t.Context()); return last > before })
	select {
	case <-answered:
		t.Error("answered while readers could not see it")
	case <-time.After(20 * time.Millisecond): // that long a wrong answer has to show
	}
	close(release)
	<-answered
}

// slowLog has each question for the newest commit wait, after it has looked.
type slowLog struct {
	*events.Memory
	asked, answer chan struct{} // nil: nothing waits
}

func (l *slowLog) Last(ctx context.Context) (uint64, error) {
	last, err := l.Memory.Last(ctx)
	if l.asked != nil {
		l.asked <- struct{}{}
		<-l.answer
	}
	return last, err
}

// joining is a context that tells when somebody begins to wait.
type joining struct {
	context.Context
	joined chan struct{}
}

func (j joining) Done() <-chan struct{} {
	select {
	case j.joined <- struct{}{}:
	default:
	}
	return j.Context.Done()
}

// TestReaderDoesNotJoinAQuestionUnderWay: its answer may be older than what the
// reader must see.
func TestReaderDoesNotJoinAQuestionUnderWay(t *testing.T) {
	fakeTime(func(t *testing.T) {
		a := newBook(t, 2, nil)
		log := &slowLog{Memory: a.log}
		b := open(t, a.log, a.keys, func(cfg *ledger.Config) { cfg.Logs = []ledger.Log{log} })
		b.project, b.wallets = a.project, a.wallets
		log.asked, log.answer = make(chan struct{}), make(chan struct{})
		view := func(ctx context.Context) <-chan uint64 {
			seen := make(chan uint64, 1)
			go func() {
				sequence, err := b.ledger.View(ctx, 0, func(*domain.State) {})
				if err != nil {
					t.Error(err)
				}
				seen <- sequence
			}()
			return seen
		}
		first := view(t.Context())
		<-log.asked
		written := a.must(a.transfer("meanwhile", 0, 1, "30.00")).Sequence
		late := joining{t.Context(), make(chan struct{}, 1)}
		second := view(late)
		<-late.joined
		log.answer <- struct{}{}
		if sequence := <-first; sequence != written-1 {
			t.Errorf("the first reader saw %d", sequence)
		}
		select {
		case <-log.asked: // for the second; and again for the writer, which is told to read on
		case sequence := <-second:
			t.Fatalf("the second reader saw %d with the answer to the first", sequence)
		}
		close(log.answer)
		go func() {
			for range log.asked {
			}
		}()
		if sequence := <-second; sequence < written {
			t.Errorf("the second reader saw %d, and %d was written before it asked", sequence, written)
		}
		b.stop()
		close(log.asked)
	})(t)
}

// TestReadNeedsAnAnswer: readers are told when the log does not answer, whoever
// put the question.
func TestReadNeedsAnAnswer(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		b.log.SetOffline(true)
		results := make(chan error, 20)
		for range cap(results) {
			go func() {
				_, err := b.ledger.View(t.Context(), 0, func(*domain.State) { t.Error("it was shown the state") })
				results <- err
			}()
		}
		for range cap(results) {
			var unavailable *ledger.Unavailable
			if err := <-results; !errors.As(err, &unavailable) || unavailable.RetryAfter <= 0 {
				t.Errorf("answered %v", err)
			}
		}
		b.log.SetOffline(false)
		b.expectBalances("100.00", "100.00")
	})(t)
}

// hookedLog does something right after it has looked for its newest commit.
type hookedLog struct {
	*events.Memory
	afterLast func() // once for each time it is set; nil: nothing
}

func (l *hookedLog) Last(ctx context.Context) (uint64, error) {
	last, err := l.Memory.Last(ctx)
	if then := l.afterLast; then != nil {
		l.afterLast = nil
		then()
	}
	return last, err
}

// TestLateCommandIsConfirmedToo: a group that is decided again, because the log
// had more, takes nobody in who came after the log was asked.
func TestLateCommandIsConfirmedToo(t *testing.T) {
	fakeTime(func(t *testing.T) {
		a := newBook(t, 2, nil)
		log := &hookedLog{Memory: a.log}
		registry := prometheus.NewRegistry()
		b := open(t, a.log, a.keys, func(cfg *ledger.Config) { cfg.Logs, cfg.Registry = []ledger.Log{log}, registry })
		o := &observed{book: b, registry: registry}
		freeze := domain.ChangeStatus{Project: a.project, Wallet: a.wallets[1], Change: domain.Freeze}
		a.must(freeze)
		if _, err := b.ledger.View(t.Context(), 0, func(*domain.State) {}); err != nil {
			t.Fatal(err)
		}
		late := make(chan ledger.Receipt, 1)
		a.must(a.transfer("more", 0, 1, "1.00"))
		log.afterLast = func() { // of the question for the group
			log.afterLast = func() { // of the one that says how far to fold
				a.must(domain.ChangeStatus{Project: a.project, Wallet: a.wallets[1], Change: domain.Unfreeze})
				before := o.metric("tallystick_waiting_operations")
				go func() { late <- b.must(freeze) }()
				await(t, "it waits", func() bool { return o.metric("tallystick_waiting_operations") > before })
			}
		}
		if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, a.transfer("fund-0", 0, 1, "1.00")); rejection(err) != domain.DuplicateReference {
			t.Errorf("the reference that was used: %v", err)
		}
		if receipt := <-late; len(receipt.Events) == 0 {
			t.Error("the wallet was taken for frozen")
		}
	})(t)
}

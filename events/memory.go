package events

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
)

// Memory is a log in memory. It follows the rules of Stream, and fails on demand.
type Memory struct {
	mu      sync.Mutex
	commits [][]byte // nil for a missing commit
	ids     map[string]uint64
	grown   chan struct{} // closed and replaced when a commit arrives
	faults  []Fault
	late    []publication // they arrive as the fault Late says
	offline bool
	reads   []error // the errors of the next reads
}

type publication struct {
	expected uint64
	id       string
	data     []byte
}

// Fault is a way in which an Append fails.
type Fault int

const (
	// Lost: the commit never arrives. Append returns ErrUnknown.
	Lost Fault = iota
	// Unacknowledged: the commit arrives. Append returns ErrUnknown.
	Unacknowledged
	// Late: Append returns ErrUnknown. The commit arrives after the next Last or
	// Get, or before the next Append.
	Late
	// Full: Append returns ErrRefused.
	Full
)

// NewMemory returns an empty log.
func NewMemory() *Memory {
	return &Memory{ids: map[string]uint64{}, grown: make(chan struct{})}
}

// Fail makes the next Appends fail, each with one of the faults, in order.
func (m *Memory) Fail(faults ...Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, faults...)
}

// SetOffline(true) makes every call fail as if the server were down, until
// SetOffline(false).
func (m *Memory) SetOffline(offline bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.offline = offline
	close(m.grown)
	m.grown = make(chan struct{})
}

var errOffline = fmt.Errorf("%w: offline", ErrUnknown)

// Append is Stream.Append.
func (m *Memory) Append(_ context.Context, expected uint64, id string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.offline {
		return errOffline
	}
	m.arrive()
	p := publication{expected, id, bytes.Clone(data)}
	if len(m.faults) == 0 {
		return m.append(p)
	}
	fault := m.faults[0]
	m.faults = m.faults[1:]
	switch fault {
	case Full:
		return fmt.Errorf("%w: full", ErrRefused)
	case Unacknowledged:
		_ = m.append(p) // the caller gets ErrUnknown in any case
	case Late:
		m.late = append(m.late, p)
	}
	return fmt.Errorf("%w: fault %d", ErrUnknown, fault)
}

func (m *Memory) append(p publication) error {
	if p.expected != uint64(len(m.commits)) {
		return fmt.Errorf("%w: it has %d commits, not %d", ErrConflict, len(m.commits), p.expected)
	}
	if sequence, ok := m.ids[p.id]; ok {
		return fmt.Errorf("%w: commit %s is at %d", ErrConflict, p.id, sequence)
	}
	m.commits = append(m.commits, p.data)
	m.ids[p.id] = uint64(len(m.commits))
	close(m.grown)
	m.grown = make(chan struct{})
	return nil
}

func (m *Memory) arrive() {
	for _, p := range m.late {
		_ = m.append(p)
	}
	m.late = nil
}

// Last is Stream.Last.
func (m *Memory) Last(context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.readFault(); err != nil {
		return 0, err
	}
	defer m.arrive()
	return uint64(len(m.commits)), nil
}

// Get is Stream.Get.
func (m *Memory) Get(_ context.Context, sequence uint64) (Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.readFault(); err != nil {
		return Message{}, err
	}
	defer m.arrive()
	if sequence < 1 || sequence > uint64(len(m.commits)) || m.commits[sequence-1] == nil {
		return Message{}, ErrNotFound
	}
	return Message{Sequence: sequence, Data: m.commits[sequence-1]}, nil
}

// Read is Stream.Read.
func (m *Memory) Read(ctx context.Context, from, to uint64, fn func(Message) error) error {
	for next := from; next <= to; {
		m.mu.Lock()
		offline, have, grown := m.offline, uint64(len(m.commits)), m.grown
		m.mu.Unlock()
		if offline {
			return errOffline
		}
		if have+1 < next {
			return fmt.Errorf("%w: it ends with commit %d, but commit %d was read from it", ErrLostCommits, have, next-1)
		}
		for ; next <= min(to, have); next++ {
			message, err := m.Get(ctx, next)
			if errors.Is(err, ErrNotFound) {
				err = fmt.Errorf("%w: the log has no commit %d of %d", ErrDamaged, next, have)
			}
			if err == nil {
				err = fn(message)
			}
			if err != nil {
				return err
			}
		}
		if next > to {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

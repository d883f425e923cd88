package events

import "bytes"

// FailReads makes the next reads fail, each with one of the errors, in order. A read
// is a call of Last or Get, or one commit of a Read.
func (m *Memory) FailReads(errs ...error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads = append(m.reads, errs...)
}

// readFault returns the error of the current read, or nil if it does not fail. The
// caller holds m.mu.
func (m *Memory) readFault() error {
	if m.offline {
		return errOffline
	}
	if len(m.reads) == 0 {
		return nil
	}
	err := m.reads[0]
	m.reads = m.reads[1:]
	return err
}

// Damage replaces the bytes of a commit, like a disk that returns other bytes than
// were written. If data is nil, the commit is missing: Get returns ErrNotFound, and
// Read ends there with ErrDamaged.
func (m *Memory) Damage(sequence uint64, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commits[sequence-1] = bytes.Clone(data)
}

// Truncate removes every commit after the sequence last, like a server that recovers
// fewer commits than it acknowledged.
func (m *Memory) Truncate(last uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, sequence := range m.ids {
		if sequence > last {
			delete(m.ids, id)
		}
	}
	m.commits = m.commits[:last:last]
	close(m.grown) // wakes the readers
	m.grown = make(chan struct{})
}

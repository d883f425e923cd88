package events

import "bytes"

// FailReads makes the next calls of Last and Get, and of Read for each commit, end
// with these errors, one each, in order.
func (m *Memory) FailReads(errs ...error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads = append(m.reads, errs...)
}

// readFault returns what the call at hand ends with; nil when nothing is wrong.
// m.mu is held.
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

// Damage replaces the bytes of a commit, as a disk does that returns other bytes
// than were written. Nil makes it a missing one: Get does not find it, and Read
// ends there with ErrDamaged.
func (m *Memory) Damage(sequence uint64, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commits[sequence-1] = bytes.Clone(data)
}

// Truncate loses every commit after the last one, as a server does that recovers
// less than it acknowledged.
func (m *Memory) Truncate(last uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, sequence := range m.ids {
		if sequence > last {
			delete(m.ids, id)
		}
	}
	m.commits = m.commits[:last:last]
	close(m.grown) // whoever waits looks again
	m.grown = make(chan struct{})
}

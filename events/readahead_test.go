package events_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"tallystick/embedded/embeddedtest"
	"tallystick/events"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestReadAheadIsBounded: however large the commits are, no more of them are on
// their way to a reader than ReadAheadBytes, twice.
func TestReadAheadIsBounded(t *testing.T) {
	t.Parallel()
	const commits, size = 60, 900 << 10
	server := embeddedtest.NATS(t)
	stream, _ := openOn(t, server.URL())
	data := random{rand.New(rand.NewPCG(1, 2))}.bytes(size)
	for i := range commits {
		if err := stream.Append(t.Context(), uint64(i), fmt.Sprint(i), data); err != nil {
			t.Fatal(err)
		}
	}
	reading, conn := openOn(t, server.URL())
	before, largest := conn.Stats().InBytes, uint64(0)
	err := reading.Read(t.Context(), 1, commits, func(m events.Message) error {
		for range 5 { // the server has sent what it was asked for
			if err := conn.Flush(); err != nil {
				return err
			}
		}
		largest = max(largest, conn.Stats().InBytes-before-m.Sequence*size)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if largest > 2*events.ReadAheadBytes {
		t.Errorf("%d bytes were read ahead, at most 2 * %d", largest, events.ReadAheadBytes)
	}
	t.Logf("%d bytes were read ahead", largest)
}

func openOn(t *testing.T, url string) (*events.Stream, *nats.Conn) {
	t.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := events.OpenStream(t.Context(), js, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return stream, conn
}

// TestTheLargestCommitIsRead: the server sends no message that has more bytes than
// a reader asks for, so the largest commit must have fewer, also when it cannot be
// compressed.
func TestTheLargestCommitIsRead(t *testing.T) {
	t.Parallel()
	stored := events.Compress(random{rand.New(rand.NewPCG(1, 2))}.bytes(events.MaxCommitBytes))
	const subjectAndHeaders = 4 << 10
	if len(stored)+subjectAndHeaders > events.ReadAheadBytes {
		t.Errorf("a commit can take %d bytes, and a reader asks for %d", len(stored), events.ReadAheadBytes)
	}
}

func (r random) bytes(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

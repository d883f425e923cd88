package events_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"tallystick/embedded/embeddedtest"
	"tallystick/events"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestReadDropsNothing: no commit is lost on its way to a slow reader, or if commits are
// small. The reader would notice the gap, but would have to begin again each time.
func TestReadDropsNothing(t *testing.T) {
	t.Parallel()
	const commits = 2000
	stream, conn := openOn(t, embeddedtest.NATS(t).URL())
	for i := range commits {
		if err := stream.Append(t.Context(), uint64(i), fmt.Sprint(i), []byte("small")); err != nil {
			t.Fatal(err)
		}
	}
	err := stream.Read(t.Context(), 1, commits, func(m events.Message) error {
		if m.Sequence%5 == 0 { // the server has sent all requested messages
			for range 10 {
				if err := conn.Flush(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestReadAheadIsBounded: however large the commits are, at most ReadAheadBytes of them
// are on their way to a reader, and the client drops none.
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
		for range 5 { // the server has sent all requested messages
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
	if largest > events.ReadAheadBytes {
		t.Errorf("%d bytes were read ahead, at most %d", largest, events.ReadAheadBytes)
	}
	t.Logf("%d bytes were read ahead", largest)
}

func openOn(t *testing.T, url string) (*events.Stream, *nats.Conn) {
	t.Helper()
	conn, err := nats.Connect(url, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		t.Errorf("of the connection: %v", err)
	}))
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

func (r random) bytes(n int) []byte {
	data := make([]byte, n)
	for i := 0; i+8 <= n; i += 8 {
		binary.LittleEndian.PutUint64(data[i:], r.Uint64())
	}
	return data
}

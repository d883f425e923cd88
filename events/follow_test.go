package events_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tallystick/embedded"
	"tallystick/embedded/embeddedtest"
	"tallystick/events"
)

// The stream of TestDamagedStream: three files of about nine commits.
const (
	damagedCommits = 24
	damagedBytes   = 900 << 10
)

// TestDamagedStream changes the files of a stream while its server is down. The server
// starts without an error, and delivers the messages that it can read. Within seconds a
// reader must get an error that says that the rest is missing.
func TestDamagedStream(t *testing.T) {
	t.Parallel()
	whole := embeddedtest.Dir(t)
	filesOf := func(dir string) []string {
		files, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "*", "msgs", "*.blk"))
		if err != nil || len(files) != 3 {
			t.Fatal("the log should be three files", files, err)
		}
		return files
	}
	stream, stop := serve(t, whole)
	for i := range uint64(damagedCommits) {
		if err := stream.Append(t.Context(), i, fmt.Sprint(i), bytes.Repeat([]byte{byte(i)}, damagedBytes)); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	flip := func(file string) error {
		data, err := os.ReadFile(file)
		if err == nil {
			data[len(data)/2] ^= 0xff
			err = os.WriteFile(file, data, 0o600)
		}
		return err
	}
	halve := func(file string) error {
		info, err := os.Stat(file)
		if err == nil {
			err = os.Truncate(file, info.Size()/2)
		}
		return err
	}
	for name, spoil := range map[string]func(files []string) error{
		"a byte in the middle":  func(files []string) error { return flip(files[1]) },
		"a byte of the last":    func(files []string) error { return flip(files[2]) },
		"the first file gone":   func(files []string) error { return os.Remove(files[0]) },
		"the second file gone":  func(files []string) error { return os.Remove(files[1]) },
		"the last file gone":    func(files []string) error { return os.Remove(files[2]) },
		"the second file short": func(files []string) error { return halve(files[1]) },
		"the last file short":   func(files []string) error { return halve(files[2]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := embeddedtest.Dir(t)
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			if err := spoil(filesOf(dir)); err != nil {
				t.Fatal(err)
			}
			stream, _ := serve(t, dir)
			tip := events.Cursor{Sequence: damagedCommits, Hash: events.HashOf(bytes.Repeat([]byte{damagedCommits - 1}, damagedBytes))}
			if last, err := tip.VerifyIn(t.Context(), stream, "the test"); last < damagedCommits {
				if !errors.Is(err, events.ErrLostCommits) { // the stream alone does not show that it was longer
					t.Errorf("it ends with %d, and %v", last, err)
				}
				return
			}
			var read uint64
			err := stream.Read(t.Context(), 1, events.Forever, func(m events.Message) error {
				read = m.Sequence
				if want := bytes.Repeat([]byte{byte(read - 1)}, damagedBytes); !bytes.Equal(m.Data, want) {
					t.Errorf("commit %d has other bytes", read)
				}
				return nil
			})
			if !errors.Is(err, events.ErrDamaged) || read >= damagedCommits {
				t.Errorf("read up to %d, then %v", read, err)
			}
		})
	}
}

// serve starts a server on a directory and opens the log of shard 0.
func serve(t *testing.T, dir string) (stream *events.Stream, stop func()) {
	t.Helper()
	server, err := embedded.StartNATS(embedded.NATSConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	_, js := embeddedtest.JetStream(t, server)
	if stream, err = events.OpenStream(t.Context(), js, 0, 1); err != nil {
		t.Fatal(err)
	}
	return stream, server.Stop
}

// TestStreamGrowsShorter: a reader that waits at the end notices that the log has lost
// commits that it read. A reader whose server has ended does not wait for ever.
func TestStreamGrowsShorter(t *testing.T) {
	t.Parallel()
	follow := func(t *testing.T, stream *events.Stream) (ended chan error) {
		for i := range uint64(3) {
			if err := stream.Append(t.Context(), i, fmt.Sprint(i), []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		reached := make(chan struct{})
		ended = make(chan error, 1)
		go func() {
			ended <- stream.Read(t.Context(), 1, events.Forever, func(m events.Message) error {
				if m.Sequence == 3 {
					close(reached)
				}
				return nil
			})
		}()
		<-reached
		return ended
	}
	t.Run("made anew", func(t *testing.T) {
		t.Parallel()
		js := connect(t)
		stream, err := events.OpenStream(t.Context(), js, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		ended := follow(t, stream)
		if err := js.DeleteStream(t.Context(), events.StreamName(0)); err != nil {
			t.Fatal(err)
		}
		if _, err := events.OpenStream(t.Context(), js, 0, 1); err != nil {
			t.Fatal(err)
		}
		err = <-ended
		for err != nil && !errors.Is(err, events.ErrDamaged) { // the stream was not available for a moment: read on
			err = stream.Read(t.Context(), 4, events.Forever, func(events.Message) error { return nil })
		}
		if !errors.Is(err, events.ErrLostCommits) {
			t.Errorf("ended with %v", err)
		}
	})
	t.Run("the server is gone", func(t *testing.T) {
		t.Parallel()
		stream, stop := serve(t, embeddedtest.Dir(t))
		ended := follow(t, stream)
		stop()
		if err := <-ended; err == nil || errors.Is(err, events.ErrDamaged) || errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

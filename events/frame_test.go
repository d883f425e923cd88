package events_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"tallystick/domain"
	"tallystick/events"

	"github.com/klauspost/compress/zstd"
)

// dictionary1 is the SHA-256 of dictionary 1, which must never change: existing logs
// contain frames that were compressed with it.
const dictionary1 = "a6d9c0df91130d18eb2df67b96d288cf4453675222fc468cbe3155c08fb62cc4"

const storedDir = "testdata/stored"

// compress returns a frame like the one in which a commit is stored.
func compress(t testing.TB, json []byte) []byte {
	t.Helper()
	return events.Compress(json)
}

func TestDictionaryStays(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("dictionary/1.zstd")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != dictionary1 {
		t.Errorf("dictionary 1 was changed: frames that name it cannot be read any more (it has %x)", sum)
	}
}

// TestStoredGolden: the stored bytes of a commit can always be decoded. The compressor
// may produce different bytes today.
func TestStoredGolden(t *testing.T) {
	t.Parallel()
	file := filepath.Join(storedDir, "commit.1.zst")
	facts := []domain.Event{goldens()["transaction.completed.v1"], goldens()["transaction.failed.v1"], goldens()["hold.placed.v1"]}
	if *update {
		codec := newCodec()
		builder := codec.NewBuilder(place, previous)
		add(t, builder, true, 1<<20, facts...)
		writeMissing(t, file, builder.Bytes())
	}
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := encode(t, newCodec(), facts...)
	if err := events.Decompressed(stored, func(json []byte) error {
		if !bytes.Equal(json, want) {
			t.Errorf("got %s\nwant %s", json, want)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if got := events.DecodedSize(stored); got != len(want) {
		t.Errorf("decoded size %d, want %d", got, len(want))
	}
	if at, err := events.TimeOf(stored); err != nil || !at.Equal(place.Time) {
		t.Errorf("made at %s, %v", at, err)
	}
}

// TestStored: every fact can be stored in a frame and decoded again. A decoded commit
// does not refer to memory that the next decoding overwrites.
func TestStored(t *testing.T) {
	t.Parallel()
	codec := newCodec()
	decoded := map[string]*events.Commit{}
	for name, fact := range goldens() {
		ensure(t, codec, fact)
		builder := codec.NewBuilder(place, previous)
		add(t, builder, true, 1<<20, fact)
		stored := builder.Bytes()
		if stored[0] == '{' {
			t.Errorf("%s is stored as it stands", name)
		}
		if got, want := events.DecodedSize(stored), len(encode(t, codec, fact)); got != want {
			t.Errorf("%s: decoded size %d, want %d", name, got, want)
		}
		commit, err := codec.Decode(stored)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		decoded[name] = commit
	}
	for name, fact := range goldens() {
		if got := decoded[name].Facts[0]; !reflect.DeepEqual(got, fact) {
			t.Errorf("%s came back as %+v", name, got)
		}
	}
}

// TestFramesAreBounded: no frame makes its reader use more memory than the maximum size
// of a commit. A frame that is wrong is damage.
func TestFramesAreBounded(t *testing.T) {
	t.Parallel()
	json := encode(t, newCodec(), goldens()["wallet.created.v1"])
	whole := compress(t, json)
	bomb := bytes.Repeat([]byte{' '}, events.MaxCommitBytes+1)
	streamed := func(data []byte) []byte { // its header does not contain the size
		var out bytes.Buffer
		w, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Flush(), w.Close()); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	var head zstd.Header
	if err := head.Decode(whole); err != nil {
		t.Fatal(err)
	}
	// The size is at the end of the header. All sizes here take two bytes.
	says := func(frame []byte, change byte) []byte {
		frame = bytes.Clone(frame)
		frame[head.HeaderSize-2] += change
		return frame
	}
	otherDictionary := bytes.Clone(whole)
	otherDictionary[5]++
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, stored := range map[string][]byte{
		"nothing":              {},
		"only a magic number":  whole[:4],
		"cut":                  whole[:len(whole)-1],
		"a bit flipped":        flipped,
		"another dictionary":   otherDictionary,
		"larger than it says":  says(whole, 255),
		"smaller than it says": says(whole, 1),
		"a large bomb":         compress(t, bomb),
		"a bomb without size":  streamed(bomb),
		"no size":              streamed(json),
		"two frames":           append(bytes.Clone(whole), whole...),
		"a frame and more":     append(bytes.Clone(whole), 1),
		"a frame to skip":      {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0},
		"no frame":             []byte("some text"),
	} {
		if commit, err := newCodec().Decode(stored); !errors.Is(err, events.ErrDamaged) {
			t.Errorf("%s: %v, %v", name, commit, err)
		}
		if _, err := events.TimeOf(stored); !errors.Is(err, events.ErrDamaged) {
			t.Errorf("%s has a time: %v", name, err)
		}
		if size := events.DecodedSize(stored); size > events.MaxCommitBytes {
			t.Errorf("%s: decoded size %d", name, size)
		}
	}
	if _, err := newCodec().Decode(whole); err != nil {
		t.Error(err)
	}
}

// TestBuilderHoldsTheSize: whatever the limit, a commit never has more bytes than a
// reader accepts.
func TestBuilderHoldsTheSize(t *testing.T) {
	t.Parallel()
	builder := newCodec().NewBuilder(place, previous)
	large := &domain.WalletChanged{Asked: asked, Project: project, Wallet: wallet, Name: string(bytes.Repeat([]byte{'x'}, events.MaxCommitBytes))}
	add(t, builder, false, 1<<30, large)
}

package events

import (
	_ "embed"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

//go:generate go run ./traindict dictionary/1.zstd

// MaxCommitBytes is the most that a commit may have before it is compressed. Who
// reads the log needs no more memory than this for one, whatever is in it.
const MaxCommitBytes = 8 << 20

// dictionaries are part of the log's format, for ever: a frame names the one that
// it was compressed with by its number, and cannot be read without it. A new
// one gets a new number, and none is ever changed or taken away.
//
//go:embed dictionary/1.zstd
var dictionary1 []byte

// compressor and decompressor are shared by all shards. Both are safe for
// concurrent use, with as many buffers as there are processors.
var (
	compressor = sync.OnceValue(func() *zstd.Encoder {
		encoder, err := zstd.NewWriter(nil, zstd.WithEncoderDict(dictionary1), zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithSingleSegment(true), zstd.WithWindowSize(MaxCommitBytes))
		if err != nil {
			panic(fmt.Sprintf("events: the embedded dictionary: %v", err))
		}
		return encoder
	})
	decompressor = sync.OnceValue(func() *zstd.Decoder {
		decoder, err := zstd.NewReader(nil, zstd.WithDecoderDicts(dictionary1), zstd.WithDecoderConcurrency(0),
			zstd.WithDecoderMaxMemory(MaxCommitBytes))
		if err != nil {
			panic(fmt.Sprintf("events: the embedded dictionary: %v", err))
		}
		return decoder
	})
)

// plain tells whether a stored commit is its JSON as it stands, as commits were
// before they were compressed. A frame begins with 28 B5 2F FD.
func plain(stored []byte) bool { return len(stored) > 0 && stored[0] == '{' }

// DecodedSize returns how many bytes a stored commit has once it is decompressed,
// from the head of its frame. For bytes that Decode refuses it returns at most
// MaxCommitBytes.
func DecodedSize(stored []byte) int {
	if plain(stored) {
		return len(stored)
	}
	size, err := frameSize(stored)
	if err != nil {
		return min(len(stored), MaxCommitBytes)
	}
	return size
}

func frameSize(stored []byte) (int, error) {
	var head zstd.Header
	if err := head.Decode(stored); err != nil {
		return 0, err
	}
	if head.Skippable || !head.HasFCS {
		return 0, errors.New("the frame does not say its size")
	}
	if head.FrameContentSize > MaxCommitBytes {
		return 0, fmt.Errorf("the frame has %d bytes, at most %d", head.FrameContentSize, MaxCommitBytes)
	}
	return int(head.FrameContentSize), nil
}

// decompressed calls fn with a stored commit's JSON, which fn must not keep.
func decompressed(stored []byte, fn func(json []byte) error) error {
	if plain(stored) {
		return fn(stored)
	}
	size, err := frameSize(stored)
	if err != nil {
		return err
	}
	buffer := jsonBuffers.Get().(*[]byte)
	defer jsonBuffers.Put(buffer)
	json, err := decompressor().DecodeAll(stored, (*buffer)[:0])
	if err != nil {
		return err
	}
	*buffer = json
	if len(json) != size {
		return fmt.Errorf("the frame has %d bytes, and says %d", len(json), size)
	}
	return fn(json)
}

var jsonBuffers = sync.Pool{New: func() any { return new([]byte) }}

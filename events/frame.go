package events

import (
	_ "embed"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

//go:generate go run ./traindict dictionary/1.zstd

// MaxCommitBytes is the maximum size of a commit before compression. A reader of the
// log needs no more memory than this to decompress a commit, whatever its bytes are.
const MaxCommitBytes = 8 << 20

// Dictionaries are a permanent part of the log's format. A frame contains the number of
// the dictionary that it was compressed with, and cannot be read without it. A new
// dictionary gets a new number. No dictionary is ever changed or removed.
//
//go:embed dictionary/1.zstd
var dictionary1 []byte

// All shards share compressor and decompressor. Both are safe for concurrent use, and
// have as many buffers as there are processors.
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

// plain reports whether a stored commit is uncompressed JSON, as commits were stored
// before compression was introduced. A frame begins with 28 B5 2F FD.
func plain(stored []byte) bool { return len(stored) > 0 && stored[0] == '{' }

// DecodedSize returns the size in bytes of a stored commit after decompression, which
// it reads from the header of the frame. For bytes that Decode refuses it returns at
// most MaxCommitBytes.
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

// decompressed calls fn with the JSON of a stored commit. fn must not keep the slice.
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

package events

import "fmt"

// Compress and Decompressed convert between the JSON of a commit and its stored bytes.
func Compress(json []byte) []byte { return compressor().EncodeAll(json, nil) }

// Decompressed calls fn with the JSON. fn must not keep the slice.
func Decompressed(stored []byte, fn func(json []byte) error) error { return decompressed(stored, fn) }

// ReadAheadBytes limits the messages on their way to a reader.
const ReadAheadBytes = readAheadBytes

// Forms lists the types and versions that can be decoded: "wallet.created.v1".
func Forms() (names []string) {
	for _, f := range forms {
		names = append(names, fmt.Sprintf("%s.v%d", f.name, f.version))
	}
	return names
}

package events

import "fmt"

// Compress and Decompressed are what stands between a commit's JSON and the log.
func Compress(json []byte) []byte { return compressor().EncodeAll(json, nil) }

// Decompressed calls fn with the JSON, which fn must not keep.
func Decompressed(stored []byte, fn func(json []byte) error) error { return decompressed(stored, fn) }

// ReadAheadBytes bounds what is on its way to a reader.
const ReadAheadBytes = readAheadBytes

// Forms lists the types and versions that can be read: "wallet.created.v1".
func Forms() (names []string) {
	for _, f := range forms {
		names = append(names, fmt.Sprintf("%s.v%d", f.name, f.version))
	}
	return names
}

package domain

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"tallystick/domain/ids"
)

// Limits of what callers write, in bytes of UTF-8 unless it says otherwise.
const (
	MaxIDLength          = 255
	MaxNameLength        = 255
	MaxDescriptionLength = 1000
	MaxMetadataKeys      = 50 // keys
	MaxMetadataKeyLength = 100
	MaxMetadataLength    = 16 << 10
)

// Metadata is the caller's own notes on a thing: up to MaxMetadataKeys keys.
type Metadata map[string]string

// checkText refuses text that is too long, that is not UTF-8, or that contains
// NUL, which PostgreSQL cannot store.
func checkText(field, text string, limit int) *Rejection {
	switch {
	case len(text) > limit:
		return reject(BadRequest, "%s has %d bytes; at most %d are allowed", field, len(text), limit)
	case !utf8.ValidString(text):
		return reject(BadRequest, "%s is not valid UTF-8", field)
	case strings.IndexByte(text, 0) >= 0:
		return reject(BadRequest, "%s contains a NUL character", field)
	}
	return nil
}

func checkRequired(field, text string, limit int) *Rejection {
	if text == "" {
		return reject(BadRequest, "%s is required", field)
	}
	return checkText(field, text, limit)
}

func checkMetadata(metadata Metadata) *Rejection {
	if len(metadata) > MaxMetadataKeys {
		return reject(BadRequest, "metadata has %d keys; at most %d are allowed", len(metadata), MaxMetadataKeys)
	}
	size := 0
	for key, value := range metadata {
		if rejection := checkRequired("metadata key", key, MaxMetadataKeyLength); rejection != nil {
			return rejection
		}
		if rejection := checkText("metadata["+strconv.Quote(key)+"]", value, MaxMetadataLength); rejection != nil {
			return rejection
		}
		size += len(key) + len(value)
	}
	if size > MaxMetadataLength {
		return reject(BadRequest, "metadata has %d bytes; at most %d are allowed", size, MaxMetadataLength)
	}
	return nil
}

func checkActor(actor, reason string) *Rejection {
	return first(checkText("actor", actor, MaxNameLength), checkText("reason", reason, MaxDescriptionLength))
}

func checkReference(reference ids.Reference) *Rejection {
	if rejection := checkRequired("reference", string(reference), ids.MaxReferenceLength); rejection != nil {
		return rejection
	}
	if strings.HasPrefix(string(reference), ids.ReservedReferences) {
		return reject(BadRequest, "references that begin with %q are the ledger's own", ids.ReservedReferences)
	}
	return nil
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func truth(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

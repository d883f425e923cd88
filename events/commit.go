package events

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// commitVersion is the version of the envelope.
const commitVersion = 1

// Hash is the SHA-256 of a commit's stored bytes. The first commit has the zero Hash as
// its previous hash.
type Hash [sha256.Size]byte

// HashOf returns the hash of a commit's stored bytes, which the next commit contains.
func HashOf(commit []byte) Hash { return sha256.Sum256(commit) }

// Commit is one message of the log, decoded.
type Commit struct {
	Shard    uint8
	Sequence uint64
	Time     time.Time
	Previous Hash
	Facts    []domain.Event
}

// Place returns the place of fact i of the commit, with the commit's time.
func (c *Commit) Place(i int) ids.Place {
	return ids.Place{Location: ids.Location{Shard: c.Shard, Sequence: c.Sequence, Index: i}, Time: c.Time}
}

// Codec encodes and decodes facts.
type Codec struct {
	Keys Keyring
}

// Keyring encrypts personal data with a key that belongs to one customer.
type Keyring interface {
	// Seal encrypts. The customer's key must exist (see Keys.Ensure).
	Seal(project ids.Project, customer ids.Customer, plain []byte) ([]byte, error)
	// Open decrypts. The error is ErrErased when the customer's key was destroyed, or
	// ErrDamaged when Seal did not produce these bytes. Any other error may pass: the
	// key cannot be read now, or is not found (ErrKeyNotFound).
	Open(project ids.Project, customer ids.Customer, sealed []byte) ([]byte, error)
}

var (
	// ErrErased is returned by a Keyring when the customer's key was destroyed. The
	// personal data can never be read again.
	ErrErased = errors.New("events: the customer was erased")

	// ErrKeyNotFound is returned by a Keyring when there is no key for the customer.
	// It may pass: the leader may have been elected just now, or the bucket may be
	// being restored. A reader waits, and does not regard the customer as erased.
	ErrKeyNotFound = errors.New("events: a customer's key is not found")
)

// Builder builds a commit from the facts of decisions.
type Builder struct {
	codec *Codec
	enc   jx.Encoder
	group writer // the facts of one decision, before it is known whether they fit
	count int

	stored []byte
}

// NewBuilder begins the commit for a place.
func (c *Codec) NewBuilder(place ids.Place, previous Hash) *Builder {
	b := &Builder{codec: c}
	b.Reset(place, previous)
	return b
}

// Reset begins another commit in the same memory. The bytes of the commit before must
// not be used any more.
func (b *Builder) Reset(place ids.Place, previous Hash) {
	b.count = 0
	b.enc.Reset()
	b.enc.ObjStart()
	b.enc.FieldStart("commit")
	b.enc.Int(commitVersion)
	b.enc.FieldStart("shard")
	b.enc.UInt8(place.Shard)
	b.enc.FieldStart("sequence")
	b.enc.UInt64(place.Sequence)
	b.enc.FieldStart("time")
	b.enc.Str(place.Time.UTC().Format(time.RFC3339Nano))
	b.enc.FieldStart("previous")
	b.enc.Str(hex.EncodeToString(previous[:]))
	b.enc.FieldStart("facts")
	b.enc.ArrStart()
}

// Len returns the number of facts in the commit.
func (b *Builder) Len() int { return b.count }

// Add appends the facts of one decision. If the commit would then have more than limit
// bytes or MaxCommitBytes before compression, or too many facts, Add returns false and
// leaves the commit unchanged.
func (b *Builder) Add(facts []domain.Event, limit int) (bool, error) {
	b.group.Reset()
	b.group.ArrStart()
	for _, fact := range facts {
		b.group.item()
		if err := b.group.fact(b.codec.Keys, fact); err != nil {
			return false, err
		}
	}
	b.group.ArrEnd()
	inner := b.group.Buf
	inner = inner[1 : len(inner)-1]
	if len(inner) == 0 {
		return true, nil
	}
	const ending = 3 // "," and "]}"
	if len(b.enc.Bytes())+len(inner)+ending > min(limit, MaxCommitBytes) || b.count+len(facts) > ids.MaxFactsPerCommit {
		return false, nil
	}
	b.enc.Raw(inner)
	b.count += len(facts)
	return true, nil
}

// Bytes ends the commit and returns the bytes to store. To repeat an append, use the
// same bytes: another version of the compressor may produce different bytes from the
// same facts.
func (b *Builder) Bytes() []byte {
	b.stored = compressor().EncodeAll(b.JSON(), b.stored[:0])
	return b.stored
}

// JSON ends the commit and returns its JSON, which is what Bytes compresses.
func (b *Builder) JSON() []byte {
	b.enc.ArrEnd()
	b.enc.ObjEnd()
	return b.enc.Bytes()
}

// Decode decodes a commit from its stored bytes or from its JSON. The error names the
// fact that could not be decoded. It is ErrDamaged, unless the keyring could not
// provide a key now: then it may pass.
func (c *Codec) Decode(data []byte) (*Commit, error) {
	r, commit := reader{keys: c.Keys}, &Commit{}
	err := decompressed(data, func(json []byte) error {
		r.d = jx.GetDecoder()
		defer jx.PutDecoder(r.d)
		r.d.ResetBytes(json)
		err := r.commit(commit)
		if err == nil && !errors.Is(r.d.Skip(), io.EOF) {
			err = errors.New("something follows it")
		}
		return err
	})
	switch {
	case err == nil:
		return commit, nil
	case errors.As(err, new(*mayPass)):
		return nil, fmt.Errorf("events: commit %d: %w", commit.Sequence, err)
	}
	return nil, fmt.Errorf("%w: commit %d cannot be decoded: %w", ErrDamaged, commit.Sequence, err)
}

// TimeOf returns the time of a commit. It does not decode the facts, which follow the
// time. The error is ErrDamaged.
func TimeOf(data []byte) (at time.Time, err error) {
	err = decompressed(data, func(json []byte) (err error) {
		at, err = timeOf(json)
		return err
	})
	if err != nil {
		return at, fmt.Errorf("%w: a commit without a time: %w", ErrDamaged, err)
	}
	return at, nil
}

func timeOf(json []byte) (at time.Time, err error) {
	d := jx.GetDecoder()
	defer jx.PutDecoder(d)
	d.ResetBytes(json)
	r := reader{d: d}
	found := errors.New("found")
	err = d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		if string(key) != "time" {
			return d.Skip()
		}
		if at, err = r.time(); err != nil {
			return err
		}
		return found
	})
	switch {
	case errors.Is(err, found):
		return at, nil
	case err == nil:
		err = errors.New("it ends before the time")
	}
	return at, err
}

func (r *reader) commit(c *Commit) error {
	version := 0
	err := r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "commit":
			version, err = d.Int()
			if err == nil && version != commitVersion {
				err = fmt.Errorf("the version %d of the envelope is not known", version)
			}
		case "shard":
			c.Shard, err = r.shard()
		case "sequence":
			c.Sequence, err = d.UInt64()
		case "time":
			c.Time, err = r.time()
		case "previous":
			err = r.hash(c.Previous[:])
		case "facts":
			err = d.Arr(func(*jx.Decoder) error {
				fact, err := r.fact()
				if err != nil {
					return fmt.Errorf("fact %d: %w", len(c.Facts), err)
				}
				c.Facts = append(c.Facts, fact)
				return nil
			})
		default:
			err = fmt.Errorf("unknown field %q", key)
		}
		return err
	})
	if err == nil && version == 0 {
		err = errors.New("no envelope")
	}
	return err
}

// shard does not use Decoder.UInt8, which reads 300 as 44 (jx v1.2.0).
func (r *reader) shard() (uint8, error) {
	shard, err := r.d.Int()
	if err == nil && (shard < 0 || shard >= ids.MaxShards) {
		err = fmt.Errorf("shard %d", shard)
	}
	return uint8(shard), err
}

func (r *reader) time() (time.Time, error) {
	text, err := r.d.StrBytes()
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, string(text))
}

func (r *reader) hash(dst []byte) error {
	text, err := r.d.StrBytes()
	if err == nil && hex.DecodedLen(len(text)) != len(dst) {
		err = fmt.Errorf("a hash of %d digits", len(text))
	}
	if err != nil {
		return err
	}
	_, err = hex.Decode(dst, text)
	return err
}

package events

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Stream is a shard's log in JetStream: the stream LEDGER_<nnn> with one subject and
// one message for each commit. Messages cannot be deleted or purged, and do not expire.
type Stream struct {
	js      jetstream.JetStream
	stream  jetstream.Stream
	name    string
	subject string
}

// Limits of one request to the server. The outcome of an append that takes longer is
// unknown.
const (
	appendTimeout  = 3 * time.Second
	requestTimeout = 3 * time.Second
	dedupWindow    = 2 * time.Minute // for commit ids; the expected sequence is always checked

	// readAheadBytes limits the messages on their way to a reader. The number of
	// messages is chosen so that the limit holds even if each has the server's
	// max_payload. Most messages are far smaller.
	readAheadBytes    = 32 << 20
	readAheadMessages = 256
)

// StreamName returns the name of a shard's stream.
func StreamName(shard int) string { return fmt.Sprintf("LEDGER_%03d", shard) }

func subject(shard int) string { return fmt.Sprintf("ledger.%03d", shard) }

// OpenStream returns the log of a shard, and creates it if it does not exist.
// replicas applies to a new log only.
func OpenStream(ctx context.Context, js jetstream.JetStream, shard, replicas int) (*Stream, error) {
	return openStream(ctx, js, shard, 1, OpenConfig{Create: true, Replicas: replicas})
}

func openStream(ctx context.Context, js jetstream.JetStream, shard, shards int, cfg OpenConfig) (*Stream, error) {
	s := &Stream{js: js, name: StreamName(shard), subject: subject(shard)}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	stream, err := openOrCreate(ctx, js, jetstream.StreamConfig{
		Name: s.name, Subjects: []string{s.subject}, Description: "Tallystick ledger, shard " + strconv.Itoa(shard),
		Storage: jetstream.FileStorage, Replicas: max(cfg.Replicas, 1), Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		MaxMsgs: -1, MaxBytes: -1, DenyDelete: true, DenyPurge: true, Duplicates: dedupWindow,
		Metadata: map[string]string{shardsKey: strconv.Itoa(shards)},
	}, cfg)
	if err != nil {
		return nil, err
	}
	if got := stream.CachedInfo().Config; !got.DenyDelete || !got.DenyPurge || got.Discard != jetstream.DiscardNew || got.Storage != jetstream.FileStorage {
		return nil, fmt.Errorf("events: stream %s exists, but is not a ledger: it must deny delete and purge, discard new, and use file storage", s.name)
	}
	s.stream = stream
	return s, nil
}

// Append writes a commit at the sequence expected+1. id identifies these bytes.
//
// It returns nil once the commit is on disk at that sequence, or else ErrConflict,
// ErrRefused or ErrUnknown. After ErrUnknown the same Append may be repeated, because
// a sequence can have one commit only. If the first Append did arrive, the second
// returns ErrConflict, and Get returns the bytes that are at that sequence.
func (s *Stream) Append(ctx context.Context, expected uint64, id string, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, appendTimeout)
	defer cancel()
	ack, err := s.js.PublishMsg(ctx, &nats.Msg{Subject: s.subject, Data: data},
		jetstream.WithExpectLastSequence(expected), jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
	if err == nil {
		if ack.Sequence != expected+1 {
			return fmt.Errorf("%w: commit %s is at %d", ErrConflict, id, ack.Sequence)
		}
		return nil
	}
	return outcome(err)
}

// Error codes of the server. The first two mean a wrong expected sequence; the second
// is used while a replicated stream is still storing another message. The third means
// that a replicated stream is still storing a message with this id.
const (
	codeWrongLastSequence = 10071
	codeSequenceInFlight  = 10164
	codeIDInFlight        = 10158
)

func outcome(err error) error {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	switch api.ErrorCode {
	case codeWrongLastSequence, codeSequenceInFlight:
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case codeIDInFlight:
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}

// codeNoMetaLeader means that the cluster has no leader.
const codeNoMetaLeader = 10008

// askPause is the pause before a request is repeated.
const askPause = 20 * time.Millisecond

// ask repeats a request to JetStream until it gets a response or ctx ends. While a
// cluster elects its leader, each server refuses every request, even for streams that
// have a leader. An election takes well below a second.
func ask[T any](ctx context.Context, question func() (T, error)) (T, error) {
	for {
		answer, err := question()
		var api *jetstream.APIError
		if !errors.As(err, &api) || api.ErrorCode != codeNoMetaLeader {
			return answer, err
		}
		select {
		case <-time.After(askPause):
		case <-ctx.Done():
			return answer, err
		}
	}
}

// errNoLeader: a majority of a stream's replicas is gone, or elects. It may pass.
var errNoLeader = errors.New("the stream has no leader")

// Last returns the sequence of the newest commit, or 0 if there is none. It asks the
// stream's leader.
func (s *Stream) Last(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	info, err := ask(ctx, func() (*jetstream.StreamInfo, error) { return s.stream.Info(ctx) })
	if err == nil && info.Cluster != nil && info.Cluster.Leader == "" {
		// A replica that may be behind answers for a stream without a leader.
		err = errNoLeader
	}
	if err != nil {
		return 0, fmt.Errorf("events: state of %s: %w", s.name, err)
	}
	return info.State.LastSeq, nil
}

// Get returns one commit, or ErrNotFound.
func (s *Stream) Get(ctx context.Context, sequence uint64) (Message, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	raw, err := ask(ctx, func() (*jetstream.RawStreamMsg, error) { return s.stream.GetMsg(ctx, sequence) })
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Message{}, ErrNotFound
	}
	if err != nil {
		return Message{}, fmt.Errorf("events: commit %d of %s: %w", sequence, s.name, err)
	}
	return Message{Sequence: raw.Sequence, Data: raw.Data}, nil
}

// readAhead returns the number of messages that a reader requests in advance. The
// client's own limits in bytes cannot be used (nats.go 1.55): with
// PullMaxMessagesWithBytesLimit the server's status messages about ended requests
// overflow the client's queue, and messages are dropped. PullMaxBytes allocates a queue
// for a million messages.
func (s *Stream) readAhead() jetstream.PullMaxMessages {
	largest := max(s.js.Conn().MaxPayload(), 1)
	return jetstream.PullMaxMessages(max(1, min(readAheadMessages, readAheadBytes/largest)))
}

// Read calls fn with the commits from..to, in order, each once. It waits for commits
// that do not exist yet; with Forever it follows the log. It returns nil after `to`,
// the error of fn or of ctx, ErrDamaged, or an error that may pass. After an error that
// may pass, the caller reads again from the commit after the last one it received.
func (s *Stream) Read(ctx context.Context, from, to uint64, fn func(Message) error) error {
	if from > to {
		return nil
	}
	consumer, err := s.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from, InactiveThreshold: time.Minute, MaxResetAttempts: 3,
	})
	if err != nil {
		return fmt.Errorf("events: read %s: %w", s.name, err)
	}
	messages, err := consumer.Messages(s.readAhead())
	if err != nil {
		return fmt.Errorf("events: read %s: %w", s.name, err)
	}
	follower := s.newFollower(ctx, messages)
	defer follower.stop()
	for next := from; ; next++ {
		msg, err := follower.next(ctx, next)
		if err != nil {
			return err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("events: read %s: %w", s.name, err)
		}
		if came := meta.Sequence.Stream; came > next {
			return s.gap(ctx, next, came)
		} else if came < next {
			return fmt.Errorf("%w: commit %d of %s was delivered again", ErrGap, came, s.name)
		}
		if err := fn(Message{Sequence: next, Data: msg.Data()}); err != nil || next == to {
			return err
		}
	}
}

package service

import (
	"context"

	"tallystick/events"
	"tallystick/ledger"
)

// witness is a store that knows how far the logs reached; see ledger.Witness.
type witness struct {
	name string
	seen func(context.Context) (map[int]events.Cursor, error) // by shard
}

type witnesses []witness

// anything returns the name of a witness that has seen commits of any shard, "" when none
// has.
func (all witnesses) anything(ctx context.Context) (string, error) {
	for _, w := range all {
		seen, err := w.seen(ctx)
		if err != nil {
			return "", err
		}
		if len(seen) > 0 {
			return w.name, nil
		}
	}
	return "", nil
}

func (all witnesses) ofLedger() (of []ledger.Witness) {
	for _, w := range all {
		of = append(of, ledger.Witness{Name: w.name, Seen: func(ctx context.Context, shard int) (events.Cursor, error) {
			seen, err := w.seen(ctx)
			return seen[shard], err
		}})
	}
	return of
}

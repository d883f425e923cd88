package ledger

import (
	"context"
	"errors"

	"tallystick/events"
)

// start folds the log, however long it takes to be there, and makes sure that it
// is all of the log. The error is events.ErrDamaged, or ctx's.
func (s *shard) start(ctx context.Context) error {
	for wait := firstPause; ; {
		err := s.replay(ctx)
		if err == nil {
			err = s.hear(ctx, s.cursor.Sequence)
		}
		if err == nil || errors.Is(err, events.ErrDamaged) {
			s.warnUnheard()
			return err
		}
		s.refuse("the log cannot be read yet: " + err.Error())
		s.logger.Warn("the log cannot be read; trying again", "error", err)
		var more bool
		if wait, more = pause(ctx, wait); !more {
			return ctx.Err()
		}
	}
}

func (s *shard) warnUnheard() {
	for _, w := range s.unheard {
		s.logger.Warn("commands are taken, and whether the log has lost commits is not known yet: " + w.Name + " cannot be asked now")
	}
}

package projections_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tallystick/embedded"
	"tallystick/embedded/embeddedtest"
	"tallystick/events"
	"tallystick/projections"
)

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out: %s", what)
		}
	}
}

// TestDamageEndsTheProjector: nothing more is written to the read model, which may
// be the last copy of what the log lost, and nobody is told to drop it.
func TestDamageEndsTheProjector(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(p *pair)
		lost  bool
	}{
		"another log of the same length": {func(p *pair) {
			other := newPair(p.t)
			other.now = other.now.Add(1)
			other.transfers(int(p.cursor.Sequence - other.cursor.Sequence))
			p.log = other.log
		}, true},
		"another log, longer": {func(p *pair) {
			other := newPair(p.t)
			other.now = other.now.Add(1)
			other.transfers(50)
			p.log = other.log
		}, true},
		"a shorter log":        {func(p *pair) { p.log = newPair(p.t).log }, true},
		"an empty log":         {func(p *pair) { p.log.Truncate(0) }, true},
		"the log of shard one": {func(p *pair) { p.shard = 1; p.transfers(1) }, false},
		"a changed commit": {func(p *pair) { // which the one after it tells
			p.transfers(2)
			m := p.message(p.cursor.Sequence - 1)
			commit, err := p.codec.Decode(m.Data)
			if err != nil {
				p.t.Fatal(err)
			}
			at := commit.Place(0)
			at.Time = at.Time.Add(time.Microsecond)
			builder := p.codec.NewBuilder(at, commit.Previous)
			if added, err := builder.Add(commit.Facts, 1<<20); !added || err != nil {
				p.t.Fatal(added, err)
			}
			p.log.Damage(m.Sequence, builder.Bytes())
		}, false},
		"a commit cut short": {func(p *pair) {
			p.transfers(1)
			m := p.message(p.cursor.Sequence)
			p.log.Damage(m.Sequence, m.Data[:len(m.Data)/2])
		}, false},
		"a missing commit": {func(p *pair) {
			p.transfers(2)
			p.log.Damage(p.cursor.Sequence-1, nil)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.transfers(10)
			pool := database(t)
			_, stop := project(t, p.history, pool)
			caughtUp(t, p.history, pool)
			stop()
			before := p.cursor.Sequence
			c.spoil(p)
			err := run(t, p.history, pool)
			if !errors.Is(err, events.ErrDamaged) || errors.Is(err, events.ErrLostCommits) != c.lost {
				t.Fatalf("the projector ended with %v", err)
			}
			if !strings.Contains(err.Error(), "do not drop the read model") || !strings.Contains(err.Error(), "Restore the stream") {
				t.Errorf("it says %s", err)
			}
			at, err := projections.NewQueries(pool).Checkpoint(t.Context(), 0)
			if lastWhole := before + 1; err != nil || at < before || at > lastWhole {
				t.Errorf("the checkpoint went from %d to %d (%v)", before, at, err)
			}
		})
	}
}

// message is a commit as the log has it.
func (p *pair) message(sequence uint64) events.Message {
	p.t.Helper()
	m, err := p.log.Get(context.Background(), sequence)
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

// TestLogGrowsShorter under a projector that has nothing to do.
func TestLogGrowsShorter(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.transfers(3)
	pool := database(t)
	projector := projections.NewProjector(projections.ProjectorConfig{Log: p.log, Codec: p.codec, Pool: pool})
	ended := make(chan error, 1)
	go func() { ended <- projector.Run(t.Context()) }()
	caughtUp(t, p.history, pool)
	p.log.Truncate(1)
	if err := <-ended; !errors.Is(err, events.ErrLostCommits) {
		t.Errorf("the projector ended with %v", err)
	}
}

// TestReadyIsWhatIsTrueNow: nobody writes anything, and the projector is ready, or
// says why it is not.
func TestReadyIsWhatIsTrueNow(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	server, err := embedded.StartPostgres(ctx, embedded.PostgresConfig{Dir: embeddedtest.Dir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	pool := open(t, server.URL())
	p := newPair(t)
	projector, _ := project(t, p.history, pool)
	ready := func() bool { return projector.Ready() == nil }
	until := func(want string) {
		t.Helper()
		await(t, "it is not ready for "+want, func() bool { err := projector.Ready(); return err != nil && strings.Contains(err.Error(), want) })
	}
	await(t, "it is ready", ready)

	p.log.SetOffline(true)
	until("offline")
	p.log.SetOffline(false)
	await(t, "the log is back", ready)

	execute := func(statement string) {
		t.Helper()
		if _, err := pool.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	execute(`ALTER SCHEMA ledger RENAME TO gone`)
	until("ledger.checkpoint")
	execute(`ALTER SCHEMA gone RENAME TO ledger`)
	await(t, "the schema is back", ready)

	execute(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`)
	execute(`CREATE TRIGGER full_disk BEFORE INSERT ON ledger.transactions EXECUTE FUNCTION full_disk()`)
	p.transfers(1)
	until("disk of PostgreSQL is full")
	execute(`DROP TRIGGER full_disk ON ledger.transactions`)
	await(t, "there is room", ready)

	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	await(t, "it is not ready without a database", func() bool { return !ready() })
}

// TestCheckpointGoesBack: the tables are of an earlier moment (here: of the first)
// than where the projector is, as after a crash of the server, which does not sync
// each commit of ours. They are filled again although nothing new is in the log.
func TestCheckpointGoesBack(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.transfers(3)
	pool := database(t)
	project(t, p.history, pool)
	caughtUp(t, p.history, pool)
	const empty = `DO $$ DECLARE name text; BEGIN
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'ledger' AND tablename <> 'schema_version' LOOP
			EXECUTE 'DELETE FROM ledger.' || quote_ident(name);
		END LOOP; END $$`
	if _, err := pool.Exec(t.Context(), empty); err != nil {
		t.Fatal(err)
	}
	caughtUp(t, p.history, pool)
	equal(t, p.history, pool)
}

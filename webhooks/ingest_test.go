package webhooks

import (
	"errors"
	"fmt"
	"testing"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
)

func TestNewEndpointGetsLaterFactsAndMissesNone(t *testing.T) {
	t.Parallel()
	f := setup(t)
	start(t, f.config())
	ama := f.wallet("ama")
	for range 20 {
		f.do(f.issue(ama, "1"))
	}
	f.becomes(int(f.cursor.Sequence), `SELECT coalesce(max(sequence), 0) FROM webhooks.checkpoint`)
	from := f.cursor.Sequence
	// Ingest is long past these facts when it hears of the endpoint.
	for range 300 {
		f.do(f.issue(ama, "1"))
	}
	f.becomes(int(f.cursor.Sequence), `SELECT coalesce(max(sequence), 0) FROM webhooks.checkpoint`)
	r := receive(t, nil)
	_, _, err := f.store.CreateEndpoint(t.Context(), NewEndpoint{
		Project: f.project, URL: r.URL, EventTypes: []string{transactionCompleted}, From: map[int]uint64{0: from},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 300 { // while it joins
		f.do(f.issue(ama, "1"))
	}
	for id, times := range r.take(t, 600) {
		at, ok := ids.Locate("evt_", id[:len(id)-4])
		if !ok || at.Sequence <= from || times != 1 {
			t.Errorf("%s, of commit %d, came %d times", id, at.Sequence, times)
		}
	}
	f.becomes(600, `SELECT count(*) FROM webhooks.delivery_log`)
}

func TestWithoutFromAnEndpointBeginsWhereIngestIs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, stop := start(t, f.config())
	ama := f.wallet("ama")
	f.becomes(int(f.cursor.Sequence), `SELECT coalesce(max(sequence), 0) FROM webhooks.checkpoint`)
	stop()
	r := receive(t, nil)
	if _, _, err := f.store.CreateEndpoint(t.Context(), NewEndpoint{Project: f.project, URL: r.URL}); err != nil {
		t.Fatal(err)
	}
	f.do(f.issue(ama, "1"))
	start(t, f.config())
	if got := r.take(t, 2); len(got) != 2 { // transaction.completed, wallet.balance.updated
		t.Error(got)
	}
	f.becomes(2, `SELECT count(*) FROM webhooks.message`)
}

func TestFaultyCommits(t *testing.T) {
	t.Parallel()
	for _, fault := range []fault{lost, unconfirmed} {
		t.Run(fmt.Sprint(fault), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			var wire network
			r := receive(t, nil)
			f.listen(r.URL, walletBalanceUpdated)
			ama := f.wallet("ama")
			config := f.config()
			config.Pool = f.connect(&wire)
			start(t, config)
			const messages = 5
			for i := range messages {
				wire.fail(fault)
				f.do(f.issue(ama, "1"))
				f.becomes(i+1, `SELECT count(*) FROM webhooks.message`)
				if !wire.failed() {
					t.Fatal("no commit went wrong")
				}
			}
			r.take(t, messages)
			f.becomes(messages, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered'`)
			f.becomes(0, `SELECT count(*) FROM webhooks.delivery`)
		})
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	f := setup(t)
	start(t, f.config())
	ama, kofi := f.wallet("ama"), f.wallet("kofi")
	f.do(f.issue(ama, "10"))
	f.do(f.transfer(ama, kofi, "5"))
	f.do(domain.ChangeStatus{Project: f.project, Wallet: kofi, Change: domain.Disable})
	f.becomes(int(f.cursor.Sequence), `SELECT coalesce(max(sequence), 0) FROM webhooks.checkpoint`)
	if n := f.count(`SELECT count(*) FROM webhooks.message`); n != 0 {
		t.Errorf("%d messages for nobody", n)
	}
	// ama, kofi, the issuance account and the account of fees.
	if n := f.count(`SELECT count(*) FROM webhooks.wallet`); n != 4 {
		t.Errorf("%d wallets", n)
	}
	if n := f.count(`SELECT count(*) FROM webhooks.wallet WHERE id = $1 AND status = 'disabled' AND customer_id = 'kofi'`, kofi); n != 1 {
		t.Error("the status is not known")
	}
}

func TestOtherProjectsAreNotTold(t *testing.T) {
	t.Parallel()
	f := setup(t)
	other := f.do(domain.CreateProject{Settings: domain.ProjectSettings{Name: "other", Currency: "USD"}})[0].(*domain.ProjectCreated).Project
	r := receive(t, nil)
	f.listen(r.URL)
	f.do(domain.CreateWallet{Project: other, System: true})
	f.wallet("ama")
	start(t, f.config())
	r.take(t, 1)
	f.becomes(1, `SELECT count(*) FROM webhooks.message`)
}

// Whoever was overtaken writes nothing, whatever the other wrote.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	f := setup(t)
	ours, theirs := NewDispatcher(f.config()).ingesters[0], NewDispatcher(f.config()).ingesters[0]
	for _, g := range []*ingester{ours, theirs} {
		g.wake = func(string) {}
		if err := g.load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := f.store.CreateEndpoint(t.Context(), NewEndpoint{Project: f.project, URL: "http://localhost/", From: map[int]uint64{0: 0}}); err != nil {
		t.Fatal(err)
	}
	f.wallet("ama")
	commits, err := ours.reread(t.Context(), 1, f.cursor.Sequence)
	if err != nil {
		t.Fatal(err)
	}
	// They notice the endpoint and let it join at the same place.
	if err := theirs.findJoining(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := theirs.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	// We have not noticed it: our batch would pass it over.
	if err := ours.take(t.Context(), commits, f.cursor); !errors.Is(err, errOvertaken) {
		t.Fatal(err)
	}
	if n := f.count(`SELECT count(*) FROM webhooks.wallet`); n != 0 {
		t.Error("written all the same")
	}
	if err := theirs.take(t.Context(), commits, f.cursor); err != nil {
		t.Fatal(err)
	}
	if n := f.count(`SELECT count(*) FROM webhooks.delivery`); n != 1 {
		t.Errorf("%d deliveries", n)
	}
}

func TestChangedLogIsNoticed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, stop := start(t, f.config())
	f.becomes(int(f.cursor.Sequence), `SELECT coalesce(max(sequence), 0) FROM webhooks.checkpoint`)
	stop()
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.checkpoint SET hash = sha256('x')`); err != nil {
		t.Fatal(err)
	}
	f.wallet("ama")
	d, _ := start(t, f.config())
	eventually(t, "not ready", func() bool { return d.ingesters[0].outage.current() != nil })
	if n := f.count(`SELECT count(*) FROM webhooks.wallet`); n != 0 {
		t.Error("read on")
	}
}

func TestDeletedEndpointGetsNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, nil)
	endpoint, _ := f.listen(r.URL)
	f.wallet("ama")
	start(t, f.config())
	r.take(t, 1)
	f.becomes(1, `SELECT count(*) FROM webhooks.delivery_log`)
	if ok, err := f.store.DeleteEndpoint(t.Context(), f.project, endpoint.ID); !ok || err != nil {
		t.Fatal(ok, err)
	}
	f.wallet("kofi")
	f.becomes(2, `SELECT count(*) FROM webhooks.message`) // ingest has not heard of it yet
	if n := f.count(`SELECT count(*) FROM webhooks.delivery`); n != 0 {
		t.Errorf("%d deliveries to nobody", n)
	}
}

// An endpoint that joins is told of wallets as they were, wherever it begins:
// what was frozen then is unfrozen, whatever it is by now.
func TestReadingAgainMakesTheSameEvents(t *testing.T) {
	t.Parallel()
	f := setup(t)
	ama := created(f.do(domain.CreateWallet{Project: f.project, Customer: "ama", Name: "ama", Type: domain.Postpaid}))
	first, second := "first", "second"
	for _, command := range []domain.Command{
		domain.ChangeStatus{Project: f.project, Wallet: ama, Change: domain.Freeze},
		f.issue(ama, "1"),
		domain.ChangeWallet{Project: f.project, Wallet: ama, Name: &first},
		f.issue(ama, "1"),
		domain.ChangeStatus{Project: f.project, Wallet: ama, Change: domain.Unfreeze},
		domain.ChangeWallet{Project: f.project, Wallet: ama, Name: &second},
		domain.ChangeStatus{Project: f.project, Wallet: ama, Change: domain.Disable},
		domain.ChangeStatus{Project: f.project, Wallet: ama, Change: domain.Enable},
	} {
		f.do(command)
	}
	f.do( // twice in one commit
		domain.ChangeStatus{Project: f.project, Wallet: ama, Change: domain.Freeze},
		domain.ChangeStatus{Project: f.project, Wallet: ama, Change: domain.Unfreeze},
	)
	f.do(f.issue(ama, "1"))
	want := allMessages(t, f.log, f.project)
	g := NewDispatcher(f.config()).ingesters[0]
	g.wake = func(string) {}
	if err := g.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	commits, err := g.reread(t.Context(), 1, f.cursor.Sequence)
	if err != nil {
		t.Fatal(err)
	}
	// Nobody listens while ingest passes, in two batches.
	const half = 6
	if err := g.take(t.Context(), commits[:half], events.Cursor{Sequence: half}); err != nil {
		t.Fatal(err)
	}
	if err := g.take(t.Context(), commits[half:], f.cursor); err != nil {
		t.Fatal(err)
	}
	if n := f.count(`SELECT count(*) FROM webhooks.wallet WHERE id = $1 AND name = 'second' AND status = 'active' AND type = 'POSTPAID'`, ama); n != 1 {
		t.Error("the wallet is not as it is by now")
	}
	listening := subscribers{}
	listening.add(subscriber{id: "we_1", project: f.project})
	for i := range commits {
		h, err := g.outputOf(t.Context(), listening, commits[i:])
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 && len(h.messages) != len(want) {
			t.Fatalf("%d messages, the first time %d", len(h.messages), len(want))
		}
		expected := want[len(want)-len(h.messages):]
		for j := range h.messages {
			if h.messages[j].id != expected[j].id || string(h.messages[j].body) != string(expected[j].body) {
				t.Errorf("read again from commit %d:\n%s\nthe first time:\n%s", commits[i].Sequence, h.messages[j].body, expected[j].body)
			}
		}
	}
}

package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/sync/semaphore"

	"tallystick/domain/ids"
)

// TestTurnsGoRound: a project that has many large bodies waiting is before another
// with each of them once, not with all.
func TestTurnsGoRound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns()
		turns.work = semaphore.NewWeighted(1)
		leave, err := turns.take(t.Context(), "greedy")
		if err != nil {
			t.Fatal(err)
		}
		var served []ids.Project
		ask := func(project ids.Project) {
			go func() {
				leave, err := turns.take(t.Context(), project)
				defer leave()
				if err != nil {
					t.Error(err)
				}
				served = append(served, project) // one at a time: it is the turn that keeps it
			}()
			synctest.Wait()
		}
		for range 4 {
			ask("greedy")
		}
		ask("modest")
		ask("third")
		leave()
		synctest.Wait()
		if want := []ids.Project{"modest", "third", "greedy", "greedy", "greedy", "greedy"}; !slices.Equal(served, want) {
			t.Errorf("served %v, want %v", served, want)
		}
		if len(turns.projects) != 0 {
			t.Errorf("%d shares are left", len(turns.projects))
		}
	})
}

// TestOneTurnAProject: where more than one can work at once, they are of different
// projects.
func TestOneTurnAProject(t *testing.T) {
	t.Parallel()
	turns := newTurns()
	turns.work = semaphore.NewWeighted(2)
	leave, err := turns.take(t.Context(), "greedy")
	defer leave()
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if again, err := turns.take(ended, "greedy"); !errors.Is(err, context.Canceled) {
		again()
		t.Errorf("a second turn: %v", err)
	}
	other, err := turns.take(t.Context(), "other")
	defer other()
	if err != nil {
		t.Error(err)
	}
}

// TestRoomForBodies: a project waits for its own room, and is told to come again
// when it has waited long enough; others have theirs meanwhile.
func TestRoomForBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns()
		var leaves []func()
		for range bodiesOfOne / maxBatchBody {
			leave, err := turns.admit(t.Context(), "greedy", maxBatchBody)
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, leave)
		}
		ctx, cancel := context.WithTimeout(t.Context(), bodyPatience)
		defer cancel()
		leave, err := turns.admit(ctx, "greedy", maxBatchBody)
		leave()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a body more than there is room for: %v", err)
		}
		for i := range bodiesOfAll/bodiesOfOne - 1 {
			for range bodiesOfOne / maxBatchBody {
				leave, err := turns.admit(t.Context(), ids.Project(fmt.Sprint("other", i)), maxBatchBody)
				if err != nil {
					t.Fatal(err)
				}
				leaves = append(leaves, leave)
			}
		}
		for _, leave := range leaves {
			leave()
		}
		if len(turns.projects) != 0 || !turns.room.TryAcquire(bodiesOfAll) {
			t.Error("not all room was given back")
		}
	})
}

// TestSlowSenders: whoever sends a large body slowly holds up nobody, himself
// neither.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("Slow", "GHS", "")
	id := p.wallet("ama", "")
	large := func(reference string) string {
		return fmt.Sprintf(`{"reference":%q,%s"operations":[{"type":"issue","recipient_wallet_id":%q,"amount":"1"}]}`, reference, strings.Repeat(" ", 2*largeBody), id)
	}
	for _, known := range []bool{true, false} {
		body, sender := io.Pipe()
		request, err := http.NewRequest("POST", w.url+"/v1/transactions", body)
		if err != nil {
			t.Fatal(err)
		}
		slow := large(fmt.Sprint("slow-", known))
		request.Header = http.Header{"Api-Key": {p.key}, "Secret-Key": {p.secret}, "Content-Type": {"application/json"}}
		if known {
			request.ContentLength = int64(len(slow))
		}
		answered := make(chan int, 1)
		go func() {
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Error(err)
				answered <- 0
				return
			}
			response.Body.Close()
			answered <- response.StatusCode
		}()
		half := len(slow) - 10
		if _, err := io.WriteString(sender, slow[:half]); err != nil {
			t.Fatal(err)
		}
		p.do("POST", "/v1/transactions", large(fmt.Sprint("quick-", known))).want(201)
		p.do("POST", "/v1/wallets/"+id+"/topup", fmt.Sprintf(`{"reference":"small-%v","amount":"1"}`, known)).want(201)
		if _, err := io.WriteString(sender, slow[half:]); err != nil {
			t.Fatal(err)
		}
		sender.Close()
		if status := <-answered; status != 201 {
			t.Errorf("the slow one: %d", status)
		}
	}
}

// TestSmallBodiesPass: while all turns are taken, large bodies and large answers
// wait, and what is small does not.
func TestSmallBodiesPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("Small", "GHS", "")
	id := p.wallet("ama", "")
	turns := w.server.turns
	turns.work = semaphore.NewWeighted(1)
	leave, err := turns.take(t.Context(), "another")
	if err != nil {
		t.Fatal(err)
	}
	operation := fmt.Sprintf(`{"type":"issue","recipient_wallet_id":%q,"amount":"1"}`, id)
	body := func(reference, space string, operations int) string {
		return fmt.Sprintf(`{"reference":%q,%s"operations":[%s%s]}`, reference, space, strings.Repeat(operation+",", operations-1), operation)
	}
	done := make(chan int, 2)
	post := func(body string) { done <- w.serve(p.identity, "POST", "/v1/transactions", body).Code }
	go post(body("answer", "", largeAnswer))
	go post(body("body", strings.Repeat(" ", largeBody), 1))
	waiting := func() int {
		turns.mu.Lock()
		defer turns.mu.Unlock()
		if own, ok := turns.projects[p.id]; ok {
			return own.users
		}
		return 0
	}
	for waiting() < 3 { // the body that has room, its turn, and that of the answer
		runtime.Gosched()
	}
	p.do("POST", "/v1/wallets/"+id+"/topup", `{"reference":"small","amount":"1"}`).want(201)
	p.do("GET", "/v1/wallets/"+id, "").want(200)
	if len(done) > 0 {
		t.Error("what is large did not wait")
	}
	leave()
	for range cap(done) {
		if status := <-done; status != 201 {
			t.Errorf("status %d", status)
		}
	}
}

// TestLargeAnswersTakeTurns: also to a small request, whose error has a large
// transaction.
func TestLargeAnswersTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("Answers", "GHS", "")
	id := p.wallet("ama", "")
	operation := fmt.Sprintf(`{"type":"issue","recipient_wallet_id":%q,"amount":"1"}`, id)
	many := `{"reference":"many","operations":[` + strings.Repeat(operation+",", largeAnswer) + operation + `]}`
	tx := p.do("POST", "/v1/transactions", many).want(201).get("id")
	turns := w.server.turns
	turns.work = semaphore.NewWeighted(1)
	for _, ask := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1/transactions/" + tx, "", 200},
		{"POST", "/v1/wallets/" + id + "/topup", `{"reference":"many","amount":"1"}`, 409},
	} {
		leave, err := turns.take(t.Context(), "another")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan int, 1)
		go func() { done <- w.serve(p.identity, ask.method, ask.path, ask.body).Code }()
		for waits := false; !waits; {
			turns.mu.Lock()
			_, waits = turns.projects[p.id]
			turns.mu.Unlock()
			runtime.Gosched()
			if len(done) > 0 {
				t.Fatal("it did not wait")
			}
		}
		leave()
		if status := <-done; status != ask.status {
			t.Errorf("%s %s: %d, want %d", ask.method, ask.path, status, ask.status)
		}
	}
}

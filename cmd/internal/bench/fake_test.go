package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fake answers the routes that a run uses, and keeps the books strictly: it
// refuses unknown fields, wrong credentials, references it has seen and wallets
// it has not.
type fake struct {
	// Set before it is used.
	busyEvery    int64         // every so many requests: 503
	failEvery    int           // every so many lines of a batch: refused
	noProjection bool          // of /metrics
	behind       int           // times that a read at a sequence is refused
	delay        time.Duration // of a transfer
	stall        func()        // called before a transfer

	requests atomic.Int64

	mu         sync.Mutex
	sequence   uint64
	references map[string]bool
	balances   map[string]int // in hundredths
	opened     []string
	sent, got  map[string]int // transfers by wallet
	transfers  int
	lines      int   // of batches
	asked      int   // times, as of a sequence
	wide       []int // operations of each transaction
	dry        int
	underWay   int // single transfers
	most       int // of them at once
}

var (
	fakeOperator = credential{"operator_1", "sk_operator"}
	fakeProject  = credential{"key_1", "sk_project"}
)

// start serves the fake, and returns a command line for it.
func (f *fake) start(t *testing.T) *Config {
	t.Helper()
	f.references, f.balances = map[string]bool{}, map[string]int{}
	f.sent, f.got = map[string]int{}, map[string]int{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/projects", f.as(fakeOperator, func(w http.ResponseWriter, r *http.Request) {
		f.answer(w, 201, map[string]string{"id": "proj_1"})
	}))
	mux.HandleFunc("POST /v1/projects/proj_1/credentials", f.as(fakeOperator, func(w http.ResponseWriter, r *http.Request) {
		f.answer(w, 201, fakeProject)
	}))
	mux.HandleFunc("PUT /v1/customers/{id}", f.as(fakeProject, func(w http.ResponseWriter, r *http.Request) {
		f.answer(w, 200, struct{}{})
	}))
	mux.HandleFunc("POST /v1/wallets", f.as(fakeProject, f.wallet))
	mux.HandleFunc("POST /v1/wallets/{id}/topup", f.as(fakeProject, f.topup))
	mux.HandleFunc("POST /v1/transfers", f.as(fakeProject, f.transfer))
	mux.HandleFunc("POST /v1/transactions/batch", f.as(fakeProject, f.batch))
	mux.HandleFunc("POST /v1/transactions", f.as(fakeProject, f.transact))
	mux.HandleFunc("GET /v1/wallets/{id}", f.as(fakeProject, f.version))
	mux.HandleFunc("GET /v1/wallets", f.as(fakeProject, f.list))
	mux.HandleFunc("GET /metrics", f.metrics)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return &Config{URL: server.URL, Credentials: credentialsFile(t, fakeOperator), Connections: 4, Wallets: 10, Duration: 300 * time.Millisecond}
}

func credentialsFile(t *testing.T, operator credential) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credentials.json")
	text, err := json.Marshal(map[string]credential{"operator": operator})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// as checks the credential, and is busy at times.
func (f *fake) as(who credential, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("api-key") != who.APIKey || r.Header.Get("secret-key") != who.SecretKey {
			refuse(w, 401, "UNAUTHORIZED")
			return
		}
		if n := f.requests.Add(1); f.busyEvery > 0 && n%f.busyEvery == 0 {
			w.Header().Set("Retry-After", "0")
			refuse(w, 503, "UNAVAILABLE")
			return
		}
		next(w, r)
	}
}

func (f *fake) answer(w http.ResponseWriter, status int, body any) {
	f.mu.Lock()
	f.sequence++
	sequence := f.sequence
	f.mu.Unlock()
	w.Header().Set("Tally-Sequence", fmt.Sprintf("3:%d", sequence))
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = w.Write(errorBody(code))
}

func errorBody(code string) []byte {
	return fmt.Appendf(nil, `{"error":{"name":"X","code":%q,"message":"Because.","details":{"transaction":{"status":"completed"}},"request_id":"req_1"}}`, code)
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || r.Header.Get("Content-Type") != "application/json" {
		refuse(w, 400, "BAD_REQUEST")
		return false
	}
	return true
}

func (f *fake) wallet(w http.ResponseWriter, r *http.Request) {
	var body struct {
		CustomerID string `json:"customer_id"`
		Currency   string `json:"currency"`
	}
	if !decode(w, r, &body) {
		return
	}
	f.mu.Lock()
	id := "wall_" + strings.TrimPrefix(body.CustomerID, "bench-")
	f.opened = append(f.opened, id)
	f.balances[id] += 0
	f.mu.Unlock()
	f.answer(w, 201, map[string]string{"id": id})
}

func (f *fake) topup(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Reference string `json:"reference"`
		Amount    string `json:"amount"`
	}
	if !decode(w, r, &body) {
		return
	}
	f.mu.Lock()
	known := f.references[body.Reference]
	f.references[body.Reference] = true
	f.balances[r.PathValue("id")] += 1000
	f.mu.Unlock()
	if known {
		refuse(w, 409, "DUPLICATE_REFERENCE_ID")
		return
	}
	f.answer(w, 201, map[string]string{"status": "completed"})
}

type fakeTransfer struct {
	Type      string `json:"type,omitempty"`
	Reference string `json:"reference,omitempty"`
	Sender    string `json:"sender_wallet_id"`
	Recipient string `json:"recipient_wallet_id"`
	Amount    string `json:"amount"`
}

func (f *fake) transfer(w http.ResponseWriter, r *http.Request) {
	var body fakeTransfer
	if !decode(w, r, &body) {
		return
	}
	f.mu.Lock()
	f.underWay++
	f.most = max(f.most, f.underWay)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.underWay--
	}()
	if f.stall != nil {
		f.stall()
	}
	time.Sleep(f.delay)
	if code := f.move(body.Reference, body); code != "" {
		refuse(w, 422, code)
		return
	}
	f.answer(w, 201, map[string]string{"status": "completed"})
}

// move makes a transfer, or returns why not.
func (f *fake) move(reference string, x fakeTransfer) (code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, sender := f.balances[x.Sender]
	_, recipient := f.balances[x.Recipient]
	switch {
	case len(reference) != 36 || x.Amount != "0.01":
		return "BAD_REQUEST"
	case f.references[reference]:
		return "DUPLICATE_REFERENCE_ID"
	case !sender || !recipient || x.Sender == x.Recipient:
		return "RECIPIENT_NOT_FOUND"
	}
	f.references[reference] = true
	f.balances[x.Sender]--
	f.balances[x.Recipient]++
	f.sent[x.Sender]++
	f.got[x.Recipient]++
	f.transfers++
	return ""
}

func (f *fake) batch(w http.ResponseWriter, r *http.Request) {
	var body []struct {
		Reference  string         `json:"reference"`
		Operations []fakeTransfer `json:"operations"`
	}
	if !decode(w, r, &body) {
		return
	}
	outcomes := make([]json.RawMessage, len(body))
	for i, x := range body {
		f.mu.Lock()
		f.lines++
		refused := f.failEvery > 0 && f.lines%f.failEvery == 0
		f.mu.Unlock()
		code := "INSUFFICIENT_FUNDS"
		if !refused {
			code = f.move(x.Reference, x.Operations[0])
		}
		outcomes[i] = json.RawMessage(`{"id":"tx_1","operations":[{"status":"odd"}],"status":"completed"}`)
		if code != "" {
			outcomes[i] = append([]byte(`{"reference":"r","status":"failed",`), errorBody(code)[1:]...)
		}
	}
	f.answer(w, 200, outcomes)
}

// transact makes a transaction of many transfers; a scheduled one at once.
func (f *fake) transact(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Reference    string         `json:"reference"`
		Operations   []fakeTransfer `json:"operations"`
		DryRun       bool           `json:"dry_run"`
		ScheduledFor time.Time      `json:"scheduled_for"`
	}
	if !decode(w, r, &body) {
		return
	}
	f.mu.Lock()
	f.wide = append(f.wide, len(body.Operations))
	if body.DryRun {
		f.dry++
	}
	f.mu.Unlock()
	if body.DryRun {
		f.answer(w, 200, struct{}{})
		return
	}
	if !body.ScheduledFor.IsZero() && time.Until(body.ScheduledFor) <= 0 {
		refuse(w, 400, "BAD_REQUEST")
		return
	}
	for i, x := range body.Operations {
		if code := f.move(fmt.Sprintf("%s%04d", body.Reference[4:], i), x); code != "" {
			refuse(w, 422, code)
			return
		}
	}
	f.answer(w, 201, struct{}{})
}

// version counts a wallet's entries.
func (f *fake) version(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	id := r.PathValue("id")
	version := f.sent[id] + f.got[id]
	f.mu.Unlock()
	f.answer(w, 200, map[string]int{"version": version})
}

// list is of the read model, which is 5 commits behind until it was asked often
// enough.
func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at := r.Header.Get("Tally-Min-Sequence"); at != "" {
		f.asked++
		if at != fmt.Sprintf("3:%d", f.sequence) {
			refuse(w, 400, "BAD_REQUEST")
			return
		}
		if f.asked <= f.behind {
			refuse(w, 503, "UNAVAILABLE")
			return
		}
	}
	w.Header().Set("Tally-Sequence", fmt.Sprintf("3:%d", f.sequence-5))
	_, _ = w.Write([]byte(`{"data":[],"next_cursor":null}`))
}

func (f *fake) metrics(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fmt.Fprintf(w, "# HELP tallystick_log_sequence The newest.\ntallystick_log_sequence{shard=\"0\"} 1\n")
	fmt.Fprintf(w, "tallystick_log_sequence{shard=\"3\"} %e\n", float64(f.sequence))
	fmt.Fprintf(w, "# TYPE tallystick_append_bytes_total counter\ntallystick_append_bytes_total %e\n", float64(5000+104*f.transfers))
	if !f.noProjection {
		fmt.Fprintf(w, "tallystick_projection_sequence{shard=\"3\"} %d\n", f.sequence-7)
	}
}

// total is what all wallets hold.
func (f *fake) total() (sum int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, balance := range f.balances {
		sum += balance
	}
	return sum
}

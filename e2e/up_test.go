package e2e

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tallystick/embedded/embeddedtest"

	"github.com/jackc/pgx/v5"
)

// system is a running `up`.
type system struct {
	*program
	base        string
	data        string
	credentials credentialsFile
}

func up(t testing.TB, data, address string, args ...string) *system {
	t.Helper()
	s := &system{base: "http://" + address, data: data}
	s.program = start(t, nil, "tallystick", append([]string{"up", "--data", data, "--http", address}, args...)...)
	return s
}

func (s *system) awaitReady() {
	s.t.Helper()
	s.ready(s.base)
	s.credentials = readCredentials(s.t, s.data)
}

func (s *system) operator() client { return client{s.t, s.base, s.credentials.Operator} }
func (s *system) demo() client     { return client{s.t, s.base, s.credentials.Demo.keys} }

func (s *system) postgres() *pgx.Conn {
	s.t.Helper()
	url, err := os.ReadFile(filepath.Join(s.data, "postgres.url"))
	if err != nil {
		s.t.Fatal(err)
	}
	conn, err := pgx.Connect(s.t.Context(), strings.TrimSpace(string(url)))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// customerWallet returns the wallet of one of the demo's customers.
func (s *system) customerWallet(customer string) string {
	s.t.Helper()
	return s.demo().must("POST", "/v1/wallets", map[string]any{"customer_id": customer})["id"].(string)
}

func (s *system) balance(c client, wallet string) string {
	s.t.Helper()
	return c.must("GET", "/v1/wallets/"+wallet+"/balance", nil)["balance"].(string)
}

// TestSeedTransfer runs the seed's JavaScript against a running `up`, and checks what
// the merchant and the analyst then see.
func TestSeedTransfer(t *testing.T) {
	t.Parallel()
	s := up(t, filepath.Join(embeddedtest.Dir(t), "data"), freeAddress(t), "--demo")
	s.awaitReady()
	await(t, "the demo is printed", 20*time.Second, func() bool { return strings.Contains(s.output.String(), "/v1/transfers") })
	s.credentials = readCredentials(t, s.data)
	ama, fatu := s.customerWallet("ama"), s.customerWallet("fatu")
	merchant := newReceiver(t)
	merchant.register(s.demo(), "wallet.balance.updated")

	out, err := exec.CommandContext(t.Context(), "node", "testdata/transfer.mjs",
		s.base, s.credentials.Demo.APIKey, s.credentials.Demo.SecretKey, ama).CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	t.Logf("%s", out)
	found := regexp.MustCompile(`id: '(tx_[0-9a-v]+)'`).FindSubmatch(out)
	if found == nil || !strings.Contains(string(out), "status: 'completed'") {
		t.Fatalf("the transfer did not complete:\n%s", out)
	}
	if a, f := s.balance(s.demo(), ama), s.balance(s.demo(), fatu); a != "949.50" || f != "300.00" {
		t.Errorf("the sender has %s and the recipient %s", a, f)
	}
	// Of the sender, the recipient and the fee account, in any order.
	await(t, "the webhooks", 20*time.Second, func() bool { return len(merchant.of("wallet.balance.updated")) >= 3 })
	balances := map[string]any{}
	for _, m := range merchant.of("wallet.balance.updated") {
		wallet := m.Data["wallet"].(map[string]any)
		balances[wallet["id"].(string)] = wallet["balance"]
	}
	if balances[ama] != "949.50" || balances[fatu] != "300.00" {
		t.Errorf("the webhooks say %v", balances)
	}
	checkEntries(t, s, string(found[1]))
	checkSecrets(t, s.data)
	s.stop()
}

// checkSecrets fails the test if anybody but the owner can read a file below a
// directory. Either the mode of the file prevents it, or that of a directory above it.
func checkSecrets(t *testing.T, directory string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted since the directory was read
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case entry.IsDir() && info.Mode().Perm()&0o077 == 0:
			return fs.SkipDir
		case !entry.IsDir():
			files++
		}
		if open := info.Mode().Perm() & 0o077; open&^0o011 != 0 || open != 0 && !entry.IsDir() {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		return nil
	})
	if err != nil || files < 5 {
		t.Errorf("%d files in %s (%v)", files, directory, err)
	}
}

// checkEntries checks the entries of the transfer and of the fee in Postgres.
func checkEntries(t *testing.T, s *system, transaction string) {
	t.Helper()
	var entries int
	var sum, fees string
	conn := s.postgres()
	await(t, "the entries are projected", 20*time.Second, func() bool {
		err := conn.QueryRow(t.Context(), `SELECT count(*), coalesce(sum(amount), 0)::text, coalesce(sum(amount) FILTER (WHERE fee AND amount > 0), 0)::text
			FROM ledger.entries WHERE transaction_id = $1`, transaction).Scan(&entries, &sum, &fees)
		if err != nil {
			t.Fatal(err)
		}
		return entries > 0
	})
	if entries != 4 || sum != "0.00" || fees != "0.50" {
		t.Errorf("%d entries with a sum of %s and fees of %s", entries, sum, fees)
	}
}

// TestUpAgain checks what a user sees who starts and stops `up`, and who makes
// mistakes.
func TestUpAgain(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	data := filepath.Join(embeddedtest.Dir(t), "data")
	s := up(t, data, address, "--demo")
	s.awaitReady()
	await(t, "the demo is printed", 20*time.Second, func() bool { return strings.Contains(s.output.String(), "/v1/transfers") })
	first := readCredentials(t, data)
	mistakes := map[string]struct {
		args []string
		says string
	}{
		"a taken port":         {[]string{"up", "--data", filepath.Join(embeddedtest.Dir(t), "other"), "--http", address}, "--http"},
		"a second up":          {[]string{"up", "--data", data, "--http", freeAddress(t)}, "another tallystick is running"},
		"an unwritable DIR":    {[]string{"up", "--data", filepath.Join(data, "credentials.json", "below"), "--http", freeAddress(t)}, "--data"},
		"another shard number": {[]string{"up", "--shards", "300", "--data", filepath.Join(embeddedtest.Dir(t), "many"), "--http", freeAddress(t)}, "shards"},
	}
	for name, mistake := range mistakes {
		p := start(t, nil, "tallystick", mistake.args...)
		<-p.ended
		lines := strings.Count(strings.TrimSpace(p.output.String()), "\n") + 1
		if p.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(p.output.String(), mistake.says) || lines != 1 {
			t.Errorf("%s: exit code %d\n%s", name, p.cmd.ProcessState.ExitCode(), p.output)
		}
	}
	s.stop()
	s = up(t, data, address, "--demo")
	s.awaitReady()
	await(t, "the demo is printed", 20*time.Second, func() bool { return strings.Contains(s.output.String(), "/v1/transfers") })
	if again := readCredentials(t, data); again != first {
		t.Errorf("credentials changed: %+v, %+v", first, again)
	}
	s.credentials = first
	if balance := s.balance(s.demo(), s.customerWallet("ama")); balance != "1000.00" {
		t.Errorf("after a second start the demo's customer has %s", balance)
	}
	runPasted(t, s)
	if _, err := s.postgres().Exec(t.Context(), `COMMENT ON SCHEMA ledger IS 'made by other migrations'`); err != nil {
		t.Fatal(err)
	}
	s.stop()
	p := start(t, nil, "tallystick", "up", "--data", data, "--http", address)
	<-p.ended
	if says := "move " + data + " away"; p.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(p.output.String(), says) {
		t.Errorf("with the data of another version: exit code %d\n%s", p.cmd.ProcessState.ExitCode(), p.output)
	}
}

// runPasted runs the commands that --demo prints, as if a user pasted them.
func runPasted(t *testing.T, s *system) {
	t.Helper()
	_, pasted, _ := strings.Cut(s.output.String(), "Commands to paste:")
	pasted, _, _ = strings.Cut(pasted, "Ctrl-C")
	script := exec.CommandContext(t.Context(), "bash", "-ec", strings.ReplaceAll(pasted, "curl -s", "curl -sf"))
	out, err := script.CombinedOutput()
	if err != nil {
		t.Fatalf("pasting: %v\n%s\n%s", err, pasted, out)
	}
	for _, want := range []string{`"status":"completed"`, `"balance":"949.50"`, `"next_cursor"`, `"secret":"whsec_`} {
		if !strings.Contains(strings.ReplaceAll(string(out), `": `, `":`), want) {
			t.Errorf("the pasted commands answer nothing with %s:\n%s", want, out)
		}
	}
}

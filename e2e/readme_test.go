package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tallystick/embedded/embeddedtest"
)

// TestReadmeTour runs the tour of the README, of which only the addresses are changed,
// and compares its output with what the README says.
func TestReadmeTour(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var tour strings.Builder
	for _, block := range regexp.MustCompile("(?s)```bash\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		tour.WriteString(block[1])
	}
	directory := embeddedtest.Dir(t)
	s := up(t, filepath.Join(directory, "data"), freeAddress(t), "--demo")
	s.awaitReady()
	await(t, "the demo is printed", 20*time.Second, func() bool { return strings.Contains(s.output.String(), "Commands to paste") })
	_, receiver, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("http://127.0.0.1:8080", s.base, "9000", receiver).Replace(tour.String())
	command := exec.CommandContext(t.Context(), "bash", "-c", text)
	command.Dir = directory
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`"username":"abena"`, `"balance_after":"200.00"`, `DUPLICATE_REFERENCE_ID`, `"status":"completed"`, `INSUFFICIENT_FUNDS`,
		`"balance_formatted":"GH₵155.50"`, `"kind":"redeem"`, "dinner-1", `"type":"wallet.balance.updated"`, `"original":"5.00"`, `"remaining":"5.00"`, `"status":"released"`,
		`"reversal"`, `WALLET_FROZEN`, `"status":"frozen"`, `"balance":"171.00"`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the tour prints nothing with %s", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}

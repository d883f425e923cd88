package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tallystick/embedded/embeddedtest"
)

// programs is the directory into which TestMain builds the commands.
var programs string

func TestMain(m *testing.M) {
	embeddedtest.ServeReplica() // needs none of the programs
	directory, err := os.MkdirTemp("", "tallystick-programs-")
	if err != nil {
		panic(err)
	}
	programs = directory
	args := []string{"build", "-o", directory + "/"}
	if raceDetector {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "tallystick/cmd/...")...)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		panic(fmt.Sprint("build the programs: ", err))
	}
	defer os.RemoveAll(directory)
	embeddedtest.Main(m)
}

// program is a running command.
type program struct {
	t      testing.TB
	cmd    *exec.Cmd
	output *embeddedtest.Buffer
	ended  chan struct{}
	err    error
}

// start runs a command with the most permissive umask. A file is then private only if
// the command creates it with a private mode.
func start(t testing.TB, environment []string, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, output: &embeddedtest.Buffer{}, ended: make(chan struct{})}
	p.cmd = exec.Command("sh", append([]string{"-c", `umask 0; exec "$0" "$@"`, filepath.Join(programs, name)}, args...)...)
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.signal(os.Kill)
		<-p.ended
		if t.Failed() {
			t.Logf("%s %s:\n%s", name, strings.Join(args, " "), p.output)
		}
	})
	return p
}

func (p *program) signal(s os.Signal) {
	p.cmd.Process.Signal(s) //nolint:errcheck // it may have ended
}

// kill ends the program at once, like the loss of the machine.
func (p *program) kill() {
	p.signal(os.Kill)
	<-p.ended
}

// stop asks the program to end. The program must end by itself, and must not abort
// anything to do so.
func (p *program) stop() {
	p.t.Helper()
	p.signal(syscall.SIGINT)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("it does not stop:\n%s", p.output)
	}
	if p.err != nil {
		p.t.Errorf("it ended with %v:\n%s", p.err, p.output)
	}
	for _, forced := range []string{"requests were cut off", "the command API does not end"} {
		if strings.Contains(p.output.String(), forced) {
			p.t.Errorf("it ended by force:\n%s", p.output)
		}
	}
}

// ready waits until the program responds to /readyz with 200.
func (p *program) ready(base string) {
	p.t.Helper()
	await(p.t, base+" is ready", 60*time.Second, func() bool {
		select {
		case <-p.ended:
			p.t.Fatalf("it ended: %v\n%s", p.err, p.output)
		default:
		}
		return isReady(base)
	})
}

func isReady(base string) bool {
	response, err := http.Get(base + "/readyz")
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func await(t testing.TB, what string, patience time.Duration, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("timed out: %s", what)
		}
	}
}

// freeAddress returns a loopback address on which no program listens now.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// keys are the credentials of a request.
type keys struct {
	APIKey    string `json:"api_key"`
	SecretKey string `json:"secret_key"`
}

// credentialsFile is the content of credentials.json.
type credentialsFile struct {
	Operator keys
	Demo     struct {
		ProjectID string `json:"project_id"`
		keys
	}
}

func readCredentials(t testing.TB, data string) credentialsFile {
	t.Helper()
	path := filepath.Join(data, "credentials.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("credentials.json has mode %o", info.Mode().Perm())
	}
	var c credentialsFile
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// client sends requests to one API with one set of credentials.
type client struct {
	t    testing.TB
	base string
	keys
}

// answer is a response with its complete body.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

// try sends a request. It returns an error only if the connection fails.
func (c client) try(ctx context.Context, method, path string, body any) (answer, error) {
	var reader *bytes.Reader
	switch b := body.(type) {
	case nil:
		reader = bytes.NewReader(nil)
	case string:
		reader = bytes.NewReader([]byte(b))
	default:
		text, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("api-key", c.APIKey)
	request.Header.Set("secret-key", c.SecretKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(response.Body); err != nil {
		return answer{}, err
	}
	a := answer{status: response.StatusCode, header: response.Header, raw: raw.String()}
	json.Unmarshal(raw.Bytes(), &a.body) //nolint:errcheck // not all answers are objects
	return a, nil
}

// must sends a request that must succeed.
func (c client) must(method, path string, body any) map[string]any {
	c.t.Helper()
	a, err := c.try(c.t.Context(), method, path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if a.status >= 300 {
		c.t.Fatalf("%s %s: %d %s", method, path, a.status, a.raw)
	}
	return a.body
}

// newProject creates a project with n customers, each with a funded wallet, and returns
// the wallets. Customer i has the username user<i> and the phone +2326000000<i>.
func (c client) newProject(settings map[string]any, n int, funds string) (client, []string) {
	c.t.Helper()
	project := c.must("POST", "/v1/projects", settings)
	made := c.must("POST", "/v1/projects/"+project["id"].(string)+"/credentials", map[string]any{"name": "e2e"})
	own := client{c.t, c.base, keys{made["api_key"].(string), made["secret_key"].(string)}}
	var wallets []string
	for i := range n {
		id := fmt.Sprint("customer-", i)
		own.must("PUT", "/v1/customers/"+id, map[string]any{"username": fmt.Sprint("user", i), "phone": fmt.Sprintf("+23260000%03d", i)})
		wallet := own.must("POST", "/v1/wallets", map[string]any{"customer_id": id})["id"].(string)
		own.must("POST", "/v1/wallets/"+wallet+"/topup", map[string]any{"reference": "funds-" + id, "amount": funds})
		wallets = append(wallets, wallet)
	}
	return own, wallets
}

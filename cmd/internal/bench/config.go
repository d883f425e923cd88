package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Config is the command line of `tallystick bench`, for kong.
type Config struct {
	URL         string        `name:"url" env:"TALLYSTICK_URL" default:"http://127.0.0.1:8080" placeholder:"URL" help:"The system to drive."`
	Credentials string        `name:"credentials" env:"TALLYSTICK_CREDENTIALS" default:"data/credentials.json" placeholder:"FILE" help:"File with the operator's credential, as tallystick up writes it."`
	Connections int           `name:"connections" env:"TALLYSTICK_BENCH_CONNECTIONS" default:"64" help:"Connections, each with one request under way at a time."`
	Wallets     int           `name:"wallets" env:"TALLYSTICK_BENCH_WALLETS" default:"1000" help:"Wallets between which the transfers go, at random."`
	Duration    time.Duration `name:"duration" env:"TALLYSTICK_BENCH_DURATION" default:"20s" help:"How long to drive."`
	Hot         bool          `name:"hot" env:"TALLYSTICK_BENCH_HOT" help:"Have one wallet in every transfer."`
	Batch       int           `name:"batch" env:"TALLYSTICK_BENCH_BATCH" placeholder:"N" help:"Send N transfers with each request, to /v1/transactions/batch."`
	Rate        int           `name:"rate" env:"TALLYSTICK_BENCH_RATE" placeholder:"N" help:"Send N transfers a second in all, instead of as many as are answered."`
	Neighbour   string        `name:"neighbour" env:"TALLYSTICK_BENCH_NEIGHBOUR" enum:",scheduled,operations,batch,dry-run" default:"" placeholder:"LOAD" help:"Do the same again beside a second project that has 120 transactions of 1,000 operations due at once (scheduled), or sends such transactions (operations), batches of 10,000 (batch) or dry runs (dry-run) without a pause."`
	Baseline    string        `name:"baseline" env:"TALLYSTICK_BENCH_BASELINE" enum:",postgres" default:"" placeholder:"postgres" help:"First do the same with plain PostgreSQL, and compare."`
	Postgres    string        `name:"postgres" env:"TALLYSTICK_POSTGRES" placeholder:"URL" help:"PostgreSQL of the baseline. Default: the one in postgres.url beside the credentials file."`
	JSON        bool          `name:"json" env:"TALLYSTICK_BENCH_JSON" help:"Print one JSON object and nothing else."`
}

// maxBatch is the API's own limit.
const maxBatch = 10_000

// Run makes a project with wallets, makes transfers between them, and writes the figures
// to stdout. The project remains; the baseline's schema is dropped. Errors say what to do.
func (c *Config) Run(ctx context.Context, stdout io.Writer) error {
	report, err := c.measure(ctx, stdout)
	if ctx.Err() != nil {
		return errors.New("stopped before the end; there are no figures")
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(stdout).Encode(report)
	}
	return report.print(stdout)
}

// measure runs all parts. Those that find errors in the command line come first.
func (c *Config) measure(ctx context.Context, stdout io.Writer) (*Report, error) {
	server, err := c.check()
	if err != nil {
		return nil, err
	}
	operator, err := c.operator()
	if err != nil {
		return nil, err
	}
	if c.JSON {
		stdout = io.Discard
	}
	control := server.connection(ctx)
	defer control.close()
	project, err := newProject(ctx, control, operator, "bench")
	if err != nil {
		return nil, err
	}
	report := &Report{URL: c.URL, Connections: c.Connections, Wallets: c.Wallets, Seconds: c.Duration.Seconds(), Hot: c.Hot, Batch: c.Batch, Rate: c.Rate}
	if c.Baseline != "" {
		if report.Baseline, err = c.measurePostgres(ctx, stdout); err != nil {
			return nil, fmt.Errorf("baseline: %w", err)
		}
	}
	if err := c.measureTallystick(ctx, session{operator, project, control, stdout}, report); err != nil {
		return nil, err
	}
	return report, nil
}

// check returns an error for values that make no sense.
func (c *Config) check() (*server, error) {
	for _, limit := range []struct {
		flag             string
		value, low, high int
	}{
		{"--connections", c.Connections, 1, 10_000},
		{"--wallets", c.Wallets, 2, 10_000_000},
		{"--batch", c.Batch, 0, maxBatch},
		{"--rate", c.Rate, 0, 10_000_000},
	} {
		if limit.value < limit.low || limit.value > limit.high {
			return nil, fmt.Errorf("%s is %d; give %d to %d", limit.flag, limit.value, limit.low, limit.high)
		}
	}
	if c.Duration <= 0 {
		return nil, fmt.Errorf("--duration is %s; give a time such as 20s", c.Duration)
	}
	if c.Baseline != "" && c.Baseline != "postgres" {
		return nil, fmt.Errorf("--baseline is %q; the only one is postgres", c.Baseline)
	}
	if _, known := neighbours[c.Neighbour]; c.Neighbour != "" && !known {
		return nil, fmt.Errorf("--neighbour is %q; give scheduled, operations, batch or dry-run", c.Neighbour)
	}
	return parseServer(c.URL)
}

// operator reads the operator's credential, which may make projects.
func (c *Config) operator() (credential, error) {
	text, err := os.ReadFile(c.Credentials)
	if errors.Is(err, fs.ErrNotExist) {
		return credential{}, fmt.Errorf("there is no %s; name the credentials.json in the data directory of tallystick up with --credentials", c.Credentials)
	}
	if err != nil {
		return credential{}, fmt.Errorf("--credentials: %w", err)
	}
	var file struct {
		Operator credential `json:"operator"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return credential{}, fmt.Errorf("%s is not JSON: %w; give the file that tallystick up wrote", c.Credentials, err)
	}
	if file.Operator.APIKey == "" || file.Operator.SecretKey == "" {
		return credential{}, fmt.Errorf(`%s has no {"operator":{"api_key","secret_key"}}; give the file that tallystick up wrote`, c.Credentials)
	}
	return file.Operator, nil
}

// postgresURL returns the flag, or the URL that `up` wrote beside the credentials.
func (c *Config) postgresURL() (string, error) {
	if c.Postgres != "" {
		return c.Postgres, nil
	}
	path := filepath.Join(filepath.Dir(c.Credentials), "postgres.url")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("there is no %s to read; give --postgres URL", path)
	}
	return strings.TrimSpace(string(text)), nil
}

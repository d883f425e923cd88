package service

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"tallystick/webhooks"

	"github.com/alecthomas/kong"
)

// Runner is a parsed command line.
type Runner interface {
	Run(ctx context.Context) error
}

// Main runs a command until it ends or a signal arrives, and exits.
func Main(name, description string, command Runner) {
	TuneRuntime()
	kong.Parse(command, kong.Name(name), kong.Description(description), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command.Run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Listen listens on an address. The error names the setting.
func Listen(setting, address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot listen on %s: %w; choose another address", setting, address, unwrapListen(err))
	}
	return listener, nil
}

// unwrapListen removes what the message says already.
func unwrapListen(err error) error {
	if op, ok := err.(*net.OpError); ok {
		return op.Err
	}
	return err
}

// Start listens on the address of --http and makes the connections that every service
// needs.
func (f Flags) Start(name, address string) (net.Listener, Common, error) {
	listener, err := Listen("--http (TALLYSTICK_HTTP)", address)
	if err != nil {
		return nil, Common{}, err
	}
	common, err := f.common(name)
	if err != nil {
		listener.Close()
	}
	return listener, common, err
}

func (f Flags) common(name string) (Common, error) {
	logger := f.Logger().With("service", name)
	master, err := f.Master()
	if err != nil {
		return Common{}, err
	}
	common := Common{Postgres: f.Postgres, Master: master, Logger: logger, Registry: NewRegistry()}
	pool, err := common.pool(1) // only to check the setting: it does not connect
	if err != nil {
		return Common{}, err
	}
	pool.Close()
	common.NATS, err = f.Connect("tallystick "+name, logger)
	return common, err
}

// EndpointFlags are the flags that allow webhook endpoints other than public https.
type EndpointFlags struct {
	AllowHTTP  bool     `name:"webhook-allow-http" env:"TALLYSTICK_WEBHOOK_ALLOW_HTTP" help:"Allow http:// webhook endpoints."`
	AllowCIDRs []string `name:"webhook-allow-cidr" env:"TALLYSTICK_WEBHOOK_ALLOW_CIDR" placeholder:"CIDR" help:"Allow webhook endpoints in a private network, e.g. 10.1.0.0/16; may be repeated."`
}

// Policy returns the policy of the flags. The error names the setting.
func (f EndpointFlags) Policy(policy webhooks.Policy) (webhooks.Policy, error) {
	policy.AllowHTTP = policy.AllowHTTP || f.AllowHTTP
	for _, text := range f.AllowCIDRs {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return policy, fmt.Errorf("--webhook-allow-cidr (TALLYSTICK_WEBHOOK_ALLOW_CIDR): %w", err)
		}
		policy.AllowCIDRs = append(policy.AllowCIDRs, prefix)
	}
	return policy, nil
}

// EndpointLimit is the flag for the number of webhook endpoints of a project.
type EndpointLimit struct {
	PerProject int `name:"webhook-endpoints-per-project" env:"TALLYSTICK_WEBHOOK_ENDPOINTS_PER_PROJECT" default:"50" help:"Webhook endpoints that a project may have. The ones that it has stay when this is lowered."`
}

// Endpoints returns the number. The error names the setting.
func (f EndpointLimit) Endpoints() (int, error) {
	if f.PerProject < 1 {
		return 0, fmt.Errorf("--webhook-endpoints-per-project (TALLYSTICK_WEBHOOK_ENDPOINTS_PER_PROJECT) must be at least 1, not %d", f.PerProject)
	}
	return f.PerProject, nil
}

// ConnectionFlags are the flags that bound the connections to receivers of webhooks.
type ConnectionFlags struct {
	PerEndpoint int `name:"webhook-connections-per-endpoint" env:"TALLYSTICK_WEBHOOK_CONNECTIONS_PER_ENDPOINT" default:"8" help:"Requests in flight to one webhook endpoint."`
	PerProject  int `name:"webhook-connections-per-project" env:"TALLYSTICK_WEBHOOK_CONNECTIONS_PER_PROJECT" default:"64" help:"Requests in flight to the webhook endpoints of one project; more than it may have endpoints, so that ones that hang do not stop the others."`
	InAll       int `name:"webhook-connections" env:"TALLYSTICK_WEBHOOK_CONNECTIONS" default:"512" help:"Requests in flight to all webhook endpoints. A quarter as many connections more are kept open for the next request."`
}

// Connections returns the bounds. The error names the setting.
func (f ConnectionFlags) Connections() (webhooks.Connections, error) {
	for name, value := range map[string]int{"-per-endpoint": f.PerEndpoint, "-per-project": f.PerProject, "": f.InAll} {
		if value < 1 {
			return webhooks.Connections{}, fmt.Errorf("--webhook-connections%s must be at least 1, not %d", name, value)
		}
	}
	return webhooks.Connections{PerEndpoint: f.PerEndpoint, PerProject: f.PerProject, InAll: f.InAll}, nil
}

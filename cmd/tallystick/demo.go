package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tallystick/api"
	"tallystick/cmd/internal/service"
	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// The demo: a project in GHS with a transfer fee of 1 %, and three customers.
const demoProject = "Demo"

type demoCustomer struct{ id, username, phone, funds string }

var demoCustomers = []demoCustomer{
	{"ama", "ama", "+233201234567", "1000.00"},
	{"kofi", "kofi", "+233207654321", "500.00"},
	{"fatu", "fatu", "+23279123456", "250.00"},
}

// makeDemo makes what the demo lacks and returns the first customer's wallet. It can be
// interrupted and repeated: each step checks first, or has a reference.
func makeDemo(ctx context.Context, commandAPI *service.CommandAPI, sys system) (ids.Wallet, error) {
	do := func(command domain.Command) ([]domain.Event, error) {
		receipt, err := commandAPI.Ledger().Do(ctx, 0, domain.Operator, command)
		var rejection *domain.Rejection
		if errors.As(err, &rejection) && rejection.Code == domain.DuplicateReference {
			return nil, nil
		}
		return receipt.Events, err
	}
	project, err := demoProjectID(ctx, commandAPI, do)
	if err != nil {
		return "", err
	}
	if err := demoCredential(project, sys, do); err != nil {
		return "", err
	}
	if err := sys.dir.saveCurl(sys.creds); err != nil {
		return "", err
	}
	for _, customer := range demoCustomers {
		id := ids.Customer(customer.id)
		if err := commandAPI.Keys().Ensure(ctx, project, id); err != nil {
			return "", err
		}
		change := domain.ProfileChange{Username: &customer.username, Phone: &customer.phone}
		if _, err := do(domain.UpsertCustomer{Project: project, Customer: id, Change: change}); err != nil {
			return "", err
		}
		if _, err := do(domain.CreateWallet{Project: project, Customer: id}); err != nil {
			return "", err
		}
		funds, _ := money.MajorUnits(customer.funds)
		wallet := demoWallet(commandAPI, project, customer.id)
		if _, err := do(&domain.Transact{
			Project: project, Reference: ids.Reference("demo-funds-" + customer.id), Description: "Demo funds",
			Operations: []domain.Operation{{Type: domain.Issue, Recipient: wallet, Quantity: funds}},
		}); err != nil {
			return "", err
		}
	}
	return demoWallet(commandAPI, project, demoCustomers[0].id), nil
}

func demoProjectID(ctx context.Context, commandAPI *service.CommandAPI, do func(domain.Command) ([]domain.Event, error)) (ids.Project, error) {
	var found ids.Project
	_, err := commandAPI.Ledger().View(ctx, 0, func(s *domain.State) {
		for _, project := range s.Projects() {
			if project.Settings.Name == demoProject {
				found = project.ID
			}
		}
	})
	if found != "" || err != nil {
		return found, err
	}
	fee, _ := money.ParsePercentage("1")
	made, err := do(domain.CreateProject{Settings: domain.ProjectSettings{
		Name: demoProject, Currency: "GHS", Locale: "en-GH", Fees: []domain.FeeRule{{Operation: domain.Transfer, Percentage: fee}},
	}})
	if err != nil {
		return "", err
	}
	return made[0].(*domain.ProjectCreated).Project, nil
}

// demoCredential makes a credential when credentials.json has none for the project. A
// crash before the file is written leaves a credential whose secret nobody knows.
func demoCredential(project ids.Project, sys system, do func(domain.Command) ([]domain.Event, error)) error {
	if sys.creds.Demo != nil && sys.creds.Demo.ProjectID == string(project) {
		return nil
	}
	secret, hash := api.NewSecret()
	made, err := do(domain.CreateCredential{Project: project, Name: "demo", SecretHash: hash})
	if err != nil {
		return err
	}
	key := made[0].(*domain.CredentialCreated).Key
	sys.creds.Demo = &demoSecrets{ProjectID: string(project), secrets: secrets{APIKey: string(key), SecretKey: secret}}
	return sys.dir.save(sys.creds)
}

// saveCurl writes the demo's credential as a configuration of curl, so that
// `curl -K data/demo.curl` needs no secret on its command line.
func (d *dataDir) saveCurl(c *credentials) error {
	return d.write("demo.curl", fmt.Appendf(nil, "header = \"api-key: %s\"\nheader = \"secret-key: %s\"\nheader = \"Content-Type: application/json\"\n",
		c.Demo.APIKey, c.Demo.SecretKey))
}

func demoWallet(commandAPI *service.CommandAPI, project ids.Project, customer string) ids.Wallet {
	var id ids.Wallet
	commandAPI.Ledger().Peek(0, func(s *domain.State) {
		if wallet, ok := s.CustomerWallet(project, ids.Customer(customer), "GHS"); ok {
			id = wallet.ID
		}
	})
	return id
}

// greet prints where everything is and, with --demo, a command to try.
func greet(w io.Writer, sys system, c *upCommand, wallet ids.Wallet) {
	base := "http://" + sys.listener.Addr().String()
	fmt.Fprintf(w, "Tallystick is up at %s after %s.\n", base, time.Since(sys.started).Round(10*time.Millisecond))
	fmt.Fprintf(w, "  data         %s\n", sys.dir.path)
	fmt.Fprintf(w, "  credentials  %s\n", sys.dir.file("credentials.json"))
	if c.Postgres == "" {
		fmt.Fprintf(w, "  PostgreSQL   psql \"$(cat %s)\"\n", sys.dir.file("postgres.url"))
	}
	fmt.Fprintf(w, "  reference    %s/docs\n", base)
	if c.Demo {
		fmt.Fprintf(w, demoLines, base, sys.creds.Demo.APIKey, sys.creds.Demo.SecretKey, sys.creds.Demo.ProjectID, wallet)
	}
	fmt.Fprintln(w, "\nCtrl-C stops it.")
}

const demoLines = `
The demo project %[4]s has three customers, ama, kofi and fatu, and a transfer fee of 1 %%.
Commands to paste:

# A transfer of GHS 50.00 to a phone number, with the fee on top:
curl -s %[1]s/v1/transfers -H 'api-key: %[2]s' -H 'secret-key: %[3]s' -H 'Content-Type: application/json' \
  -d "{\"reference\":\"paste-$(date +%%s%%N)\",\"sender_wallet_id\":\"%[5]s\",\"recipient_identifier\":\"+23279123456\",\"amount\":\"50.00\"}"

# A balance:
curl -s %[1]s/v1/wallets/%[5]s/balance -H 'api-key: %[2]s' -H 'secret-key: %[3]s'

# A history:
curl -s %[1]s/v1/wallets/%[5]s/entries -H 'api-key: %[2]s' -H 'secret-key: %[3]s'

# A webhook (listen first, for example with: nc -lk 9000):
curl -s %[1]s/v1/webhook-endpoints -H 'api-key: %[2]s' -H 'secret-key: %[3]s' -H 'Content-Type: application/json' \
  -d '{"url":"http://127.0.0.1:9000/hook","event_types":["wallet.*"]}'
`

# Tallystick. `make help` lists what there is.

.DEFAULT_GOAL := help
.PHONY: help build up test lint bench soak generate clean

BIN ?= bin

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the commands into bin/, without C, so that they run on any system of the same kind
	CGO_ENABLED=0 go build -o $(BIN)/ ./cmd/...

up: build ## start the whole system with a demo project (data in ./data); ARGS="--http :8090" passes settings
	@scripts/install-missing postgres
	$(BIN)/tallystick up --demo $(ARGS)

test: programs lint ## what CI runs: gofmt, vet, staticcheck, and all tests under the race detector
	go test -race -timeout 15m ./...

.PHONY: programs
programs: # what the tests use beside Go; NO_INSTALL=1 only says how to install it
	@scripts/install-missing postgres psql cc node curl

lint: ## go vet, staticcheck, and generated files that are not up to date
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted by gofmt:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go tool staticcheck ./...

bench: ## Go benchmarks: replay, memory, the write path, projector, webhooks (the system's own: bin/tallystick bench)
	go test -run '^$$' -bench . -benchtime 2s ./domain/... ./events/... ./ledger/... ./projections/... ./webhooks/... ./api/...

soak: ## run the property tests, the fuzzers and the kill tests many times, and mutation tests of ledger
	go test -race -count 20 -timeout 60m -run 'Histories|Extremes|Money|Quantity|Rescale|Rate|Share|FeeRule|TestLots' ./domain/...
	go test -race -timeout 20m -run ManyLots ./domain -lots 100000
	go test -timeout 60m -run Duel ./domain/naive -commands 1000000
	go test -fuzz FuzzParseAmount -fuzztime 2m ./domain/money/
	go test -fuzz FuzzParseRate -fuzztime 1m ./domain/money/
	go test -fuzz FuzzParsePercentage -fuzztime 1m ./domain/money/
	go test -fuzz FuzzFee -fuzztime 1m ./domain/
	go test -fuzz FuzzNumbers -fuzztime 4m ./domain/
	go test -fuzz FuzzDecode -fuzztime 2m ./events/
	go test -fuzz FuzzDecode -fuzztime 2m ./api/
	go test -count 200 -timeout 60m -run HostileRequests ./api/
	go test -race -count 5 -timeout 60m -run 'Kill$$|Outages' ./e2e/
	go test -timeout 20m -run ReplicasKilled ./e2e/ -replica-load 3m
	GOFLAGS='-count=1 -vet=off' go run github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0 unleash ./ledger

generate: ## make generated files anew
	go generate ./...

clean: ## remove what was built (not ./data)
	rm -rf $(BIN)

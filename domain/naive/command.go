package naive

import "time"

// Command asks for one thing, in plain words. What it makes is called by its
// tag: wallet "w7", transaction "t7", hold "h7", escrow "e7", monitor "m7" and
// project "p7" of the command with tag "7".
type Command struct {
	Tag string
	At  time.Time
	Do  any // one of the types below
}

// Amount is a plain decimal, in major units or in minor ones. No text: not given.
type Amount struct {
	Text  string
	Minor bool
}

// Settings of a project.
type Settings struct {
	Currency   string
	Zone       *time.Location
	OneWallet  bool
	OwnFree    bool
	Fees       []Fee
	Limits     []CurrencyLimits
	Notice     time.Duration
	Backdating time.Duration
}

// Fee of an operation; decimals, "" where a part is not set.
type Fee struct{ Operation, Currency, Percentage, Fixed, Minimum, Maximum string }

// Limits; "" where a part is not set. Counts are whole numbers.
type Limits struct {
	Balance, Amount, Day, Month string
	DayCount, MonthCount        string
}

// CurrencyLimits are those of each wallet in a currency.
type CurrencyLimits struct {
	Currency string
	Limits
}

// Settlement says when the periods of a wallet end.
type Settlement struct {
	Period string // weekly, monthly, or none
	Day    int
}

// Terms of a wallet to set; what is nil or empty stays as it is.
type Terms struct {
	CreditLimit Amount
	Fees        []Fee
	Limits      *Limits
	Settlement  *Settlement
}

// What can be asked for.
type (
	// CreateProject makes a project.
	CreateProject struct{ Settings Settings }
	// ChangeProject replaces its settings.
	ChangeProject struct {
		Project  string
		Settings Settings
	}
	// DefineAsset makes an asset of the project's own.
	DefineAsset struct {
		Project, Code string
		Scale         int
	}
	// UpsertCustomer makes or changes a customer.
	UpsertCustomer struct {
		Project, Customer      string
		Username, Phone, Email *string
	}
	// CreateWallet makes a wallet.
	CreateWallet struct {
		Project, Customer string
		System, Liquidity bool
		Currency, Type    string
		Terms             Terms
	}
	// ChangeWallet changes its terms.
	ChangeWallet struct {
		Project, Wallet string
		Terms           Terms
	}
	// ChangeStatus freezes, unfreezes, disables or enables.
	ChangeStatus struct{ Project, Wallet, Change string }
	// CloseWallet closes.
	CloseWallet struct {
		Project, Wallet, RefundTo string
		Redeem                    bool
		Reference                 string
	}
	// Operation is one step of a transaction.
	Operation struct {
		Type, From, To, Recipient string
		Amount                    Amount
		Rate                      string
		Expires                   time.Time
		Grant                     bool
	}
	// Precondition is a version that a wallet must have.
	Precondition struct {
		Wallet  string
		Version int
	}
	// Transact moves money.
	Transact struct {
		Project, Reference        string
		Operations                []Operation
		Preconditions             []Precondition
		EffectiveAt, ScheduledFor time.Time
	}
	// Part of an operation that is taken back.
	Part struct {
		Operation int
		Amount    Amount
	}
	// Reverse takes a transaction back.
	Reverse struct {
		Project, Transaction, Reference string
		Parts                           []Part
		ReturnFees                      bool
	}
	// CancelScheduled ends a transaction before its time.
	CancelScheduled struct{ Project, Transaction string }
	// PlaceHold reserves money.
	PlaceHold struct {
		Project, Wallet, Reference string
		Amount                     Amount
		ExpiresAt                  time.Time
	}
	// CaptureHold spends what is reserved.
	CaptureHold struct {
		Project, Hold, To, Reference string
		Amount                       Amount
		ReleaseRest                  bool
	}
	// ReleaseHold frees it.
	ReleaseHold struct {
		Project, Hold string
		Amount        Amount
	}
	// CreateEscrow sets money aside for somebody.
	CreateEscrow struct {
		Project, From, To, Recipient, Reference string
		Amount                                  Amount
		Deadline                                time.Time
		AtDeadline                              string
		Approval                                bool
	}
	// ApproveEscrow is the consent of a side.
	ApproveEscrow struct{ Project, Escrow, Party string }
	// EndEscrow releases or refunds.
	EndEscrow struct {
		Project, Escrow, How, Reference string
		Amount                          Amount
	}
	// Settle pays what a postpaid wallet owes.
	Settle struct {
		Project, Wallet, From, Reference string
		Amount                           Amount
	}
	// SetMonitor watches a number of a wallet.
	SetMonitor struct {
		Project, Wallet, Metric string
		Threshold               Amount
	}
	// RemoveMonitor ends that.
	RemoveMonitor struct{ Project, Wallet, Monitor string }
	// Deadline is what time asks for: expire or announce a Lot of a wallet, end a
	// hold or an escrow, call for a settlement, perform what was scheduled.
	Deadline struct {
		Kind, Of string
		Lot      int
	}
)

// Answer is what came of a command.
type Answer struct {
	Code      string // "": it was done
	Operation int    // that broke the rule; -1: none
	Recorded  bool   // the transaction is kept as failed
	Nothing   bool   // what was asked for was already so
	Crossed   []string
}

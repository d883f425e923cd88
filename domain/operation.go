package domain

import (
	"slices"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// MaxOperations is how many operations a transaction has at most.
const MaxOperations = 1000

// OperationType is what an operation does (walletapi.cloud, "There are three
// types of operations", and one more).
type OperationType string

const (
	Transfer OperationType = "transfer" // moves value between two wallets of a project
	Issue    OperationType = "issue"    // creates value in a wallet
	Redeem   OperationType = "redeem"   // ends value of a wallet
	Exchange OperationType = "exchange" // turns one asset into another, through the project's liquidity wallets

	// Not operations that can be asked for, but what fees can be charged for.
	Capture    OperationType = "capture"
	FundEscrow OperationType = "escrow"
)

// Operation is one step of a transaction, as asked for.
type Operation struct {
	Type                OperationType
	Sender              ids.Wallet     // of transfer, redeem and exchange
	Recipient           ids.Wallet     // of issue and exchange, and of a transfer that names no identifier
	RecipientIdentifier string         // of a transfer: a username, else a phone, else an e-mail
	Quantity            money.Quantity // more than zero
	Rate                money.Rate     // of exchange: how much of the recipient's asset for one of the sender's
	ExpiresAt           time.Time      // of issue: the credit ends then; zero: never
	Grant               bool           // of issue: credit that nobody paid for
}

// PostedOperation is an operation whose wallets are found and whose amounts fit
// their assets. In a failed transaction Recipient can be empty (nobody was
// found), and the fees of operations that were not reached are zero.
type PostedOperation struct {
	Type        OperationType
	Sender      ids.Wallet // of transfer, redeem and exchange
	Recipient   ids.Wallet // of transfer, issue and exchange
	Amount      money.Amount
	Fee         money.Amount // charged on top to the sender, of issue to the recipient; zero for none
	FeeReturned money.Amount // of a reversal: given back to the recipient, of a redeem to the sender; zero for none
	Received    money.Amount // of exchange: what the recipient gets, in its asset
	Rate        money.Rate   // of exchange; none in a reversal
	ExpiresAt   time.Time    // of issue: the credit is a lot that ends then
	Grant       bool         // of issue: credit that nobody paid for
}

func checkOperation(o *Operation) *Rejection {
	switch {
	case !slices.Contains([]OperationType{Transfer, Issue, Redeem, Exchange}, o.Type):
		return reject(BadRequest, "operation type %q must be %s, %s, %s or %s", o.Type, Transfer, Issue, Redeem, Exchange)
	case o.Type == Issue && (o.Sender != "" || o.Recipient == "" || o.RecipientIdentifier != ""):
		return reject(BadRequest, "an issue has recipient_wallet_id, and neither sender_wallet_id nor recipient_identifier")
	case o.Type == Redeem && (o.Sender == "" || o.Recipient != "" || o.RecipientIdentifier != ""):
		return reject(BadRequest, "a redeem has sender_wallet_id, and neither recipient_wallet_id nor recipient_identifier")
	case o.Type == Transfer && o.Sender == "":
		return reject(BadRequest, "sender_wallet_id is required: the wallet that pays")
	case o.Type == Transfer && (o.Recipient == "") == (o.RecipientIdentifier == ""):
		return reject(BadRequest, "a transfer has recipient_wallet_id or recipient_identifier, one of them")
	case o.Type == Exchange && (o.Sender == "" || o.Recipient == "" || o.RecipientIdentifier != "" || o.Rate.IsZero()):
		return reject(BadRequest, "an exchange has sender_wallet_id, recipient_wallet_id and a rate of more than zero, and no recipient_identifier")
	case o.Type != Exchange && !o.Rate.IsZero():
		return reject(BadRequest, "only an exchange has a rate")
	case o.Type != Issue && (o.Grant || !o.ExpiresAt.IsZero()):
		return reject(BadRequest, "only an issue operation grants credit that expires")
	case !o.Quantity.Positive():
		return reject(BadRequest, "amount must be more than zero")
	}
	return checkText("recipient_identifier", o.RecipientIdentifier, MaxIDLength)
}

// checkWallets checks that the wallets that an operation names exist. An
// identifier is looked up later: that nobody has it is a recorded failure.
func (s *State) checkWallets(project *Project, o *Operation) *Rejection {
	for _, id := range [...]ids.Wallet{o.Sender, o.Recipient} {
		if id == "" {
			continue
		}
		if _, rejection := s.walletOf(project, id); rejection != nil {
			return rejection
		}
	}
	return nil
}

// settle fits an operation's amounts to the assets of its wallets, which exist.
func settle(s *State, o *Operation, now time.Time) (PostedOperation, *Rejection) {
	posted := PostedOperation{Type: o.Type, Sender: o.Sender, Recipient: o.Recipient, Rate: o.Rate, ExpiresAt: moment(o.ExpiresAt), Grant: o.Grant}
	var payer, last *Wallet // of an issue, who receives
	for _, id := range [...]ids.Wallet{o.Recipient, o.Sender} {
		wallet, ok := s.Wallet(id)
		if !ok {
			continue // not named
		}
		if rejection := wallet.bookkept(); rejection != nil {
			return posted, rejection
		}
		payer, last = wallet, payer
	}
	amount, rejection := fit(o.Quantity, payer.Asset)
	if rejection != nil {
		return posted, rejection
	}
	posted.Amount, posted.Fee = amount, payer.Asset.Zero()
	if rejection := checkFuture("expires_at", o.ExpiresAt, now); rejection != nil {
		return posted, rejection
	}
	if !o.ExpiresAt.IsZero() && payer.Role != CustomerWallet && payer.Role != SystemWallet {
		return posted, reject(BadRequest, "wallet %s is an account of the project's bookkeeping: credit in it does not expire", payer.ID)
	}
	if o.Type == Exchange {
		received, ok := o.Rate.Of(amount, last.Asset)
		if !ok || received.IsZero() {
			return posted, reject(BadRequest, "%s %s at a rate of %s is %s %s, which cannot be paid out",
				amount, amount.Asset(), o.Rate, received, last.Asset.Code)
		}
		posted.Received = received
	}
	return posted, nil
}

// find sets the recipient of a transfer to an identifier: the customer's wallet
// in the sender's asset.
func (p *posting) find(o *Operation, posted *PostedOperation) *Rejection {
	if o.RecipientIdentifier == "" {
		return nil
	}
	to, rejection := p.state.recipient(p.project, o.RecipientIdentifier, o.Sender)
	posted.Recipient = to
	return rejection
}

func (s *State) recipient(project *Project, identifier string, sender ids.Wallet) (ids.Wallet, *Rejection) {
	customer, ok := s.CustomerByIdentifier(project.ID, identifier)
	if !ok {
		return "", reject(RecipientNotFound, "No customer has this username, phone or e-mail")
	}
	from, _ := s.Wallet(sender)
	wallet, ok := s.walletIn(customer, from.Asset.Code)
	if !ok {
		return "", reject(RecipientNotFound, "The recipient has no wallet in %s", from.Asset.Code).with("customer_id", string(customer.ID))
	}
	return wallet, nil
}

// post performs one operation, or returns the recorded rule that it breaks.
func (p *posting) post(index int, o *PostedOperation) *Rejection {
	if o.Sender == o.Recipient {
		return reject(SameWallet, "sender and recipient are the same wallet").with("wallet_id", string(o.Sender)).at(index)
	}
	var rejection *Rejection
	if o.Type == Exchange {
		rejection = p.exchange(index, o)
	} else {
		rejection = p.move(p.movement(index, o))
	}
	if rejection != nil {
		rejection.at(index)
	}
	return rejection
}

// movement returns the movement of an operation, and sets the operation's fee.
func (p *posting) movement(index int, o *PostedOperation) *movement {
	m := movement{operation: index, amount: o.Amount}
	switch o.Type {
	case Issue:
		m.to = p.account(o.Recipient)
		m.from, m.payer = p.system(IssuanceWallet, m.to.wallet.Asset), m.to
		m.entries, m.expires = issueEntries, o.ExpiresAt
	case Redeem:
		m.from = p.account(o.Sender)
		m.to, m.payer = p.system(IssuanceWallet, m.from.wallet.Asset), m.from
		m.entries = redeemEntries
	case Transfer:
		m.from, m.to = p.account(o.Sender), p.account(o.Recipient)
		m.payer, m.entries = m.from, transferEntries
	default:
		panic("domain: operation of unknown type " + string(o.Type))
	}
	m.fee = p.fee(o.Type, m.payer.wallet, m.to.wallet, o.Amount)
	o.Fee = m.fee
	return &m
}

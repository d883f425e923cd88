package domain

import (
	"slices"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

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

// checkWallets finds the wallets that an operation names. A recipient's
// identifier is left for later: nobody having it is a recorded failure, a wallet
// that does not exist is not.
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

// fit is a quantity as money of an asset.
func fit(q money.Quantity, asset money.Asset) (money.Amount, *Rejection) {
	amount, ok := q.In(asset)
	if !ok {
		return amount, reject(BadRequest, "amount has more digits than %s allows: %d after the point, %d in all",
			asset.Code, asset.Scale, money.MaxDigits).with("currency", string(asset.Code))
	}
	return amount, nil
}

// settle fits an operation's numbers to the assets of its wallets, which exist.
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

// bookkept refuses accounts that only the ledger itself moves money of.
func (w *Wallet) bookkept() *Rejection {
	switch w.Role {
	case IssuanceWallet:
		return reject(BadRequest, "wallet %s is an issuance account: use issue or redeem", w.ID)
	case EscrowWallet:
		return reject(BadRequest, "wallet %s is an escrow account: release or refund the escrow", w.ID)
	}
	return nil
}

// checkNamed tells whether a wallet can be named by a command that moves money.
func (s *State) checkNamed(project *Project, id ids.Wallet) *Rejection {
	wallet, rejection := s.walletOf(project, id)
	if rejection != nil {
		return rejection
	}
	return wallet.bookkept()
}

// find finds the wallet that a transfer to an identifier reaches: the customer's
// wallet in the sender's asset.
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

// post performs one operation, or says which recorded rule it breaks.
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

// movement is an operation's way, with its fee.
func (p *posting) movement(index int, o *PostedOperation) *movement {
	m := movement{operation: index, amount: o.Amount, limits: p.origin.Kind.limits()}
	switch o.Type {
	case Issue:
		m.to = p.account(o.Recipient)
		m.from, m.payer = p.system(IssuanceWallet, m.to.wallet.Asset), m.to
		m.debit, m.credit, m.expires = IssueEntry, IssueEntry, o.ExpiresAt
	case Redeem:
		m.from = p.account(o.Sender)
		m.to, m.payer = p.system(IssuanceWallet, m.from.wallet.Asset), m.from
		m.debit, m.credit = RedeemEntry, RedeemEntry
	case Transfer:
		m.from, m.to = p.account(o.Sender), p.account(o.Recipient)
		m.payer, m.debit, m.credit = m.from, DebitEntry, CreditEntry
	default:
		panic("domain: operation of unknown type " + string(o.Type))
	}
	m.fee = m.payer.wallet.Asset.Zero()
	if kind, charged := p.charged(o.Type); charged {
		m.fee = p.fee(kind, m.payer.wallet, m.to.wallet, o.Amount)
	}
	o.Fee = m.fee
	return &m
}

// charged is what fee an operation of this transaction is charged, false for none.
func (p *posting) charged(operation OperationType) (OperationType, bool) {
	switch p.origin.Kind {
	case "", ScheduleOrigin:
		return operation, true
	case CaptureOrigin:
		return Capture, true
	case EscrowOrigin:
		return FundEscrow, true
	}
	return "", false // closing, refunds and the like: the money was paid for
}

// binding says which limits bind a movement.
type binding struct {
	out     bool // those of the wallet that pays
	further bool // of those the counts alone: it is not the last capture of its hold
	counted bool // it counts against their sums and counts
	in      bool // the maximum balance of the wallet that gets
}

// limits are what binds the movements of a transaction; the package comment has
// the table.
func (k OriginKind) limits() binding {
	switch k {
	case "", ScheduleOrigin, EscrowOrigin, SettlementOrigin:
		return binding{out: true, counted: true, in: true}
	case CaptureOrigin:
		return binding{counted: true, in: true}
	case ReleaseOrigin, ClosingOrigin:
		return binding{in: true}
	}
	return binding{} // it comes back to who paid, or is time's own doing
}

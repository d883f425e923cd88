package domain

import "crypto/sha256"

// MaxOperations is how many operations a transaction has at most.
const MaxOperations = 1000

// OperationType is what an operation does (walletapi.cloud, "There are three
// types of operations").
type OperationType string

const (
	Transfer OperationType = "transfer" // moves value between two wallets of a project
	Issue    OperationType = "issue"    // creates value in a wallet
	Redeem   OperationType = "redeem"   // ends value of a wallet
)

// Operation is one step of a transaction, as asked for.
type Operation struct {
	Type      OperationType
	From      WalletID // of transfer and redeem
	To        WalletID // of issue, and of a transfer that names no Recipient
	Recipient string   // of a transfer: a username, else a phone, else an e-mail
	Quantity  Quantity // more than zero
}

// Transact performs 1 to MaxOperations operations in order, all or nothing,
// once for its reference.
type Transact struct {
	Project     ProjectID
	Reference   Reference
	Operations  []Operation
	Description string
	Metadata    Metadata
}

// ReferenceKey stands for a reference in memory: the first 128 bits of the
// SHA-256 of project and reference. Two references of one key are not to be
// found by any known means.
type ReferenceKey [16]byte

// Key of a reference in a project.
func (r Reference) Key(project ProjectID) ReferenceKey {
	var buf [MaxReferenceLength + 64]byte
	text := append(append(append(buf[:0], project...), 0), r...)
	sum := sha256.Sum256(text)
	return ReferenceKey(sum[:16])
}

func decideTransact(s *State, c *Transact, at Place) ([]Event, *Rejection) {
	if rejection := checkTransact(c); rejection != nil {
		return nil, rejection
	}
	project, ok := s.Project(c.Project)
	if !ok {
		return nil, reject(NotFound, "Project not found")
	}
	if existing, used := s.Reference(c.Project, c.Reference); used {
		return nil, reject(DuplicateReference, "a transaction with this reference exists").with("transaction_id", string(existing))
	}
	for i := range c.Operations {
		if rejection := checkWallets(s, project, &c.Operations[i]); rejection != nil {
			return nil, rejection.at(i)
		}
	}
	posted := make([]PostedOperation, len(c.Operations))
	for i := range c.Operations {
		var rejection *Rejection
		if posted[i], rejection = settle(s, &c.Operations[i]); rejection != nil {
			return nil, rejection.at(i)
		}
	}
	p := posting{state: s, project: project, at: at, accounts: make(map[WalletID]*account, 4)}
	for i := range posted {
		if rejection := p.post(i, &c.Operations[i], &posted[i]); rejection != nil {
			// Wallets that the transaction would have made are not made.
			return []Event{&TransactionFailed{
				Project: c.Project, Transaction: TransactionID(at.ID(transactionPrefix)), Reference: c.Reference,
				Operations: posted, Failure: *rejection.at(i), Description: c.Description, Metadata: c.Metadata,
			}}, nil
		}
	}
	return append(p.created, &TransactionCompleted{
		Project: c.Project, Transaction: TransactionID(at.offset(len(p.created)).ID(transactionPrefix)), Reference: c.Reference,
		Operations: posted, Entries: p.entries, Description: c.Description, Metadata: c.Metadata,
	}), nil
}

func checkTransact(c *Transact) *Rejection {
	rejection := first(
		checkRequired("reference", string(c.Reference), MaxReferenceLength),
		checkText("description", c.Description, MaxDescriptionLength),
		checkMetadata(c.Metadata),
	)
	if rejection != nil {
		return rejection
	}
	if len(c.Operations) < 1 || len(c.Operations) > MaxOperations {
		return reject(BadRequest, "a transaction has 1 to %d operations, not %d", MaxOperations, len(c.Operations))
	}
	for i := range c.Operations {
		if rejection := checkOperation(&c.Operations[i]); rejection != nil {
			return rejection.at(i)
		}
	}
	return nil
}

func checkOperation(o *Operation) *Rejection {
	switch {
	case o.Type != Transfer && o.Type != Issue && o.Type != Redeem:
		return reject(BadRequest, "operation type %q must be %s, %s or %s", o.Type, Transfer, Issue, Redeem)
	case o.Type == Issue && (o.From != "" || o.To == "" || o.Recipient != ""):
		return reject(BadRequest, "an issue operation names the wallet it goes to, and no other")
	case o.Type == Redeem && (o.From == "" || o.To != "" || o.Recipient != ""):
		return reject(BadRequest, "a redeem operation names the wallet it comes from, and no other")
	case o.Type == Transfer && o.From == "":
		return reject(BadRequest, "a transfer names the sender's wallet")
	case o.Type == Transfer && (o.To == "") == (o.Recipient == ""):
		return reject(BadRequest, "a transfer names the recipient's wallet, or the recipient's identifier, not both")
	case !o.Quantity.Positive():
		return reject(BadRequest, "amount must be more than zero")
	}
	return checkText("recipient_identifier", o.Recipient, MaxIDLength)
}

// checkWallets finds the wallets that an operation names. The recipient's
// identifier is left to post: nobody having it is a recorded failure, a wallet
// that does not exist is not.
func checkWallets(s *State, project *Project, o *Operation) *Rejection {
	for _, id := range [...]WalletID{o.From, o.To} {
		if id == "" {
			continue
		}
		if wallet, ok := s.Wallet(id); !ok || wallet.Project != project.ID {
			return reject(NotFound, "Wallet %s not found", id).with("wallet_id", string(id))
		}
	}
	return nil
}

// settle fits an operation's quantity to the asset of the wallet that pays, or,
// of an issue, receives.
func settle(s *State, o *Operation) (PostedOperation, *Rejection) {
	posted := PostedOperation{Type: o.Type, From: o.From, To: o.To}
	var payer *Wallet
	for _, id := range [...]WalletID{o.To, o.From} {
		wallet, ok := s.Wallet(id)
		if !ok {
			continue // not named
		}
		if wallet.Role == IssuanceWallet {
			return posted, reject(BadRequest, "wallet %s is an issuance account: use issue or redeem", id)
		}
		payer = wallet
	}
	amount, ok := o.Quantity.of(payer.Asset)
	if !ok {
		return posted, reject(BadRequest, "amount has more digits than %s allows: %d after the point, %d in all",
			payer.Asset.Code, payer.Asset.Scale, MaxDigits).with("currency", string(payer.Asset.Code))
	}
	posted.Amount, posted.Fee = amount, payer.Asset.zero()
	return posted, nil
}

// posting is a transaction under way: the accounts as its operations so far
// have left them. Nothing of it reaches the state but through events.
type posting struct {
	state    *State
	project  *Project
	at       Place
	accounts map[WalletID]*account
	created  []Event
	entries  []Entry
}

type account struct {
	wallet  *Wallet
	version uint64
	balance Money
}

// post performs one operation, or says which recorded rule it breaks.
func (p *posting) post(index int, o *Operation, posted *PostedOperation) *Rejection {
	if o.Recipient != "" {
		to, rejection := p.recipient(o)
		if rejection != nil {
			return rejection
		}
		posted.To = to
	}
	switch o.Type {
	case Issue:
		to := p.account(posted.To)
		return p.move(index, posted, p.system(IssuanceWallet, to.wallet.Asset), to, IssueEntry, IssueEntry)
	case Redeem:
		from := p.account(posted.From)
		return p.move(index, posted, from, p.system(IssuanceWallet, from.wallet.Asset), RedeemEntry, RedeemEntry)
	case Transfer:
		if posted.From == posted.To {
			return reject(SameWallet, "sender and recipient are the same wallet").with("wallet_id", string(posted.From))
		}
		return p.move(index, posted, p.account(posted.From), p.account(posted.To), DebitEntry, CreditEntry)
	}
	panic("domain: operation of unknown type " + string(o.Type))
}

// recipient finds the wallet that a transfer to an identifier reaches: the
// customer's wallet in the sender's asset.
func (p *posting) recipient(o *Operation) (WalletID, *Rejection) {
	customer, ok := p.state.CustomerByIdentifier(p.project.ID, o.Recipient)
	if !ok {
		return "", reject(RecipientNotFound, "No customer has this username, phone or e-mail")
	}
	asset := p.account(o.From).wallet.Asset
	wallet, ok := p.state.walletIn(customer, asset.Code)
	if !ok {
		return "", reject(RecipientNotFound, "The recipient has no wallet in %s", asset.Code).with("customer_id", string(customer.ID))
	}
	return wallet, nil
}

func (p *posting) move(index int, posted *PostedOperation, from, to *account, debit, credit EntryKind) *Rejection {
	amount := posted.Amount
	fee := p.fee(posted.Type, from.wallet, amount)
	posted.Fee = fee
	var fees *account // nil where there is no fee
	if !fee.IsZero() {
		fees = p.system(FeeWallet, from.wallet.Asset)
	}
	if rejection := checkMove(from, to, fees, amount, fee); rejection != nil {
		return rejection
	}
	// From here on the operation succeeds.
	p.entry(from, Entry{Kind: debit, Operation: index, Amount: amount.Neg()})
	p.entry(to, Entry{Kind: credit, Operation: index, Amount: amount})
	if fees != nil {
		p.entry(from, Entry{Kind: DebitEntry, Operation: index, Fee: true, Amount: fee.Neg()})
		p.entry(fees, Entry{Kind: CreditEntry, Operation: index, Fee: true, Amount: fee})
	}
	return nil
}

func checkMove(from, to, fees *account, amount, fee Money) *Rejection {
	for _, end := range [...]*account{from, to, fees} {
		if end != nil && end.wallet.Status == Disabled {
			return reject(WalletIsDisabled, "Wallet %s is disabled", end.wallet.ID).with("wallet_id", string(end.wallet.ID))
		}
	}
	if from.wallet.Asset.Code != to.wallet.Asset.Code {
		return reject(AssetMismatch, "Wallet %s holds %s and wallet %s holds %s: a transfer never converts",
			from.wallet.ID, from.wallet.Asset.Code, to.wallet.ID, to.wallet.Asset.Code)
	}
	total := amount.Add(fee)
	if from.wallet.Role != IssuanceWallet && from.balance.Cmp(total) < 0 {
		return reject(InsufficientFunds, "Insufficient funds: the amount is %s and the fee %s, %s %s is available",
			amount, fee, from.balance, amount.Asset()).
			with("wallet_id", string(from.wallet.ID)).with("currency", string(amount.Asset())).
			with("amount", amount.String()).with("fee", fee.String()).with("available", from.balance.String())
	}
	if !from.balance.Sub(total).Fits() || !to.balance.Add(total).Fits() {
		return reject(BalanceOutOfRange, "a balance would have more than %d digits", MaxDigits)
	}
	return nil
}

// fee is what the sender pays on top. System wallets pay none.
func (p *posting) fee(kind OperationType, payer *Wallet, amount Money) Money {
	if kind != Transfer || payer.Role != CustomerWallet {
		return payer.Asset.zero()
	}
	return p.project.Settings.TransferFee.On(amount)
}

func (p *posting) entry(a *account, e Entry) {
	a.version++
	a.balance = a.balance.Add(e.Amount)
	e.Wallet, e.Version, e.Balance = a.wallet.ID, a.version, a.balance
	p.entries = append(p.entries, e)
}

func (p *posting) account(id WalletID) *account {
	if a, ok := p.accounts[id]; ok {
		return a
	}
	wallet, ok := p.state.Wallet(id)
	if !ok {
		panic("domain: posting to a wallet that was not settled: " + string(id))
	}
	a := &account{wallet: wallet, version: wallet.Version, balance: wallet.Balance}
	p.accounts[id] = a
	return a
}

// system answers the project's account of a role, making it with the
// transaction that first needs it.
func (p *posting) system(role WalletRole, asset Asset) *account {
	if id, ok := p.project.accounts[accountKey{role, asset.Code}]; ok {
		return p.account(id)
	}
	for _, event := range p.created {
		if made := event.(*WalletCreated); made.Role == role && made.Asset.Code == asset.Code {
			return p.accounts[made.Wallet]
		}
	}
	made := &WalletCreated{
		Project: p.project.ID, Wallet: WalletID(p.at.offset(len(p.created)).ID(walletPrefix)), Role: role, Type: Prepaid,
		Asset: asset, Number: p.state.nextNumber(p.at, len(p.created)), Name: string(role) + " " + string(asset.Code),
	}
	p.created = append(p.created, made)
	a := &account{wallet: made.wallet(), balance: asset.zero()}
	p.accounts[made.Wallet] = a
	return a
}

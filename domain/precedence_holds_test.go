package domain

import (
	"testing"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

func tableOfPlaceHold(t *testing.T, s *script) {
	faulty := PlaceHold{Project: "none", Wallet: "none", Description: long, Metadata: many, ExpiresAt: s.now}
	testRows(t, s, faulty, func(c *PlaceHold) Command { return *c }, []row[PlaceHold]{
		{"no reference", nil, BadRequest, "reference is required"},
		{"description", func(c *PlaceHold) { c.Reference = "h1" }, BadRequest, "description"},
		{"metadata", func(c *PlaceHold) { c.Description = "" }, BadRequest, "51 keys"},
		{"no amount", func(c *PlaceHold) { c.Metadata = nil }, BadRequest, "more than zero"},
		{"no such project", func(c *PlaceHold) { c.Quantity = amount("0.001") }, NotFound, "Project"},
		{"reference used", func(c *PlaceHold) { c.Project = s.projectID() }, DuplicateReference, "a hold"},
		{"no such wallet", func(c *PlaceHold) { c.Reference = "fill" }, NotFound, "none not found"},
		{"another project's", func(c *PlaceHold) { c.Wallet = s.wallet("olus") }, NotFound, "not found"},
		{"an issuance account", func(c *PlaceHold) { c.Wallet = s.wallet("issuance/USD") }, BadRequest, "issuance account"},
		{"amount does not fit", func(c *PlaceHold) { c.Wallet = s.wallet("gone") }, BadRequest, "more digits than USD"},
		{"over before it begins", func(c *PlaceHold) { c.Quantity = amount("101") }, BadRequest, "expires_at must be in the future"},
		{"closed", func(c *PlaceHold) { c.ExpiresAt = s.now.Add(1e6) }, WalletIsClosed, "closed"},
		{"disabled", func(c *PlaceHold) { c.Wallet = s.wallet("shut") }, WalletIsDisabled, "disabled"},
		{"frozen", func(c *PlaceHold) { c.Wallet = s.wallet("cold") }, WalletIsFrozen, "frozen"},
		{"over a limit", func(c *PlaceHold) { c.Wallet = s.wallet("amas") }, LimitExceeded, "maximum_amount"},
		{"not enough", func(c *PlaceHold) { c.Quantity = amount("10.01") }, InsufficientFunds, "10.00 USD is available"},
		{"a hold", func(c *PlaceHold) { c.Quantity = amount("10") }, "", ""},
	})
}

func tableOfCaptureHold(t *testing.T, s *script) {
	faulty := CaptureHold{Project: "none", Hold: "none", Recipient: "none", Description: long, Metadata: many, Quantity: amount("0")}
	hold := func(name string) ids.Hold { return ids.Hold(s.id(name)) }
	s.set("hold h-late from=till amount=0.01 expires=2026-01-02\nlate 2026-01-02\n")
	testRows(t, s, faulty, func(c *CaptureHold) Command { return *c }, []row[CaptureHold]{
		{"no reference", nil, BadRequest, "reference is required"},
		{"description", func(c *CaptureHold) { c.Reference = "fill" }, BadRequest, "description"},
		{"metadata", func(c *CaptureHold) { c.Description = "" }, BadRequest, "51 keys"},
		{"no amount", func(c *CaptureHold) { c.Metadata = nil }, BadRequest, "more than zero"},
		{"no such project", func(c *CaptureHold) { c.Quantity = amount("0.001") }, NotFound, "Project"},
		{"reference used", func(c *CaptureHold) { c.Project = s.projectID() }, DuplicateReference, "a transaction"},
		{"no such recipient", func(c *CaptureHold) { c.Reference = "new" }, NotFound, "none not found"},
		{"an issuance account", func(c *CaptureHold) { c.Recipient = s.wallet("issuance/USD") }, BadRequest, "issuance account"},
		{"no such hold", func(c *CaptureHold) { c.Recipient = s.wallet("gone") }, NotFound, "Hold"},
		{"another project's", func(c *CaptureHold) { c.Hold = hold("far-hold") }, NotFound, "Hold"},
		{"it ended", func(c *CaptureHold) { c.Hold = hold("h0") }, HoldEnded, "released"},
		{"its time is over", func(c *CaptureHold) { c.Hold = hold("h-late") }, HoldEnded, "expired"},
		{"amount does not fit", func(c *CaptureHold) { c.Hold = hold("h1") }, BadRequest, "more digits"},
		{"more than is left", func(c *CaptureHold) { c.Quantity = amount("5.01") }, AmountTooLarge, "5.00 USD is left"},
		{"to itself", func(c *CaptureHold) { c.Quantity, c.Recipient = amount("5"), s.wallet("held") }, SameWallet, "same wallet"},
		{"recipient closed", func(c *CaptureHold) { c.Recipient = s.wallet("gone") }, WalletIsClosed, "closed"},
		{"sender disabled", func(c *CaptureHold) { c.Quantity, c.Hold, c.Recipient = money.Quantity{}, hold("h2"), s.wallet("shut") }, WalletIsDisabled, string(s.wallet("shut-held"))},
		{"recipient disabled", func(c *CaptureHold) { c.Hold = hold("h3") }, WalletIsDisabled, string(s.wallet("shut"))},
		{"sender frozen", func(c *CaptureHold) { c.Recipient = s.wallet("points") }, WalletIsFrozen, "frozen"},
		{"two assets", func(c *CaptureHold) { c.Hold = hold("h1") }, AssetMismatch, "only an exchange"},
		{"not enough for the fee", func(c *CaptureHold) { c.Recipient = s.wallet("till") }, InsufficientFunds, "the fee 1.00"},
		{"a capture", func(c *CaptureHold) { c.Recipient, c.Hold = "", hold("h4") }, "", ""},
	})
}

func tableOfReleaseHold(t *testing.T, s *script) {
	testRows(t, s, ReleaseHold{"none", "none", amount("0")}, func(c *ReleaseHold) Command { return *c }, []row[ReleaseHold]{
		{"no amount", nil, BadRequest, "more than zero"},
		{"no such hold", func(c *ReleaseHold) { c.Quantity = amount("0.001") }, NotFound, "Hold"},
		{"another project's", func(c *ReleaseHold) { c.Hold = ids.Hold(s.id("h1")) }, NotFound, "Hold"},
		{"captured", func(c *ReleaseHold) {
			c.Project, c.Hold = s.projectID(), ids.Hold(s.id("h-spent"))
		}, HoldEnded, "captured"},
		{"released before", func(c *ReleaseHold) { c.Hold = ids.Hold(s.id("h0")) }, nothing, ""},
		{"amount does not fit", func(c *ReleaseHold) { c.Hold = ids.Hold(s.id("h1")) }, BadRequest, "more digits"},
		{"more than is left", func(c *ReleaseHold) { c.Quantity = amount("5.01") }, AmountTooLarge, "5.00 USD is left"},
		{"a release", func(c *ReleaseHold) { c.Quantity = amount("5") }, "", ""},
	})
}

func tableOfCreateEscrow(t *testing.T, s *script) {
	faulty := CreateEscrow{Project: "none", Recipient: "none", RecipientIdentifier: long, Description: long, Metadata: many, Deadline: s.now, AtDeadline: "burn"}
	testRows(t, s, faulty, func(c *CreateEscrow) Command { return *c }, []row[CreateEscrow]{
		{"no reference", nil, BadRequest, "reference is required"},
		{"description", func(c *CreateEscrow) { c.Reference = "fill" }, BadRequest, "description"},
		{"metadata", func(c *CreateEscrow) { c.Description = "" }, BadRequest, "51 keys"},
		{"no sender", func(c *CreateEscrow) { c.Metadata = nil }, BadRequest, "sender_wallet_id is required"},
		{"two recipients", func(c *CreateEscrow) { c.Sender = "none" }, BadRequest, "one of them"},
		{"no amount", func(c *CreateEscrow) { c.Recipient = "" }, BadRequest, "more than zero"},
		{"recipient too long", func(c *CreateEscrow) { c.Quantity = amount("0.001") }, BadRequest, "recipient_identifier"},
		{"no such end", func(c *CreateEscrow) { c.Recipient, c.RecipientIdentifier = "none", "" }, BadRequest, `at_deadline "burn"`},
		{"an end of no deadline", func(c *CreateEscrow) { c.AtDeadline, c.Deadline = RefundAtDeadline, time.Time{} }, BadRequest, "and there is none"},
		{"no such project", func(c *CreateEscrow) { c.Deadline = s.now }, NotFound, "Project"},
		{"reference used", func(c *CreateEscrow) { c.Project = s.projectID() }, DuplicateReference, "reference"},
		{"no such sender", func(c *CreateEscrow) { c.Reference = "new" }, NotFound, "none not found"},
		{"no such recipient", func(c *CreateEscrow) { c.Sender = s.wallet("escrow/USD") }, NotFound, "none not found"},
		{"a deadline that is over", func(c *CreateEscrow) { c.Recipient = s.wallet("gone") }, BadRequest, "deadline must be in the future"},
		{"an escrow account", func(c *CreateEscrow) { c.Deadline = s.now.Add(1e6) }, BadRequest, "escrow account"},
		{"amount does not fit", func(c *CreateEscrow) { c.Sender = s.wallet("shut-full") }, BadRequest, "more digits than USD"},
		{"nobody", func(c *CreateEscrow) { c.Quantity, c.Recipient, c.RecipientIdentifier = amount("101"), "", "nobody" }, RecipientNotFound, "No customer"},
		{"to itself", func(c *CreateEscrow) { c.Recipient, c.RecipientIdentifier = c.Sender, "" }, SameWallet, "same wallet"},
		{"recipient closed", func(c *CreateEscrow) { c.Recipient = s.wallet("gone") }, WalletIsClosed, "closed"},
		{"sender disabled", func(c *CreateEscrow) { c.Recipient = s.wallet("shut-held") }, WalletIsDisabled, string(s.wallet("shut-full"))},
		{"recipient disabled", func(c *CreateEscrow) { c.Sender = s.wallet("cold") }, WalletIsDisabled, string(s.wallet("shut-held"))},
		{"sender frozen", func(c *CreateEscrow) { c.Recipient = s.wallet("till") }, WalletIsFrozen, "frozen"},
		{"two assets", func(c *CreateEscrow) { c.Sender, c.Recipient = s.wallet("amas"), s.wallet("points") }, AssetMismatch, "only an exchange"},
		{"over a limit", func(c *CreateEscrow) { c.Recipient = s.wallet("till") }, LimitExceeded, "maximum_amount"},
		{"not enough", func(c *CreateEscrow) { c.Quantity = amount("10.01") }, InsufficientFunds, "10.00 USD is available"},
		{"an escrow", func(c *CreateEscrow) { c.Quantity = amount("10") }, "", ""},
	})
}

func tableOfApproveEscrow(t *testing.T, s *script) {
	testRows(t, s, ApproveEscrow{"none", "none", "judge", long}, func(c *ApproveEscrow) Command { return *c }, []row[ApproveEscrow]{
		{"actor too long", nil, BadRequest, "actor"},
		{"no such party", func(c *ApproveEscrow) { c.Actor = "" }, BadRequest, `party "judge"`},
		{"no such escrow", func(c *ApproveEscrow) { c.Party = EscrowSender }, NotFound, "Escrow"},
		{"another project's", func(c *ApproveEscrow) { c.Escrow = ids.Escrow(s.id("e1")) }, NotFound, "Escrow"},
		{"it ended", func(c *ApproveEscrow) { c.Project, c.Escrow = s.projectID(), ids.Escrow(s.id("e0")) }, EscrowEnded, "refunded"},
		{"approved before", func(c *ApproveEscrow) { c.Escrow = ids.Escrow(s.id("e1")) }, nothing, ""},
		{"an approval", func(c *ApproveEscrow) { c.Party = EscrowRecipient }, "", ""},
	})
}

func tableOfEndEscrow(t *testing.T, s *script) {
	escrow := func(name string) ids.Escrow { return ids.Escrow(s.id(name)) }
	testRows(t, s, EndEscrow{Project: "none", Escrow: "none", Quantity: amount("0"), Description: long, Metadata: many}, func(c *EndEscrow) Command { return *c }, []row[EndEscrow]{
		{"no reference", nil, BadRequest, "reference is required"},
		{"description", func(c *EndEscrow) { c.Reference = "fill" }, BadRequest, "description"},
		{"metadata", func(c *EndEscrow) { c.Description = "" }, BadRequest, "51 keys"},
		{"no amount", func(c *EndEscrow) { c.Metadata = nil }, BadRequest, "more than zero"},
		{"no such end", func(c *EndEscrow) { c.Quantity = amount("0.001") }, BadRequest, "ends by release or refund"},
		{"no such project", func(c *EndEscrow) { c.How = ReleaseAtDeadline }, NotFound, "Project"},
		{"reference used", func(c *EndEscrow) { c.Project = s.projectID() }, DuplicateReference, "reference"},
		{"no such escrow", func(c *EndEscrow) { c.Reference = "new" }, NotFound, "Escrow"},
		{"another project's", func(c *EndEscrow) { c.Escrow = escrow("far-escrow") }, NotFound, "Escrow"},
		{"it ended", func(c *EndEscrow) { c.Escrow = escrow("e0") }, EscrowEnded, "refunded"},
		{"not approved", func(c *EndEscrow) { c.Escrow = escrow("e1") }, ApprovalMissing, "both sides"},
		{"amount does not fit", func(c *EndEscrow) { c.How = RefundAtDeadline }, BadRequest, "more digits"},
		{"more than is left", func(c *EndEscrow) { c.Quantity = amount("5.01") }, AmountTooLarge, "5.00 USD is left"},
		{"into a disabled wallet", func(c *EndEscrow) { c.Quantity, c.Escrow, c.How = money.Quantity{}, escrow("e2"), ReleaseAtDeadline }, WalletIsDisabled, "disabled"},
		{"a refund", func(c *EndEscrow) { c.How = RefundAtDeadline }, "", ""},
	})
}

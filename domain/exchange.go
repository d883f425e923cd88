package domain

// exchange performs an exchange of two assets. The sender's money goes to the
// project's liquidity wallet of its asset, and the liquidity wallet of the
// other asset pays the recipient. The amount paid was rounded down, so the
// project never pays for rounding.
func (p *posting) exchange(index int, o *PostedOperation) *Rejection {
	from, to := p.account(o.Sender), p.account(o.Recipient)
	o.Fee = p.fee(Exchange, from.wallet, to.wallet, o.Amount)
	return p.convert(&movement{operation: index, from: from, amount: o.Amount, fee: o.Fee}, &movement{operation: index, to: to, amount: o.Received})
}

// convert performs the two halves of an exchange.
func (p *posting) convert(in, out *movement) *Rejection {
	from, to := in.from.wallet, out.to.wallet
	in.to, out.from = p.system(LiquidityWallet, from.Asset), p.system(LiquidityWallet, to.Asset)
	out.fee, out.kind = to.Asset.Zero(), payout
	if from.Asset.Code != to.Asset.Code && (in.from == in.to || out.from == out.to) {
		return reject(SameWallet, "an exchange is made with the project's liquidity wallets: one of them cannot be its sender or recipient")
	}
	fees := p.feeAccount(in.from, in.fee)
	if rejection := checkStatus([]*account{in.from, out.to, fees, in.to, out.from}, in.from, out.from); rejection != nil {
		return rejection
	}
	if from.Asset.Code == to.Asset.Code {
		return reject(AssetMismatch, "Wallets %s and %s both hold %s: there is nothing to exchange", from.ID, to.ID, from.Asset.Code)
	}
	for _, half := range [...]*movement{in, out} {
		if half.amount.IsZero() {
			continue // of a reversal: rounding took it with a part before
		}
		half.entries = transferEntries
		if rejection := p.move(half); rejection != nil {
			return rejection
		}
	}
	return nil
}

package domain

// exchange performs one between two assets: the sender's money goes to the
// project's liquidity wallet in its asset, and the liquidity wallet in the other
// asset pays out. What is paid out was rounded down, never to the project's loss.
func (p *posting) exchange(index int, o *PostedOperation) *Rejection {
	from, to := p.account(o.From), p.account(o.To)
	if from.wallet.Asset.Code == to.wallet.Asset.Code {
		return reject(AssetMismatch, "Wallets %s and %s both hold %s: there is nothing to exchange", o.From, o.To, from.wallet.Asset.Code)
	}
	o.Fee = from.wallet.Asset.zero()
	if kind, charged := p.charged(Exchange); charged {
		o.Fee = p.fee(kind, from.wallet, to.wallet, o.Amount)
	}
	return p.convert(&movement{operation: index, from: from, amount: o.Amount, fee: o.Fee}, &movement{operation: index, to: to, amount: o.Received})
}

// convert performs the two halves of an exchange.
func (p *posting) convert(in, out *movement) *Rejection {
	if _, ok := p.project.accounts[accountKey{LiquidityWallet, out.to.wallet.Asset.Code}]; !ok {
		return reject(InsufficientLiquidity, "The project has no liquidity wallet in %s", out.to.wallet.Asset.Code).
			with("currency", string(out.to.wallet.Asset.Code)).with("amount", out.amount.String())
	}
	in.to, out.from = p.system(LiquidityWallet, in.from.wallet.Asset), p.system(LiquidityWallet, out.to.wallet.Asset)
	out.fee = out.to.wallet.Asset.zero()
	for _, half := range [...]*movement{in, out} {
		if half.amount.IsZero() {
			continue // of a reversal: rounding took it with a part before
		}
		half.debit, half.credit, half.bounded, half.counted = DebitEntry, CreditEntry, p.origin.Kind.bounded(), p.origin.Kind.counted()
		if rejection := p.move(half); rejection != nil {
			return rejection
		}
	}
	return nil
}

package domain

import (
	"slices"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// few is the number of entries that are searched one by one as fast as an
// index.
const few = 8

// ownWallets are the wallets of a customer that are not closed. Most customers
// have one or two, which take little memory; with one wallet for each asset
// there can be thousands. Slices and maps are never changed in place, because
// readers may hold them.
type ownWallets struct {
	few  []ids.Wallet // in the order they were made; none where there are many
	many *manyWallets
}

type manyWallets struct {
	byAge   sorted[ids.Wallet, money.AssetCode] // identifiers sort as they were made
	byAsset sorted[money.AssetCode, ids.Wallet] // no two are of one asset
}

// first is the one that was made first.
func (o ownWallets) first() (first ids.Wallet, ok bool) {
	for _, id := range o.few {
		return id, true
	}
	if o.many == nil {
		return "", false
	}
	o.many.byAge.from("", func(id ids.Wallet, _ money.AssetCode) bool {
		first, ok = id, true
		return false
	})
	return first, ok
}

func (s *State) walletIn(customer *Customer, asset money.AssetCode) (ids.Wallet, bool) {
	if many := customer.wallets.many; many != nil {
		return many.byAsset.get(asset)
	}
	for _, id := range customer.wallets.few {
		if wallet, ok := s.Wallet(id); ok && wallet.Asset.Code == asset {
			return id, true
		}
	}
	return "", false
}

// own adds a wallet to the wallets of its customer.
func (s *State) own(customer *Customer, w *Wallet) {
	o := customer.wallets
	if o.many == nil && len(o.few) < few {
		customer.wallets.few = append(slices.Clip(o.few), w.ID)
		return
	}
	var many manyWallets
	if o.many != nil {
		many = *o.many
	}
	for _, id := range append(slices.Clip(o.few), w.ID) {
		wallet, _ := s.Wallet(id)
		many.byAge = many.byAge.with(id, wallet.Asset.Code)
		many.byAsset = many.byAsset.with(wallet.Asset.Code, id)
	}
	customer.wallets = ownWallets{many: &many}
}

// disown removes a closed wallet from the wallets of its customer.
func (s *State) disown(customer *Customer, w *Wallet) {
	if many := customer.wallets.many; many != nil {
		customer.wallets.many = &manyWallets{many.byAge.without(w.ID), many.byAsset.without(w.Asset.Code)}
		return
	}
	customer.wallets.few = slices.DeleteFunc(slices.Clone(customer.wallets.few), func(id ids.Wallet) bool { return id == w.ID })
}

package api

import (
	"slices"
	"strconv"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// appendStandings appends the numbers of the wallets that a write touched, by
// hand, like the transaction they stand in. The entries tell which of them are
// issuance accounts, whose available is no limit.
func appendStandings(b []byte, standings []domain.Standing, entries []domain.Entry) []byte {
	unlimited := issuanceIn(entries)
	b = append(b, '[')
	for i := range standings {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendStanding(b, &standings[i], slices.Contains(unlimited, standings[i].Wallet))
	}
	return append(b, ']')
}

func appendStanding(b []byte, s *domain.Standing, unlimited bool) []byte {
	b = append(append(b, `{"wallet_id":"`...), s.Wallet...)
	b = append(append(b, `","currency":"`...), s.Asset.Code...)
	b = strconv.AppendUint(append(b, `","version":`...), s.Version, 10)
	b = appendAmount(append(b, `,"balance":"`...), s.Balance, `","balance_minor":`)
	if unlimited {
		b = append(b, `,"available":null,"available_minor":null`...)
	} else {
		b = appendAmount(append(b, `,"available":"`...), s.Available, `","available_minor":`)
	}
	b = appendAmount(append(b, `,"held":"`...), s.Held, `","held_minor":`)
	return append(b, '}')
}

// issuanceIn finds the accounts that value came from or went back to: of an issue
// the end that loses it, of a redeem the end that gets it.
func issuanceIn(entries []domain.Entry) []ids.Wallet {
	var found []ids.Wallet
	for i := range entries {
		e := &entries[i]
		issuance := e.Kind == domain.IssueEntry && e.Amount.Sign() < 0 || e.Kind == domain.RedeemEntry && e.Amount.Sign() > 0
		if issuance && !slices.Contains(found, e.Wallet) {
			found = append(found, e.Wallet)
		}
	}
	return found
}

// appendLots appends the parts of expiring credit that an entry has.
func appendLots(b []byte, wallet ids.Wallet, lots []domain.LotPart) []byte {
	b = append(b, `,"lots":[`...)
	for i := range lots {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"id":"`...), ids.Lot(wallet, lots[i].Lot)...)
		b = appendAmount(append(b, `","amount":"`...), lots[i].Amount, `","amount_minor":`)
		b = appendAmount(append(b, `,"original":"`...), lots[i].Original, `","original_minor":`)
		b = append(appendTime(append(b, `,"expires_at":`...), lots[i].Expires), '}')
	}
	return append(b, ']')
}

package domain

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rows prints all that a state holds, sorted: two states are equal when their
// rows are. A fork's rows are those that one sees through it.
func rows(s *State) string {
	all := []string{fmt.Sprint("shards ", s.shards, ", wallets ", s.wallets)}
	for _, p := range flat(&s.projects) {
		all = append(all, fmt.Sprint("project ", p.ID, p.Settings, p.Assets, p.accounts))
	}
	for _, c := range flat(&s.credentials) {
		all = append(all, fmt.Sprint("credential ", *c))
	}
	for _, c := range flat(&s.customers) {
		all = append(all, fmt.Sprint("customer ", *c))
	}
	for id, owner := range flat(&s.identifiers) {
		if owner != "" { // "" is nobody, just as no row is
			all = append(all, fmt.Sprint("identifier ", id, owner))
		}
	}
	for _, w := range flat(&s.walletTable) {
		all = append(all, fmt.Sprint("wallet ", *w))
	}
	for key, location := range flat(&s.references) {
		all = append(all, fmt.Sprintf("reference %x %d", key, location))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func flat[K comparable, V any](t *table[K, V]) map[K]V {
	all := map[K]V{}
	if t.base != nil {
		all = flat(t.base)
	}
	maps.Copy(all, t.rows)
	return all
}

// untouched tells whether a fork has no change of its own.
func untouched(s *State) bool {
	return s.wallets == s.base.wallets && len(s.projects.rows)+len(s.credentials.rows)+len(s.customers.rows)+
		len(s.identifiers.rows)+len(s.walletTable.rows)+len(s.references.rows) == 0
}

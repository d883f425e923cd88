package events

import "fmt"

// Forms lists the types and versions that can be read: "wallet.created.v2".
func Forms() (names []string) {
	for form := range readers {
		names = append(names, fmt.Sprintf("%s.v%d", form.kind, form.version))
	}
	return names
}

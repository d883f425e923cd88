package domain

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var seedFlag = flag.Uint64("seed", 0, "repeat the random tests of this seed; 0 takes a new one")

// life is what a random test lives through: one command for each seed. It panics
// when something is not as it should be.
type life interface {
	next(r *rand.Rand) Command
	perform(Command)
	end()
}

// tryMany lives many random lives. A command depends on its own seed and on what
// went before, so of a life that fails all can be left out that does not matter:
// what is printed is short.
func tryMany(t *testing.T, lives, commands int, begin func() life) {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for range lives {
		seeds := make([]uint64, commands)
		for i := range seeds {
			seeds[i] = r.Uint64()
		}
		if live(begin(), seeds) != nil {
			t.Fatalf("with -seed %d, cut to what matters:\n%v", seed, live(begin(), shorten(seeds, begin)))
		}
	}
}

// live returns what went wrong, after which commands.
func live(l life, seeds []uint64) (err error) {
	var commands []string
	defer func() {
		if wrong := recover(); wrong != nil {
			err = fmt.Errorf("%s\n%v", strings.Join(commands, "\n"), wrong)
		}
	}()
	for _, seed := range seeds {
		command := l.next(rand.New(rand.NewPCG(seed, 0)))
		commands = append(commands, describe(command))
		l.perform(command)
	}
	l.end()
	return nil
}

// shorten leaves out whatever it fails without.
func shorten(seeds []uint64, begin func() life) []uint64 {
	for n := len(seeds) / 2; n > 0; n /= 2 {
		for i := 0; i+n <= len(seeds); {
			without := slices.Delete(slices.Clone(seeds), i, i+n)
			if live(begin(), without) != nil {
				seeds = without
			} else {
				i += n
			}
		}
	}
	return seeds
}

// describe prints a command, for the reader of a failure.
func describe(command Command) string {
	line := fmt.Sprintf("%T %+v", command, command)
	switch c := command.(type) {
	case UpsertCustomer, CreateWallet, ChangeWallet: // which have pointers inside
		text, err := json.Marshal(command)
		if err != nil {
			panic(err)
		}
		line += string(text)
	case *Transact:
		for _, o := range c.Operations {
			line += fmt.Sprintf(" [%s minor=%t]", o.Quantity, o.Quantity.Minor())
		}
	case *Reverse:
		if c.Original != nil {
			line += fmt.Sprintf(" of %+v", *c.Original)
		}
	}
	return line
}

func wrong(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// oneIn is true one time in n.
func oneIn(n int, r *rand.Rand) bool { return r.IntN(n) == 0 }

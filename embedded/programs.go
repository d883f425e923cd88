package embedded

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the oldest major version of PostgreSQL that is used for a new
// cluster.
const oldestMajor = 14

// usualPlaces are the directories in which distributions install the server's
// programs. Most distributions do not have initdb and postgres in PATH.
var usualPlaces = []string{
	"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
	"/usr/pgsql-*/bin",          // Fedora, RHEL: packages of postgresql.org
	"/usr/bin",                  // Fedora, Arch: packages of the distribution
	"/usr/libexec/postgresql*",  // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",
	"/opt/homebrew/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/usr/local/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// programs is a directory that contains initdb and postgres of one major version.
type programs struct {
	dir   string
	major int
}

// finder finds the server's programs.
type finder struct {
	candidates []string // directories, best first
	repository string   // Maven repository for the download; "" is Maven Central
}

// systemFinder returns a finder that searches PATH, and then the usual places with
// the newest version first.
func systemFinder() finder {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range usualPlaces {
		found, _ := filepath.Glob(pattern) // Fails on a malformed pattern only.
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(numberIn(b), numberIn(a)) })
		for _, dir := range found {
			if !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return finder{candidates: dirs}
}

var digits = regexp.MustCompile(`\d+`)

// numberIn returns the first number in path, or 0 if there is none.
func numberIn(path string) int {
	n, _ := strconv.Atoi(digits.FindString(path))
	return n
}

// find returns the programs for a cluster of major version want. 0 means a new
// cluster, for which the first programs of oldestMajor or newer are used. If no
// version is installed, find downloads the programs into home/binaries.
func (f finder) find(ctx context.Context, home string, want int) (programs, error) {
	downloaded := filepath.Join(home, "binaries", "bin")
	var others []string
	for _, dir := range append(f.candidates[:len(f.candidates):len(f.candidates)], downloaded) {
		major, err := majorVersion(ctx, dir)
		if err != nil {
			continue
		}
		if major == want || want == 0 && major >= oldestMajor {
			return programs{dir, major}, nil
		}
		others = append(others, fmt.Sprintf("%d (%s)", major, dir))
	}
	if len(others) > 0 {
		return programs{}, mismatch(home, want, others)
	}
	if err := f.download(ctx, home, want); err != nil {
		return programs{}, missing(want, err)
	}
	major, err := majorVersion(ctx, downloaded)
	if err != nil {
		return programs{}, missing(want, fmt.Errorf("the downloaded programs do not run here: %w", err))
	}
	return programs{downloaded, major}, nil
}

// mismatch returns the error for a machine on which only other versions are
// installed.
func mismatch(home string, want int, others []string) error {
	have := strings.Join(others, ", ")
	if want == 0 {
		return fmt.Errorf("PostgreSQL %d or newer is needed, installed is %s: "+
			"install a newer one, or pass --postgres URL to use a server of your own", oldestMajor, have)
	}
	return fmt.Errorf("the cluster in %s was made by PostgreSQL %d, installed is %s: "+
		"install version %d as well (apt install postgresql-%d, brew install postgresql@%d), "+
		"convert the cluster with pg_upgrade, or pass --postgres URL to use a server of your own",
		filepath.Join(home, "data"), want, have, want, want, want)
}

// missing returns the error for a machine that has no programs and on which the
// download failed.
func missing(want int, cause error) error {
	version := ""
	if want != 0 {
		version = fmt.Sprintf(" %d", want)
	}
	return fmt.Errorf("the PostgreSQL%s server (initdb, postgres) is not installed, and downloading it failed (%w): "+
		"install it (Debian: apt install postgresql; Fedora: dnf install postgresql-server; "+
		"macOS: brew install postgresql@16), or pass --postgres URL to use a server of your own", version, cause)
}

// majorVersion returns the major version of the programs in dir. It fails when
// initdb or postgres does not exist there or does not run.
func majorVersion(ctx context.Context, dir string) (int, error) {
	if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0, err
	}
	// For example "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)".
	_, version, _ := strings.Cut(string(out), "(PostgreSQL) ")
	major := numberIn(version)
	if major == 0 {
		return 0, fmt.Errorf("%s/postgres --version says %q", dir, out)
	}
	return major, nil
}

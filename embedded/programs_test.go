package embedded

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePrograms creates a directory with programs that print version as their version.
func fakePrograms(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	for _, name := range []string{"initdb", "postgres"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// closedRepository returns the address of a repository that does not respond.
func closedRepository(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(nil)
	s.Close()
	return s.URL
}

func TestFindPrograms(t *testing.T) {
	t.Parallel()
	empty, old := t.TempDir(), fakePrograms(t, "9.6.24")
	v16, v15 := fakePrograms(t, "16.9 (Debian 16.9-1)"), fakePrograms(t, "15.14")
	v19 := fakePrograms(t, "19devel")
	for name, c := range map[string]struct {
		candidates []string
		want       int
		dir        string
	}{
		"first for a new cluster":       {[]string{empty, v16, v15}, 0, v16},
		"too old for a new cluster":     {[]string{old, v15}, 0, v15},
		"same version for an old one":   {[]string{v16, v15}, 15, v15},
		"old cluster, old installation": {[]string{v15, old}, 9, old},
		"unreleased":                    {[]string{v19}, 0, v19},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := finder{candidates: c.candidates}.find(t.Context(), t.TempDir(), c.want)
			if err != nil {
				t.Fatal(err)
			}
			if got.dir != c.dir {
				t.Errorf("found version %d", got.major)
			}
		})
	}
}

func TestFindProgramsDownloadedEarlier(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, "binaries"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(fakePrograms(t, "16.9"), filepath.Join(home, "binaries", "bin")); err != nil {
		t.Fatal(err)
	}
	got, err := finder{}.find(t.Context(), home, 0)
	if err != nil || got.dir != filepath.Join(home, "binaries", "bin") {
		t.Errorf("found %v, %v", got, err)
	}
}

func TestFindProgramsSaysWhatToDo(t *testing.T) {
	t.Parallel()
	v15, old := fakePrograms(t, "15.14"), fakePrograms(t, "9.6.24")
	for name, c := range map[string]struct {
		candidates []string
		want       int
		says       []string
	}{
		"none installed": {nil, 0, []string{
			"not installed", "apt install postgresql;", "dnf install postgresql-server", "brew install postgresql@16", "--postgres URL"}},
		"other version": {[]string{v15}, 14, []string{
			"made by PostgreSQL 14", "15 (" + v15, "apt install postgresql-14", "--postgres URL"}},
		"only old": {[]string{old}, 0, []string{"14 or newer", "9 (" + old, "--postgres URL"}},
		"none installed, cluster without download": {nil, 13, []string{"PostgreSQL 13", "not offered for download"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := finder{candidates: c.candidates, repository: closedRepository(t)}
			home := t.TempDir()
			_, err := f.find(t.Context(), home, c.want)
			if err == nil {
				t.Fatal("no error")
			}
			for _, says := range c.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("error %q does not say %q", err, says)
				}
			}
			if left, _ := os.ReadDir(home); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestNumberInOrdersInstallations(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]int{
		"/usr/lib/postgresql/15/bin":                              15,
		"/usr/pgsql-9.6/bin":                                      9,
		"/opt/homebrew/opt/postgresql@17/bin":                     17,
		"/Applications/Postgres.app/Contents/Versions/latest/bin": 0,
	} {
		if got := numberIn(path); got != want {
			t.Errorf("numberIn(%q) = %d", path, got)
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMain gives the tests the most permissive umask: what is secret is so by the
// mode that it is written with.
func TestMain(m *testing.M) {
	syscall.Umask(0)
	m.Run()
}

func openDir(t *testing.T, path string) *dataDir {
	t.Helper()
	d, err := openDataDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

// TestSecretsAreTheOwners: nobody else reads or writes any file of the directory,
// nor lists it.
func TestSecretsAreTheOwners(t *testing.T) {
	d := openDir(t, filepath.Join(t.TempDir(), "data"))
	c, err := d.credentials()
	if err != nil {
		t.Fatal(err)
	}
	c.Demo = &demoSecrets{ProjectID: "proj_1", secrets: secrets{"key_1", "demo-secret"}}
	if err := d.save(c); err != nil {
		t.Fatal(err)
	}
	if err := d.saveCurl(c); err != nil {
		t.Fatal(err)
	}
	if _, err := d.masterKey(); err != nil {
		t.Fatal(err)
	}
	if err := d.write("postgres.url", []byte("postgres://secret")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(d.path); err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("the directory has mode %o (%v)", info.Mode().Perm(), err)
	}
	entries, err := os.ReadDir(d.path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o (%v)", entry.Name(), info.Mode().Perm(), err)
		}
	}
	if got := strings.Join(names, " "); got != "credentials.json demo.curl lock master.key postgres.url" {
		t.Errorf("the directory has %s", got)
	}
}

// TestSecretsStay: a second start finds what the first made, and a damaged file is
// said to be so, and not made anew.
func TestSecretsStay(t *testing.T) {
	path := t.TempDir()
	d := openDir(t, path)
	key, err := d.masterKey()
	if err != nil {
		t.Fatal(err)
	}
	made, err := d.credentials()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(path); err == nil || !strings.Contains(err.Error(), "another tallystick is running") {
		t.Errorf("opened twice: %v", err)
	}
	d.close()
	again := openDir(t, path)
	if found, err := again.masterKey(); err != nil || found != key {
		t.Errorf("the master key is another: %v", err)
	}
	if found, err := again.credentials(); err != nil || found.Operator != made.Operator {
		t.Errorf("the operator is another: %v", err)
	}
	for name, read := range map[string]func() error{
		"master.key":       func() error { _, err := again.masterKey(); return err },
		"credentials.json": func() error { _, err := again.credentials(); return err },
	} {
		if err := again.write(name, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if err := read(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a damaged %s: %v", name, err)
		}
		if text, err := os.ReadFile(again.file(name)); err != nil || string(text) != "{}" {
			t.Errorf("a damaged %s became %q (%v)", name, text, err)
		}
	}
}

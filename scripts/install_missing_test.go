package scripts_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a directory of fake programs, which is all of PATH.
type machine struct {
	t   *testing.T
	bin string
}

// newMachine makes a machine on which the user has an id, and programs exist. Its
// package managers, sh and sudo install nothing; they log how they were called, and
// then the programs that the test names in INSTALLS exist.
func newMachine(t *testing.T, uid int, programs ...string) machine {
	t.Helper()
	m := machine{t, t.TempDir()}
	m.add("id", fmt.Sprintf("echo %d", uid))
	m.add("go", "echo fake-cc -m64")
	for _, name := range programs {
		m.add(name, `name=${0##*/}; dir=${0%/*}; PATH=/usr/bin:/bin
case $name in sh|sudo|brew) ;; *) exit 0 ;; esac
echo "$name $*" >> "$dir/log"
for program in $INSTALLS; do printf '#!/bin/sh\n' > "$dir/$program"; chmod +x "$dir/$program"; done`)
	}
	return m
}

func (m machine) add(name, body string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.bin, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// run asks for programs. It returns what the script printed, what it ran, and
// whether it succeeded.
func (m machine) run(environment []string, programs ...string) (printed, ran string, ok bool) {
	m.t.Helper()
	cmd := exec.Command("/bin/sh", append([]string{"./install-missing"}, programs...)...)
	cmd.Env = append(environment, "PATH="+m.bin, "POSTGRES_PLACES="+m.bin+"/none")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit, failed := err.(*exec.ExitError); failed && exit.ExitCode() != 1 || err != nil && !failed {
		m.t.Fatalf("%v\n%s", err, &out)
	}
	log, readErr := os.ReadFile(filepath.Join(m.bin, "log"))
	if readErr != nil && !os.IsNotExist(readErr) {
		m.t.Fatal(readErr)
	}
	return out.String(), string(log), err == nil
}

func TestInstallMissing(t *testing.T) {
	t.Parallel()
	all := []string{"postgres", "psql", "cc", "node", "curl"}
	const (
		made    = "INSTALLS=postgres initdb psql fake-cc node curl"
		debian  = "apt-get install -y -q --no-install-recommends postgresql postgresql-client gcc libc6-dev nodejs curl;"
		fedora  = "dnf install -y postgresql-server postgresql gcc nodejs curl"
		cluster = "echo create_main_cluster = false > /etc/postgresql-common/createcluster.d/tallystick.conf &&"
	)
	for name, c := range map[string]struct {
		machine     machine
		environment []string
		wants       []string
		ok          bool
		says, runs  []string // runs nothing if empty
	}{
		"nothing is missing": {newMachine(t, 1000, "postgres", "initdb", "psql", "fake-cc", "node", "curl"), nil, all, true, nil, nil},
		"debian as root":     {newMachine(t, 0, "apt-get", "sh"), []string{made}, all, true, []string{"Missing: postgres psql cc node curl", debian}, []string{"sh -c ", cluster, debian}},
		"debian with sudo":   {newMachine(t, 1000, "apt-get", "sh", "sudo"), []string{made}, all, true, []string{debian}, []string{"sudo sh -c ", cluster, debian}},
		"debian without":     {newMachine(t, 1000, "apt-get", "sh"), []string{made}, all, false, []string{"Run as root:", debian}, nil},
		"no cluster needed":  {newMachine(t, 0, "apt-get", "sh"), []string{"INSTALLS=node"}, []string{"node"}, true, []string{"Missing: node."}, []string{"--no-install-recommends nodejs\n"}},
		"one of two":         {newMachine(t, 0, "apt-get", "sh", "curl"), []string{"INSTALLS=node"}, []string{"curl", "node"}, true, []string{"Missing: node."}, []string{"--no-install-recommends nodejs\n"}},
		"half a postgres":    {newMachine(t, 0, "apt-get", "sh", "postgres"), []string{"INSTALLS=initdb"}, []string{"postgres"}, true, []string{"Missing: postgres."}, []string{"postgresql;"}},
		"fedora as root":     {newMachine(t, 0, "dnf", "sh"), []string{made}, all, true, []string{fedora}, []string{"sh -c " + fedora}},
		"fedora with sudo":   {newMachine(t, 1000, "dnf", "sudo"), []string{made}, all, true, []string{fedora}, []string{"sudo sh -c " + fedora}},
		"macOS": {newMachine(t, 501, "brew"), []string{made}, []string{"postgres", "psql", "node", "curl"}, true,
			[]string{"brew install postgresql@16 libpq node curl && brew link --force libpq"}, []string{"brew install postgresql@16 libpq node curl\nbrew link --force libpq\n"}},
		"macOS without a compiler": {newMachine(t, 501, "brew"), []string{"NO_INSTALL=1"}, []string{"cc"}, false, []string{"To install: xcode-select --install"}, nil},
		"told not to":              {newMachine(t, 0, "apt-get", "sh"), []string{made, "NO_INSTALL=1"}, all, false, []string{"To install: sh -c 'mkdir", debian}, nil},
		"told not to, with sudo":   {newMachine(t, 1000, "dnf", "sudo"), []string{made, "NO_INSTALL=1"}, all, false, []string{"To install: sudo sh -c '" + fedora + "'"}, nil},
		"another system":           {newMachine(t, 0, "sh"), []string{made}, all, false, []string{"none of apt-get, dnf and brew"}, nil},
		"a package without it":     {newMachine(t, 0, "dnf", "sh"), []string{"INSTALLS=curl"}, []string{"node", "curl"}, false, []string{"Still missing after the installation: node."}, []string{"nodejs curl"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			printed, ran, ok := c.machine.run(c.environment, c.wants...)
			if ok != c.ok {
				t.Errorf("success is %v", ok)
			}
			for _, want := range c.says {
				if !strings.Contains(printed, want) {
					t.Errorf("it does not print %q", want)
				}
			}
			for _, want := range c.runs {
				if !strings.Contains(ran, want) {
					t.Errorf("it does not run %q", want)
				}
			}
			if len(c.runs) == 0 && ran != "" {
				t.Error("it runs something")
			}
			if t.Failed() {
				t.Logf("printed:\n%s\nran:\n%s", printed, ran)
			}
		})
	}
}

// TestInstallMissingFailure: the status of the package manager is passed on.
func TestInstallMissingFailure(t *testing.T) {
	t.Parallel()
	m := newMachine(t, 0, "apt-get")
	m.add("sh", "exit 1")
	if printed, _, ok := m.run(nil, "node"); ok || strings.Contains(printed, "Still missing") {
		t.Errorf("it went on: %s", printed)
	}
}

// TestPlacesOfPostgres: the script and the program look into the same directories.
func TestPlacesOfPostgres(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("install-missing")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("../embedded/programs.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(program), "usualPlaces = []string{\n")
	list, _, _ = strings.Cut(list, "\n}")
	var want []string
	for line := range strings.Lines(list) {
		want = append(want, strings.Split(line, `"`)[1])
	}
	_, list, _ = strings.Cut(string(script), "POSTGRES_PLACES-\"")
	list, _, _ = strings.Cut(list, "\"}")
	if got := strings.Fields(list); len(got) < 5 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the script looks into\n%s\nand embedded into\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestScriptIsPOSIX(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("sh", "-n", "install-missing").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"tallystick/api"
	"tallystick/events"
)

// dataDir is the directory of one installation of `up`, held by one process:
//
//	lock              held while a process runs
//	credentials.json  credentials of the operator and the demo, 0600
//	demo.curl         the demo's credential for curl -K, 0600
//	master.key        wraps the customers' keys; without it their data is lost, 0600
//	postgres.url      where the private PostgreSQL listens, 0600
//	nats/  postgres/  data of the servers
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir makes and locks the directory.
func openDataDir(path string) (*dataDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("--data %s: %w", path, err)
	}
	// 0711: when this user is root, PostgreSQL runs as another user, which must be able
	// to reach its own directory. The files here are 0600.
	if err := os.MkdirAll(path, 0o711); err != nil {
		return nil, fmt.Errorf("--data: cannot make %s: %w; choose a directory that you may write", path, cause(err))
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--data: cannot write to %s: %w; choose a directory that you may write", path, cause(err))
	}
	// The lock ends with the process, however that ends.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("--data: another tallystick is running on %s; stop it, or choose another directory", path)
	}
	return &dataDir{path: path, lock: lock}, nil
}

func cause(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

func (d *dataDir) close() { d.lock.Close() }

func (d *dataDir) file(name string) string { return filepath.Join(d.path, name) }

// write replaces a file atomically: a crash leaves the old file or the new one.
func (d *dataDir) write(name string, content []byte) error {
	temporary, err := os.CreateTemp(d.path, "."+name+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(content)
	if err == nil {
		err = temporary.Sync()
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), d.file(name))
	}
	return err
}

// masterKey reads the key, or makes it. A new key is on disk before anything is encrypted
// with it.
func (d *dataDir) masterKey() (events.MasterKey, error) {
	var key events.MasterKey
	text, err := os.ReadFile(d.file("master.key"))
	if errors.Is(err, os.ErrNotExist) {
		rand.Read(key[:]) //nolint:errcheck // never fails
		return key, d.write("master.key", []byte(base64.StdEncoding.EncodeToString(key[:])+"\n"))
	}
	if err != nil {
		return key, err
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != len(key) {
		return key, fmt.Errorf("%s does not hold 32 bytes in base64", d.file("master.key"))
	}
	copy(key[:], raw)
	return key, nil
}

// credentials is credentials.json.
type credentials struct {
	Operator secrets      `json:"operator"`
	Demo     *demoSecrets `json:"demo,omitempty"`
}

type secrets struct {
	APIKey    string `json:"api_key"`
	SecretKey string `json:"secret_key"`
}

type demoSecrets struct {
	ProjectID string `json:"project_id"`
	secrets
}

// credentials reads the file, or makes it with a new operator's credential. The credential
// is stored nowhere else: without the file the next start makes another one.
func (d *dataDir) credentials() (*credentials, error) {
	text, err := os.ReadFile(d.file("credentials.json"))
	if errors.Is(err, os.ErrNotExist) {
		secret, _ := api.NewSecret()
		c := &credentials{Operator: secrets{APIKey: "operator_" + strings.ToLower(rand.Text()), SecretKey: secret}}
		return c, d.save(c)
	}
	if err != nil {
		return nil, err
	}
	var c credentials
	if err := json.Unmarshal(text, &c); err != nil || c.Operator.APIKey == "" || c.Operator.SecretKey == "" {
		return nil, fmt.Errorf("%s is damaged; remove it and a new one is made", d.file("credentials.json"))
	}
	return &c, nil
}

func (d *dataDir) save(c *credentials) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return d.write("credentials.json", append(text, '\n'))
}

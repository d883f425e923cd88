package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// role is the name of the cluster's superuser and of its database.
const role = "tallystick"

// prepare provides everything that a start needs: the directory, the programs,
// the password and the cluster. After a crash at any point, the next call
// completes the directory.
func (p *Postgres) prepare(ctx context.Context, dir string, find finder) (err error) {
	if p.account, err = serverAccount(); err != nil {
		return err
	}
	if p.dir, err = p.account.home(dir); err != nil {
		return err
	}
	p.data = filepath.Join(p.dir, "data")
	p.removeLeftovers()
	version, err := clusterVersion(p.data)
	if err != nil {
		return err
	}
	find.candidates = slices.DeleteFunc(find.candidates, func(dir string) bool { return p.account.reaches(dir) != nil })
	if p.programs, err = find.find(ctx, p.dir, version); err != nil {
		return err
	}
	if err := p.ownIfPresent("binaries"); err != nil {
		return err
	}
	if p.password, err = p.loadPassword(version != 0); err != nil {
		return err
	}
	if version == 0 {
		return p.initCluster(ctx)
	}
	return p.account.own(p.data)
}

// removeLeftovers removes the incomplete files of starts that were killed. A file
// that cannot be removed takes up space and does no other harm.
func (p *Postgres) removeLeftovers() {
	for _, pattern := range []string{"data.tmp-*", "binaries.tmp-*", "password.tmp-*", "port.tmp-*"} {
		found, _ := filepath.Glob(filepath.Join(p.dir, pattern)) // Fails on a malformed pattern only.
		for _, path := range found {
			if err := os.RemoveAll(path); err != nil {
				p.log.Warn("cannot remove the files of an earlier start", "path", path, "err", err)
			}
		}
	}
}

// clusterVersion returns the major version that created the cluster in data, or 0
// if there is no cluster.
func clusterVersion(data string) (int, error) {
	content, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(data); err == nil {
			return 0, fmt.Errorf("%s exists but is not a PostgreSQL cluster: move it away, or choose another --data directory", data)
		}
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major := numberIn(string(content))
	if major == 0 {
		return 0, fmt.Errorf("%s/PG_VERSION says %q: restore the directory from a backup", data, content)
	}
	return major, nil
}

// ownIfPresent makes the account the owner of the tree name in the directory, if
// it exists.
func (p *Postgres) ownIfPresent(name string) error {
	err := p.account.own(filepath.Join(p.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// loadPassword returns the password of the cluster. If there is no cluster yet, it
// creates a password and writes it to disk before initdb uses it, because the
// cluster stores only the hash.
func (p *Postgres) loadPassword(clusterExists bool) (string, error) {
	path := filepath.Join(p.dir, "password")
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !clusterExists {
		secret := make([]byte, 16)
		rand.Read(secret) // Never fails.
		content = []byte(hex.EncodeToString(secret) + "\n")
		err = writeFile(path, content)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the password of the cluster is lost: %w: restore the file from a backup", err)
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(content)), p.account.own(path)
}

// initCluster creates the cluster in data.tmp-* and renames it to data. initdb
// syncs everything that it wrote, so data is complete whenever it exists.
func (p *Postgres) initCluster(ctx context.Context) error {
	tmp, err := os.MkdirTemp(p.dir, "data.tmp-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // It exists only if something failed; otherwise it was renamed.
	if err := p.account.own(tmp); err != nil {
		return err
	}
	cmd := p.command("initdb",
		"--pgdata="+tmp,
		"--username="+role,
		"--pwfile="+filepath.Join(p.dir, "password"),
		"--auth-host=scram-sha-256",
		"--auth-local=scram-sha-256",
		"--encoding=UTF8",
		// C orders by bytes. Any other order can change with the system's
		// libraries, which makes existing indexes wrong.
		"--locale=C",
		// If the disk returns a changed page, the result must be an error and
		// not a wrong balance.
		"--data-checksums")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	c, err := spawn(cmd)
	if err != nil {
		return err
	}
	select {
	case <-c.exited:
	case <-ctx.Done():
		c.kill()
		return ctx.Err()
	}
	if c.err != nil {
		return fmt.Errorf("initdb: %w:\n%s", c.err, strings.TrimSpace(out.String()))
	}
	if err := os.Rename(tmp, p.data); err != nil {
		return err
	}
	return syncDir(p.dir)
}

package embedded

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// releases maps each major version to the release that is downloaded. 0 is for a
// new cluster.
var releases = map[int]embeddedpostgres.PostgresVersion{
	0:  embeddedpostgres.V16,
	14: embeddedpostgres.V14,
	15: embeddedpostgres.V15,
	16: embeddedpostgres.V16,
	17: embeddedpostgres.V17,
	18: embeddedpostgres.V18,
}

// download puts the programs of major version want into home/binaries. It unpacks
// them into binaries.tmp-* and renames the directory when it is complete. A crash
// leaves binaries.tmp-*, which the next start removes.
func (f finder) download(ctx context.Context, home string, want int) error {
	release, ok := releases[want]
	if !ok {
		return fmt.Errorf("version %d is not offered for download", want)
	}
	tmp, err := os.MkdirTemp(home, "binaries.tmp-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)

	// The library has no timeout. When ctx ends, the library goes on and writes
	// to a directory that nothing uses.
	done := make(chan error, 1)
	go func() { done <- f.unpack(tmp, release) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	return os.Rename(filepath.Join(tmp, "pg"), filepath.Join(home, "binaries"))
}

// unpack fetches the programs and unpacks them into dir/pg/bin, dir/pg/lib and
// so on.
//
// The library downloads only as a part of starting a server. It is therefore given
// an encoding that does not exist, so that initdb fails and no server is started.
// The failure of initdb shows that the steps before it succeeded.
func (f finder) unpack(dir string, release embeddedpostgres.PostgresVersion) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	cfg := embeddedpostgres.DefaultConfig().
		Version(release).
		Port(uint32(port)).
		BinariesPath(filepath.Join(dir, "pg")).
		CachePath(filepath.Join(dir, "archive")).
		RuntimePath(filepath.Join(dir, "run")).
		Encoding("none, unpack only").
		Logger(io.Discard)
	if f.repository != "" {
		cfg = cfg.BinaryRepositoryURL(f.repository)
	}
	err = embeddedpostgres.NewDatabase(cfg).Start()
	if err != nil && !strings.HasPrefix(err.Error(), "unable to init database") {
		return err
	}
	return nil
}

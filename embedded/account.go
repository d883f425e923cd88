package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that PostgreSQL runs as when this process runs as root,
// because PostgreSQL refuses to run as root. A nil account means the process's
// own user. All methods accept a nil account.
type account struct {
	name string
	cred syscall.Credential
}

// serverAccount returns the user postgres, or else the user nobody. It returns
// nil when the process does not run as root.
func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseInt(u.Uid, 10, 64)
		gid, err2 := strconv.ParseInt(u.Gid, 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &account{name, syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody: " +
		"run as an ordinary user, or add one with useradd --system postgres")
}

// credential returns the credential with which exec runs a program as the
// account, or nil to run it as the process's own user.
func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &a.cred
}

// home creates dir if it does not exist, and checks that the account can enter
// it. It returns the absolute path without symbolic links.
func (a *account) home(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	mode := fs.FileMode(0o700)
	if a != nil {
		mode = 0o711
	}
	if err := makeDir(dir, mode); err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil || a == nil {
		return dir, err
	}
	// We may change the mode of the directory itself, even if the caller created it.
	info, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, info.Mode()|0o011); err != nil {
		return "", err
	}
	return dir, a.reaches(dir)
}

// reaches returns an error if the account may not enter dir or a directory above
// it. The error names the first such directory. Only mode bits are checked, not
// ACLs.
func (a *account) reaches(dir string) error {
	if a == nil {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := a.reaches(parent); err != nil {
			return err
		}
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	owner, bit := info.Sys().(*syscall.Stat_t), fs.FileMode(0o001)
	switch {
	case owner.Uid == a.cred.Uid:
		bit = 0o100
	case owner.Gid == a.cred.Gid:
		bit = 0o010
	}
	if info.Mode()&bit == 0 {
		return fmt.Errorf("PostgreSQL does not run as root but as user %s, which may not enter %s: "+
			"run chmod o+x %s, or choose another --data directory", a.name, dir, dir)
	}
	return nil
}

// own makes the account the owner of the tree at path. The top of the tree is
// changed last. After a crash the top still has its former owner, and the next
// call changes the whole tree again.
func (a *account) own(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	uid := info.Sys().(*syscall.Stat_t).Uid
	if a == nil {
		if euid := os.Geteuid(); int(uid) != euid {
			return fmt.Errorf("%s belongs to user id %d and this process runs as %d: "+
				"run as that user or as root, or choose another --data directory", path, uid, euid)
		}
		return nil
	}
	if uid == a.cred.Uid {
		return nil
	}
	err = filepath.WalkDir(path, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || name == path {
			return err
		}
		return os.Lchown(name, int(a.cred.Uid), int(a.cred.Gid))
	})
	if err != nil {
		return err
	}
	return os.Lchown(path, int(a.cred.Uid), int(a.cred.Gid))
}

package embedded

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// freePort returns a TCP port of the loopback interface that is free now.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// portFree reports whether it is possible to listen on port.
func portFree(port int) bool {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// choosePort sets the port: the wanted one, or else the one used last time, or else
// a free one. It fails when the wanted port is in use, because clients are
// configured with that port.
func (p *Postgres) choosePort(wanted int) (err error) {
	if wanted != 0 {
		p.port, p.portFixed = wanted, true
		if !portFree(wanted) {
			return fmt.Errorf("port %d of 127.0.0.1 is taken: stop the program that listens there, or choose another port", wanted)
		}
		return nil
	}
	if last := p.lastPort(); last != 0 && portFree(last) {
		p.port = last
		return nil
	}
	p.port, err = freePort()
	return err
}

// lastPort returns the port in the file port, or 0 if there is none.
func (p *Postgres) lastPort() int {
	content, _ := os.ReadFile(filepath.Join(p.dir, "port"))
	port, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	return port
}

// keepPort stores the port for the next start. From now on the port does not
// change, because callers of URL may use it.
func (p *Postgres) keepPort() error {
	p.portFixed = true
	if p.lastPort() == p.port {
		return nil
	}
	return writeFile(filepath.Join(p.dir, "port"), []byte(strconv.Itoa(p.port)+"\n"))
}

// socketDir returns the directory of the Unix socket, which is faster than TCP. It
// returns "" when the path cannot be used for a socket.
func (p *Postgres) socketDir() string {
	dir := filepath.Join(p.dir, "run")
	// In the server's setting, a comma separates directories and a double quote
	// begins a quoted name.
	if len(dir)+len("/.s.PGSQL.65535") > maxSocketPath || strings.ContainsAny(dir, `,"`) {
		return ""
	}
	return dir
}

// clearSocketDir deletes the socket directory and creates it again. Sockets and
// their lock files survive a crash. If another program now has the process id in a
// lock file, the server would not start.
func (p *Postgres) clearSocketDir() error {
	dir := p.socketDir()
	if dir == "" {
		return nil
	}
	err := os.RemoveAll(dir)
	return errors.Join(err, os.Mkdir(dir, 0o700), p.account.own(dir))
}

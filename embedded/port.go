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

// portFree tells whether port can be listened on.
func portFree(port int) bool {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// choosePort sets the port: the wanted one, else the one used last time, else
// a free one. A wanted port that is taken is an error; clients were told it.
func (p *Postgres) choosePort(wanted int) (err error) {
	if wanted != 0 {
		p.port, p.portFixed = wanted, true
		if !portFree(wanted) {
			return fmt.Errorf("port %d of 127.0.0.1 is taken: stop what listens there, or choose another port", wanted)
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

// lastPort returns the port in the file port, 0 when there is none.
func (p *Postgres) lastPort() int {
	content, _ := os.ReadFile(filepath.Join(p.dir, "port"))
	port, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	return port
}

// keepPort remembers the port for the next start. From here on it is fixed,
// because URL has been or will be called.
func (p *Postgres) keepPort() error {
	p.portFixed = true
	if p.lastPort() == p.port {
		return nil
	}
	return writeFile(filepath.Join(p.dir, "port"), []byte(strconv.Itoa(p.port)+"\n"))
}

// socketDir returns the directory of the Unix socket, which is faster than
// TCP, or "" when the path would be too long for one.
func (p *Postgres) socketDir() string {
	dir := filepath.Join(p.dir, "run")
	// A comma would begin a second directory, a quote would need its twin.
	if len(dir)+len("/.s.PGSQL.65535") > maxSocketPath || strings.ContainsAny(dir, `,"`) {
		return ""
	}
	return dir
}

// clearSocketDir makes the socket directory anew. Sockets and their lock files
// survive a crash, and a lock file whose process id was given to another
// program would keep the server from starting.
func (p *Postgres) clearSocketDir() error {
	dir := p.socketDir()
	if dir == "" {
		return nil
	}
	err := os.RemoveAll(dir)
	return errors.Join(err, os.Mkdir(dir, 0o700), p.account.own(dir))
}

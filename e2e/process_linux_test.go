package e2e

import (
	"os/exec"
	"syscall"
)

// dieWithTest leaves nothing behind when the test itself is killed.
func dieWithTest(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

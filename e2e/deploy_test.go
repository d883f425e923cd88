package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tallystick/embedded/embeddedtest"

	"gopkg.in/yaml.v3"
)

var settingName = regexp.MustCompile(`\bTALLYSTICK_[A-Z_]+`)

// settingsOf returns the environment variables that a program documents.
func settingsOf(t *testing.T, program string) string {
	t.Helper()
	help, err := exec.CommandContext(t.Context(), filepath.Join(programs, program), "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%s --help: %v\n%s", program, err, help)
	}
	return " " + strings.Join(settingName.FindAllString(string(help), -1), " ") + " "
}

// TestDeployedSettings: the services read every variable that compose and the example
// file set. The image contains the programs that compose starts.
func TestDeployedSettings(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		text, err := os.ReadFile("../deploy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var compose struct {
		Services map[string]struct {
			Command     []string
			Environment map[string]string
			ReadOnly    bool `yaml:"read_only"`
			Healthcheck struct{ Test []string }
		}
	}
	if err := yaml.Unmarshal([]byte(read("compose.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	example, image, all := read("example.env"), read("Containerfile"), ""
	for _, program := range []string{"command-api", "projector", "webhook-dispatcher"} {
		service, settings := compose.Services[program], settingsOf(t, program)
		all += settings
		if strings.Join(service.Command, " ") != program || !strings.Contains(image, "/src/bin/"+program+" ") {
			t.Errorf("%s: compose runs %v", program, service.Command)
		}
		if len(service.Environment) < 4 || !service.ReadOnly || !strings.HasSuffix(strings.Join(service.Healthcheck.Test, " "), "/readyz") {
			t.Errorf("%s: compose has %+v", program, service)
		}
		for name := range service.Environment {
			if !strings.Contains(settings, " "+name+" ") {
				t.Errorf("%s does not read %s", program, name)
			}
		}
	}
	for _, name := range settingName.FindAllString(example, -1) {
		if !strings.Contains(all, " "+name+" ") {
			t.Errorf("no service reads %s of the example", name)
		}
	}
	for _, match := range regexp.MustCompile(`\$\{([A-Z_]+):\?\}`).FindAllStringSubmatch(read("compose.yaml"), -1) {
		if !strings.Contains(example, "#"+match[1]+"=") {
			t.Errorf("compose takes %s, which the example does not have", match[1])
		}
	}
	if len(compose.Services) != 5 || !strings.Contains(image, "\nUSER 65534:65534\n") {
		t.Error("compose has another number of services, or the image runs as root")
	}
}

// TestReadmeServices runs the README's commands that start the services by hand. Only
// the ports are changed.
func TestReadmeServices(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "### The services by hand")
	_, block, _ := strings.Cut(section, "```sh\n")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("the README has no such commands")
	}
	var ports []string
	for _, port := range []string{"4222", "8080", "8081", "8082"} {
		_, free, _ := strings.Cut(freeAddress(t), ":")
		ports = append(ports, port, free)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	directory := embeddedtest.Dir(t)
	for name, target := range map[string]string{
		"bin": programs, "deploy": root + "/deploy", "go.mod": root + "/go.mod", "go.sum": root + "/go.sum",
	} {
		if err := os.Symlink(target, filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", strings.NewReplacer(ports...).Replace(block))
	command.Dir = directory
	command.Env = append(os.Environ(), "TALLYSTICK_POSTGRES="+embeddedtest.Database(t))
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) } // kills the children, too
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`"ready":true`, `"id":"proj_`, `"name":"Mine"`} {
		if !strings.Contains(strings.ReplaceAll(string(out), `": `, `":`), want) {
			t.Errorf("nothing with %s:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), `"level":"WARN"`) && strings.Contains(string(out), "sync") {
		t.Errorf("a warning about sync_interval:\n%s", out)
	}
}

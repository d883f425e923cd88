package webhooks

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// try makes one attempt, without a database.
func try(t *testing.T, policy Policy, url string, timeout time.Duration) *answer {
	t.Helper()
	to := &target{url: url, keys: [][]byte{newSecret()}}
	a, err := post(t.Context(), newClient(policy, Connections{}.orDefaults(), timeout), to, &delivery{messageID: "evt_1", body: []byte(`{}`)}, timeout)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := receive(t, nil)
	r := receive(t, func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	if a := try(t, localhost, r.URL, patience); a.ok() || a.status != 307 || a.errorClass != "redirect" {
		t.Errorf("%+v", a)
	}
	if len(elsewhere.got) > 0 {
		t.Error("followed")
	}
}

func TestDrippingBodyEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	r := receive(t, func(w http.ResponseWriter, req *http.Request) {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = io.WriteString(w, ".")
				w.(http.Flusher).Flush()
			case <-req.Context().Done():
				return
			}
		}
	})
	if a := try(t, localhost, r.URL, 100*time.Millisecond); a.ok() || a.errorClass != "timeout" || a.duration > patience {
		t.Errorf("%+v", a)
	}
}

func TestSilenceEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	r := receive(t, hang(t))
	if a := try(t, localhost, r.URL, 50*time.Millisecond); a.ok() || a.errorClass != "timeout" {
		t.Errorf("%+v", a)
	}
}

func TestHugeBodyIsCut(t *testing.T) {
	t.Parallel()
	sent := make(chan int, 1)
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		total := 0
		for range 100_000 { // 800 MB
			n, err := io.WriteString(w, strings.Repeat("x", 8<<10))
			total += n
			if err != nil {
				break
			}
		}
		sent <- total
	})
	if a := try(t, localhost, r.URL, patience); !a.ok() || len(a.body) != maxResponse {
		t.Errorf("status %d, %d bytes, %s", a.status, len(a.body), a.err)
	}
	if total := <-sent; total > 64<<20 {
		t.Errorf("%d bytes were taken", total)
	}
}

func TestHugeHeaderIsRefused(t *testing.T) {
	t.Parallel()
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 2*maxResponseHeader))
	})
	if a := try(t, localhost, r.URL, patience); a.ok() || a.errorClass != "protocol" {
		t.Errorf("%+v", a)
	}
}

func TestGzipIsNotOpened(t *testing.T) {
	t.Parallel()
	r := receive(t, func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Accept-Encoding") != "" {
			t.Error("asked for compression")
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "not gzip at all")
	})
	if a := try(t, localhost, r.URL, patience); !a.ok() || string(a.body) != "not gzip at all" {
		t.Errorf("%+v", a)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	r := receive(t, nil)
	try(t, localhost, r.URL, patience)
	header := r.next(t).header
	for name, want := range map[string]string{"Content-Type": "application/json", "User-Agent": "Tallystick-Webhooks/1", "Webhook-Id": "evt_1"} {
		if header.Get(name) != want {
			t.Errorf("%s: %q", name, header.Get(name))
		}
	}
	if _, sent := header["Idempotency-Key"]; sent {
		t.Error("Idempotency-Key was sent")
	}
}

func TestForbiddenAddressesAreNotDialled(t *testing.T) {
	t.Parallel()
	r := receive(t, nil)
	port := r.URL[strings.LastIndexByte(r.URL, ':'):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "[fe80::1%25lo]", "0.0.0.0", "[64:ff9b::7f00:1]"} {
		a := try(t, Policy{AllowHTTP: true}, "http://"+host+port, patience)
		if a.ok() || a.errorClass != "blocked" && a.errorClass != "dns" {
			t.Errorf("%s: %s %s", host, a.errorClass, a.err)
		}
	}
	for _, host := range []string{"2130706433", "0x7f000001", "0177.0.0.1", "127.1"} {
		if a := try(t, Policy{AllowHTTP: true}, "http://"+host+port, time.Second); a.ok() {
			t.Errorf("%s was reached", host)
		}
	}
	if len(r.got) > 0 {
		t.Error("a request arrived")
	}
}

// TestEnvironmentProxyIsIgnored runs itself again with proxies in the environment:
// net/http reads that once in a process. A proxy would be the only address that
// the guard sees.
func TestEnvironmentProxyIsIgnored(t *testing.T) {
	t.Parallel()
	// net/http never uses a proxy for a loopback name or address, so the target
	// is another name. It does not resolve: only a proxy could answer for it.
	const target = "http://receiver.invalid/"
	const child = "TALLYSTICK_TEST_PROXY_CHILD"
	if os.Getenv(child) != "" {
		request := httptest.NewRequest(http.MethodPost, target, nil)
		if proxy, err := http.ProxyFromEnvironment(request); err != nil || proxy == nil {
			t.Fatalf("the environment names no proxy for %s, so this test shows nothing: %v", target, err)
		}
		if a := try(t, localhost, target, time.Second); a.status != 0 {
			t.Errorf("%+v", a)
		}
		return
	}
	proxy := receive(t, nil)
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), child+"=1", "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL,
		"HTTPS_PROXY="+proxy.URL, "https_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
	out, err := again.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("%v\n%s", err, out)
	}
	if len(proxy.got) > 0 {
		t.Error("a request went to the proxy")
	}
}

func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if a := try(t, localhost, server.URL, patience); a.errorClass != "tls" {
		t.Errorf("%s: %s", a.errorClass, a.err)
	}
}

func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if a := try(t, localhost, server.URL, patience); a.errorClass != "connect" || a.status != 0 {
		t.Errorf("%s: %s", a.errorClass, a.err)
	}
}

func TestOutcomeIsUnknownWhenWeStop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := receive(t, func(_ http.ResponseWriter, req *http.Request) {
		cancel()
		<-req.Context().Done()
	})
	to := &target{url: r.URL, keys: [][]byte{newSecret()}}
	if a, err := post(ctx, newClient(localhost, Connections{}.orDefaults(), patience), to, &delivery{messageID: "evt_1"}, patience); err == nil {
		t.Errorf("%+v", a)
	}
}

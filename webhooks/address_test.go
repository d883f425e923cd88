package webhooks

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

var forbiddenAddresses = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "168.63.129.16",
	"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.31.196.1", "192.52.193.1",
	"192.88.99.1", "192.168.1.1", "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
	"239.255.255.255", "240.0.0.1", "255.255.255.255",
	"::", "::1", "::8.8.8.8", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "100:0:0:1::1",
	"2001::1", "2001:0:4136:e378::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1", "2001:db8::1", "2002:7f00:1::1",
	"2620:4f:8000::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
	"fe80::1%lo", "2606:4700::1111%eth0",
}

func TestForbiddenAddresses(t *testing.T) {
	t.Parallel()
	for _, text := range forbiddenAddresses {
		if (Policy{}).allows(netip.MustParseAddr(text)) {
			t.Errorf("%s is allowed", text)
		}
	}
	for _, text := range []string{"8.8.8.8", "172.32.0.1", "100.128.0.1", "11.0.0.1", "198.20.0.1", "2606:4700::1111", "2001:4860:4860::8888", "2001:200::1"} {
		if !(Policy{}).allows(netip.MustParseAddr(text)) {
			t.Errorf("%s is forbidden", text)
		}
	}
}

func TestPolicyExceptions(t *testing.T) {
	t.Parallel()
	p := Policy{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}}
	for text, want := range map[string]bool{
		"10.1.2.3": true, "10.2.0.1": false, "fd12::1": true, "127.0.0.1": false, "::ffff:10.1.2.3": false, "fd12::1%eth0": false,
	} {
		if got := p.allows(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	loop := Policy{AllowLoopback: true}
	if !loop.allows(netip.MustParseAddr("127.0.0.1")) || !loop.allows(netip.MustParseAddr("::1")) || loop.allows(netip.MustParseAddr("10.0.0.1")) {
		t.Error("loopback")
	}
}

func TestDialGuard(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8:443": true, "127.0.0.1:443": false, "[fe80::1%lo]:443": false, "[::ffff:8.8.8.8]:443": false, "nonsense": false, "": false,
	} {
		if got := (Policy{}).control(t.Context(), "tcp4", address, nil) == nil; got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if (Policy{}).control(t.Context(), "udp4", "8.8.8.8:443", nil) == nil {
		t.Error("udp")
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for text, problem := range map[string]string{
		"https://example.com/hook":                     "",
		"https://example.com:8443/hook?a=b":            "",
		"https://8.8.8.8/":                             "",
		"https://[2606:4700::1111]/":                   "",
		"HTTPS://EXAMPLE.COM":                          "",
		"http://example.com":                           "https",
		"ftp://example.com":                            "https",
		"example.com":                                  "https",
		"":                                             "https",
		"https://":                                     "no host",
		"https:///path":                                "no host",
		"https://:443/":                                "no host",
		"https://u:p@example.com":                      "user name",
		"https://u@example.com":                        "user name",
		"https://example.com/#x":                       "fragment",
		"https://example.com/#":                        "fragment",
		"https://example.com:0/":                       "port",
		"https://example.com:/":                        "port",
		"https://example.com:99999/":                   "port",
		"https://example.com:x/":                       "not a URL",
		"https://exa mple.com/":                        "not a URL",
		"https://example.com/\x00":                     "not a URL",
		"https://example.com/\xff":                     "not a URL",
		"https://e.com/" + strings.Repeat("a", maxURL): "bytes",
		"https://127.0.0.1/":                           "public",
		"https://169.254.169.254/latest":               "public",
		"https://[::1]/":                               "public",
		"https://[::ffff:127.0.0.1]/":                  "public",
		"https://[fe80::1%25lo]/":                      "public",
		"https://[64:ff9b::7f00:1]/":                   "public",
		"https://localhost/":                           "machine",
		"https://LOCALHOST./":                          "machine",
		"https://a.localhost":                          "machine",
		"https://2130706433/":                          "number",
		"https://0x7f000001/":                          "number",
		"https://0x7f.1/":                              "number",
		"https://017700000001/":                        "number",
		"https://0177.0.0.1/":                          "number",
		"https://127.1/":                               "number",
		"https://127.0.0.1./":                          "number",
		"https://1.2.3.4.5/":                           "number",
		"https://0xzz/":                                "number",
		"https://99999999999999999999999999/":          "number",
	} {
		got := Policy{}.checkURL(text)
		if (got == "") != (problem == "") || !strings.Contains(got, problem) {
			t.Errorf("%q: %q, want %q", text, got, problem)
		}
	}
	for _, text := range []string{"http://localhost:8080/", "http://127.0.0.1/", "http://[::1]/", "http://app.localhost/"} {
		if problem := localhost.checkURL(text); problem != "" {
			t.Errorf("%s: %s", text, problem)
		}
	}
}

// FuzzURL: a URL that is let through can be requested, and where its host is an
// address it is a public one.
func FuzzURL(f *testing.F) {
	f.Add("https://[fe80::1%25lo]/")
	f.Add("https://0x7f.1")
	f.Fuzz(func(t *testing.T, text string) {
		if (Policy{}).checkURL(text) != "" {
			return
		}
		request, err := http.NewRequest(http.MethodPost, text, nil)
		if err != nil || request.URL.Scheme != "https" {
			t.Fatalf("%q: %v", text, err)
		}
		if address, err := netip.ParseAddr(request.URL.Hostname()); err == nil && !(Policy{}).allows(address) {
			t.Errorf("%q points to %s", text, address)
		}
	})
}

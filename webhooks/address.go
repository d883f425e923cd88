package webhooks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"
)

// Policy says where webhooks may go beyond https to public addresses.
type Policy struct {
	AllowHTTP     bool           // URLs of http:// too
	AllowCIDRs    []netip.Prefix // addresses to reach although they are not public
	AllowLoopback bool           // 127.0.0.0/8 and ::1, and the name localhost: for trials on one machine
}

// errForbiddenAddress is the error of a connection to an address that the policy does
// not allow.
var errForbiddenAddress = errors.New("webhooks: the address is not a public one")

// special lists the special-purpose addresses of the IANA registries, with their
// purpose. Of IPv6 only 2000::/3 is allocated, so the list has the special addresses
// within it; ::1, mapped addresses, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), 100::/64,
// 5f00::/16, fc00::/7, fe80::/10 and ff00::/8 are outside of it.
var (
	globalUnicast6 = netip.MustParsePrefix("2000::/3")
	special        = prefixes(
		"0.0.0.0/8",         // this network
		"10.0.0.0/8",        // private
		"100.64.0.0/10",     // carrier-grade NAT
		"127.0.0.0/8",       // loopback
		"168.63.129.16/32",  // the virtual machine's host, in Azure
		"169.254.0.0/16",    // link-local, and every cloud's metadata
		"172.16.0.0/12",     // private
		"192.0.0.0/24",      // protocol assignments
		"192.0.2.0/24",      // documentation
		"192.31.196.0/24",   // AS112
		"192.52.193.0/24",   // AMT
		"192.88.99.0/24",    // 6to4 relays
		"192.168.0.0/16",    // private
		"192.175.48.0/24",   // AS112
		"198.18.0.0/15",     // benchmarks
		"198.51.100.0/24",   // documentation
		"203.0.113.0/24",    // documentation
		"224.0.0.0/4",       // multicast
		"240.0.0.0/4",       // reserved, and broadcast
		"2001::/23",         // protocol assignments: Teredo, ORCHID, benchmarks, AMT
		"2001:db8::/32",     // documentation
		"2002::/16",         // 6to4: an IPv4 address in disguise
		"2620:4f:8000::/48", // AS112
		"3fff::/20",         // documentation
	)
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// allows returns whether a request may go to an address. Addresses with a zone and
// mapped addresses (::ffff:1.2.3.4) are never allowed.
func (p Policy) allows(address netip.Addr) bool {
	if !address.IsValid() || address.Zone() != "" || address.Is4In6() {
		return false
	}
	if p.AllowLoopback && address.IsLoopback() {
		return true
	}
	for _, prefix := range p.AllowCIDRs {
		if prefix.Contains(address) {
			return true
		}
	}
	if address.Is6() && !globalUnicast6.Contains(address) {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}

// control checks the address of a connection before it is made. The dialer calls it
// after the name is resolved, so a redirect or a changed name cannot avoid the check.
func (p Policy) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" || !p.allows(to.Addr()) {
		return fmt.Errorf("%w: %s", errForbiddenAddress, address)
	}
	return nil
}

// dialer returns the dialer for the connections to endpoints.
func (p Policy) dialer() *net.Dialer { return &net.Dialer{ControlContext: p.control} }

// maxURL is the greatest length of an endpoint's URL, in bytes.
const maxURL = 2048

// checkURL returns what is wrong with an endpoint's URL, "" for nothing. The dialer
// guards every connection; this check gives the caller an error at once where each
// delivery would fail.
func (p Policy) checkURL(text string) string {
	if len(text) > maxURL {
		return fmt.Sprintf("has %d bytes; at most %d are allowed", len(text), maxURL)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || !utf8.ValidString(text):
		return "is not a URL"
	case u.Scheme == "http" && !p.AllowHTTP:
		return "must begin with https://"
	case u.Scheme != "https" && u.Scheme != "http":
		return "must begin with https://"
	case u.User != nil:
		return "must not contain a user name or password"
	case u.Fragment != "" || strings.Contains(text, "#"):
		return "must not contain a fragment (#)"
	case u.Hostname() == "":
		return "names no host"
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "has a port that is not 1 to 65535"
		}
	}
	return p.checkHost(u.Hostname())
}

// checkHost refuses addresses that the policy does not allow, in every form that a
// resolver accepts as an address, and names of this machine.
func (p Policy) checkHost(host string) string {
	if address, err := netip.ParseAddr(host); err == nil {
		if !p.allows(address) {
			return fmt.Sprintf("points to %s, which is not a public address", address)
		}
		return ""
	}
	if strings.ContainsAny(host, ":%") {
		return "is not a URL"
	}
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		if !p.AllowLoopback {
			return "points to this machine, which is not a public address"
		}
		return ""
	}
	// 2130706433, 0x7f000001, 0177.0.0.1, 127.1: a name never ends in a number.
	last := name[strings.LastIndexByte(name, '.')+1:]
	if _, err := strconv.ParseUint(last, 0, 64); err == nil || last == "" || strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return "names a host that ends in a number: write an address as 203.0.113.7 or [2001:db8::7]"
	}
	return ""
}

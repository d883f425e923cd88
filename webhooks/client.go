package webhooks

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	maxResponse       = 8 << 10  // bytes of a response that are read
	maxResponseHeader = 64 << 10 // bytes
	maxErrorText      = 500      // bytes
)

// newClient returns the client that all attempts share. It follows no redirects, uses no
// proxy (the policy would check the proxy's address), asks for no compression (a small
// response could expand to a large one), and reaches only addresses that the policy
// allows.
//
// The transport continues to make a connection after its request has ended, for other
// requests to use. It therefore has time-outs of its own. Without them each attempt at a
// receiver that never completes a connection would leave one behind.
func newClient(policy Policy, limits Connections, timeout time.Duration) *http.Client {
	dialer := policy.dialer()
	dialer.Timeout = timeout
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true, // off by default with a custom dialer
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxResponseHeader,
			TLSHandshakeTimeout:    timeout,
			MaxIdleConns:           max(limits.InAll/4, 1),
			MaxIdleConnsPerHost:    limits.PerEndpoint,
			IdleConnTimeout:        90 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post makes one attempt. The timeout covers all of it: name resolution, connection,
// TLS, headers and body. A failure of the receiver is an answer. An error means that the
// secret cannot sign, or that ctx ended; then it is not known whether the receiver got
// the message.
func post(ctx context.Context, client *http.Client, to *target, d *delivery, timeout time.Duration) (*answer, error) {
	started := time.Now()
	timestamp, signature, err := sign(to.keys, d.messageID, started, d.body)
	if err != nil {
		return nil, err
	}
	deadline, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	a := &answer{started: started}
	request, err := http.NewRequestWithContext(deadline, http.MethodPost, to.url, bytes.NewReader(d.body))
	if err == nil {
		request.Header = http.Header{
			"Content-Type":      {"application/json"},
			"User-Agent":        {"Tallystick-Webhooks/1"},
			"Webhook-Id":        {d.messageID},
			"Webhook-Timestamp": {timestamp},
			"Webhook-Signature": {signature},
			// An empty value is not sent. It allows the transport to repeat the
			// request when the receiver has closed an idle connection.
			"Idempotency-Key": {},
		}
		err = a.exchange(client, request)
	}
	a.duration = time.Since(started)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	a.classify(err)
	return a, nil
}

// exchange sends the request and reads the part of the response that is kept.
func (a *answer) exchange(client *http.Client, request *http.Request) error {
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // all that is needed was read
	a.header = response.Header
	a.body, err = io.ReadAll(io.LimitReader(response.Body, maxResponse))
	if err != nil && response.StatusCode <= 299 {
		// A success whose body does not end counts as a failure. Else a receiver that
		// sends its body slowly would keep a connection for the whole timeout.
		return err
	}
	a.status = response.StatusCode
	return nil
}

// classify sets the class of the error: timeout, blocked (by the policy), dns, connect,
// tls, protocol, redirect or status.
func (a *answer) classify(err error) {
	var (
		dns     *net.DNSError
		op      *net.OpError
		timeout net.Error
		unknown *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case err == nil && a.ok():
		return
	case err == nil && a.status >= 300 && a.status <= 399:
		a.errorClass, a.err = "redirect", fmt.Sprintf("answered %d; redirects are not followed", a.status)
		return
	case err == nil:
		a.errorClass, a.err = "status", fmt.Sprintf("answered %d", a.status)
		return
	case errors.Is(err, errForbiddenAddress):
		a.errorClass = "blocked"
	case errors.As(err, &timeout) && timeout.Timeout():
		a.errorClass = "timeout"
	case errors.As(err, &dns):
		a.errorClass = "dns"
	case errors.As(err, &unknown), errors.As(err, &record), errors.As(err, &alert):
		a.errorClass = "tls"
	case errors.As(err, &op) && op.Op == "dial":
		a.errorClass = "connect"
	default:
		a.errorClass = "protocol"
	}
	a.err = clean(err.Error())
}

// clean makes a text valid for a column: of limited length, UTF-8, and without NUL.
func clean(text string) string {
	text = text[:min(len(text), maxErrorText)]
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

package webhooks

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Outcomes of an attempt. All but retry end the delivery.
const (
	delivered = "delivered" // 2xx
	retry     = "retry"     // failed; another attempt follows
	exhausted = "exhausted" // failed; it was the last
	aborted   = "aborted"   // failed; the receiver asked for no other
)

// DefaultRetries are the waits after each failed attempt: 13 attempts in 72.7 hours.
var DefaultRetries = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
	3 * time.Hour, 6 * time.Hour, 10 * time.Hour, 14 * time.Hour, 18 * time.Hour, 20 * time.Hour,
}

// maxPause is the longest pause that a receiver can ask for.
const maxPause = 6 * time.Hour

// spread changes a wait by up to 20 % either way, so that deliveries that failed together
// are not repeated together.
func spread(wait time.Duration) time.Duration {
	fifth := int64(wait) / 5
	return wait - time.Duration(fifth) + time.Duration(rand.Int64N(2*fifth+1))
}

// answer is the result of one POST.
type answer struct {
	started    time.Time
	duration   time.Duration
	status     int // 0: no response
	header     http.Header
	body       []byte // the first 8 KiB
	errorClass string // see classify; "" for a 2xx
	err        string
}

func (a *answer) ok() bool { return a.status >= 200 && a.status <= 299 }

// verdict is the consequence of an answer for the delivery and its endpoint.
type verdict struct {
	outcome string
	wait    time.Duration // until the next attempt, of a retry
	pause   time.Duration // of the whole endpoint; 0: none
	disable string        // the reason to disable the endpoint; "": none
}

// judge applies the rules in this order. 2xx is success. 410 and `webhook-delivery:
// disable` disable the endpoint. Retry-After pauses the endpoint. `webhook-delivery:
// abort-message` ends the delivery. Anything else, including redirects and refused
// connections, is tried again until the last attempt. n is the number of the attempt,
// from 1.
func judge(a *answer, n int, retries []time.Duration, spread func(time.Duration) time.Duration) verdict {
	if a.ok() {
		return verdict{outcome: delivered}
	}
	v := verdict{outcome: retry, pause: retryAfter(a.header.Get("Retry-After"), a.started.Add(a.duration))}
	control := strings.ToLower(strings.TrimSpace(a.header.Get("webhook-delivery")))
	switch {
	case a.status == http.StatusGone:
		v.disable = "the receiver answered 410 Gone"
	case control == "disable":
		v.disable = "the receiver answered webhook-delivery: disable"
	}
	switch {
	case control == "abort-message":
		v.outcome = aborted
	case n > len(retries):
		v.outcome = exhausted
	default:
		v.wait = spread(retries[n-1])
	}
	return v
}

// retryAfter returns the wait that the header asks for, in seconds or as an HTTP date; 0
// when it is not valid.
func retryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxPause)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), maxPause)
	}
	return 0
}

package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/go-faster/jx"
	"github.com/valyala/fasthttp"
)

// place is the place in the log that a response is of: a shard and the sequence of a
// commit.
type place struct {
	shard    int
	sequence uint64
}

func (p place) String() string { return fmt.Sprintf("%d:%d", p.shard, p.sequence) }

// placeOf reads the Tally-Sequence header.
func placeOf(response *fasthttp.Response) (place, bool) {
	shard, sequence, _ := bytes.Cut(response.Header.Peek("Tally-Sequence"), []byte{':'})
	number, err := strconv.Atoi(string(shard))
	if err != nil {
		return place{}, false
	}
	position, err := strconv.ParseUint(string(sequence), 10, 64)
	return place{number, position}, err == nil
}

// retryAfter returns the wait that the server asks for, or the longest that a load
// allows if that is less.
func retryAfter(response *fasthttp.Response) time.Duration {
	header := response.Header.Peek("Retry-After")
	if len(header) == 0 {
		return 0
	}
	seconds, err := strconv.ParseFloat(string(header), 64)
	if err != nil {
		seconds = 1 // a date
	}
	return min(max(time.Duration(seconds*float64(time.Second)), shortPause), time.Second)
}

// shortPause is the pause between attempts when the server names none.
const shortPause = 10 * time.Millisecond

// problem is an error response of the API.
type problem struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// kindOf returns the status and code of an error response.
func kindOf(response *fasthttp.Response) string {
	var answer problem
	if json.Unmarshal(response.Body(), &answer) != nil || answer.Error.Code == "" {
		return strconv.Itoa(response.StatusCode())
	}
	return fmt.Sprintf("%d %s", response.StatusCode(), answer.Error.Code)
}

// readBatch reads the response to a batch. It returns the number of completed
// transactions and calls failed with the code of each other one.
func readBatch(d *jx.Decoder, failed func(code string)) (completed int, err error) {
	err = d.Arr(func(d *jx.Decoder) error {
		status, code, err := readOutcome(d)
		if err != nil {
			return err
		}
		switch {
		case status == "completed":
			completed++
		case code != "":
			failed(code)
		default:
			failed("status " + status)
		}
		return nil
	})
	return completed, err
}

// readOutcome reads one line. Only the outermost status counts: the error of a duplicate
// has the earlier transaction in it, whose status is completed.
func readOutcome(d *jx.Decoder) (status, code string, err error) {
	err = d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "status":
			if status, err = readStatus(d); err != nil {
				return err
			}
		case "error":
			code, err = readCode(d)
		default:
			return d.Skip()
		}
		return err
	})
	return status, code, err
}

// readStatus reads a status, without an allocation for the common one.
func readStatus(d *jx.Decoder) (string, error) {
	raw, err := d.Raw()
	if string(raw) == `"completed"` {
		return "completed", err
	}
	return string(bytes.Trim(raw, `"`)), err
}

func readCode(d *jx.Decoder) (code string, err error) {
	err = d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		if string(key) != "code" {
			return d.Skip()
		}
		code, err = d.Str()
		return err
	})
	return code, err
}

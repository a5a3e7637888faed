package google

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"google.golang.org/api/googleapi"
)

// Refusal is a token endpoint's no, as RFC 6749 writes it.
type Refusal struct {
	Status      int
	Code        string // "invalid_grant"
	Subtype     string // "invalid_rapt": what Google adds to some
	Description string
}

func (r *Refusal) Error() string {
	text := fmt.Sprintf("token endpoint answered %d: %s", r.Status, r.Code)
	if r.Subtype != "" {
		text += " (" + r.Subtype + ")"
	}
	if r.Description != "" {
		text += ": " + r.Description
	}
	return text
}

// maxRefusal is how much of a refusal is read.
const maxRefusal = 64 << 10

// refusing makes an error of every answer that is no token. The SDK would make
// text of most of them, and text cannot be told apart.
type refusing struct{ base http.RoundTripper }

func (t refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.base.RoundTrip(req)
	if err != nil || res.StatusCode/100 == 2 {
		return res, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxRefusal))
	return nil, errors.Join(refusalOf(res, body), err, res.Body.Close())
}

// refusalOf reads RFC 6749's form, or that of Google's APIs.
func refusalOf(res *http.Response, body []byte) error {
	var answer struct {
		Error       string `json:"error"`
		Subtype     string `json:"error_subtype"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Error != "" {
		return &Refusal{Status: res.StatusCode, Code: answer.Error, Subtype: answer.Subtype, Description: answer.Description}
	}
	return googleapi.CheckResponseWithBody(res, body)
}

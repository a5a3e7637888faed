package gateway

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// response is what a function answers in payload format 2.0.
type response struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Cookies         []string          `json:"cookies"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

var errResponse = errors.New("the function's answer is not a response")

// parseResponse reads a function's answer. JSON without a status code is a whole body, answered with 200.
func parseResponse(payload []byte) (response, []byte, error) {
	if !json.Valid(payload) {
		return response{}, nil, errResponse
	}
	var fields map[string]json.RawMessage
	isObject := json.Unmarshal(payload, &fields) == nil
	if !isObject || fields["statusCode"] == nil {
		return response{StatusCode: http.StatusOK, Headers: map[string]string{"content-type": "application/json"}}, payload, nil
	}
	var out response
	if err := json.Unmarshal(payload, &out); err != nil || out.StatusCode < 100 || out.StatusCode > 999 {
		return response{}, nil, errResponse
	}
	if !out.IsBase64Encoded {
		return out, []byte(out.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(out.Body)
	if err != nil {
		return response{}, nil, errResponse
	}
	return out, body, nil
}

func (r response) write(w http.ResponseWriter, body []byte) {
	h := w.Header()
	for name, value := range r.Headers {
		if strings.HasPrefix(strings.ToLower(name), "access-control-") && h.Get(name) != "" {
			continue // the API's own CORS configuration wins
		}
		h.Set(name, value)
	}
	h.Del("Content-Length")
	h.Del("Connection")
	h.Del("Transfer-Encoding")
	for _, cookie := range r.Cookies {
		h.Add("Set-Cookie", cookie)
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(r.StatusCode)
	_, _ = w.Write(body)
}

// refuse answers as API Gateway itself does: the status's name as a JSON message.
func refuse(w http.ResponseWriter, status int) {
	text := http.StatusText(status)
	if status == http.StatusRequestEntityTooLarge {
		text = "Request Entity Too Large"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": text})
}

package googlepeer

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// pin holds the generation that a request asks for against the object's, which
// the emulator does only for some requests.
func (s *storage) pin(r *http.Request, q storageRequest, caller string) *problem {
	found, err := s.generation(r.Context(), q.bucket, q.object)
	if err != nil {
		return internal(err)
	}
	query := r.URL.Query()
	match, wanted := query.Get("ifGenerationMatch"), query.Get("generation")
	if q.xml {
		match = r.Header.Get("X-Goog-If-Generation-Match")
	}
	missing := notFound("No such object: " + q.bucket + "/" + q.object)
	switch {
	case found == "" && !s.peer.policy.allows(caller, "storage.objects.list", bucketResource(q.bucket)):
		// Whether there is such an object is told only to who may list them.
		return denied(caller, "storage.objects.get", "object")
	case found == "":
		return missing
	case wanted != "" && wanted != found && !s.versioned(q.bucket):
		return missing
	case match != "" && match != found:
		return &problem{
			status: http.StatusPreconditionFailed, reason: "conditionNotMet", at: "If-Match", atType: "header",
			message: "At least one of the pre-conditions you specified did not hold.",
		}
	}
	return nil
}

func (s *storage) versioned(bucket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buckets[bucket].Versioned
}

// generation returns the live generation of an object, "" when there is none.
func (s *storage) generation(ctx context.Context, bucket, object string) (string, error) {
	base, err := s.upstream(ctx)
	if err != nil {
		return "", err
	}
	status, body, err := s.peer.call(ctx, http.MethodGet, base+"/storage/v1/b/"+url.PathEscape(bucket)+"/o/"+url.PathEscape(object), "", nil)
	if err != nil || status == http.StatusNotFound {
		return "", err
	}
	var answer struct {
		Generation string `json:"generation"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", fmt.Errorf("decoding an object: %w", err)
	}
	return answer.Generation, nil
}

// refuse answers in the form of the API that was called: JSON, text for
// content, XML for the XML API.
func (q storageRequest) refuse(w http.ResponseWriter, e *problem) {
	switch {
	case q.xml:
		w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
		w.WriteHeader(e.status)
		_ = xml.NewEncoder(w).Encode(xmlError{Code: xmlCode(e.status, q), Message: http.StatusText(e.status), Details: e.message}) // the client is gone
	case q.media:
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.message) // the client is gone
	default:
		e.write(w)
	}
}

type xmlError struct {
	XMLName xml.Name `xml:"Error"`
	Code    string
	Message string
	Details string
}

func xmlCode(status int, q storageRequest) string {
	switch status {
	case http.StatusUnauthorized:
		return "AuthenticationRequired"
	case http.StatusForbidden:
		return "AccessDenied"
	case http.StatusNotFound:
		if q.object == "" {
			return "NoSuchBucket"
		}
		return "NoSuchKey"
	case http.StatusPreconditionFailed:
		return "PreconditionFailed"
	case http.StatusBadRequest:
		return "UserProjectMissing"
	default:
		return "InternalError"
	}
}

func replaceBody(r *http.Response, body []byte) error {
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	r.ContentLength = int64(len(body))
	err := r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err
}

// call sends the peer's own request to an emulator, and returns the status and the body.
func (p *Peer) call(ctx context.Context, method, target, contentType string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("making a request: %w", err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("calling an emulator: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read to its end
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("reading an emulator's answer: %w", err)
	}
	return resp.StatusCode, answer, nil
}

package snowflake

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fetching of chunks. Stores answer 503 when they are busy, and the reader
// above begins again from its checkpoint when these attempts are used up.
const (
	chunkAttempts = 4
	chunkPause    = 50 * time.Millisecond
	readAhead     = 256 << 10
)

// linkError is the store's refusal of a chunk's address: it was signed too long
// ago or, when it is new, the store does not admit this network.
type linkError struct {
	Host   string // nothing else of the address may be shown
	Status int
}

func (e *linkError) Error() string {
	return "the store of results at " + e.Host + " answered " + strconv.Itoa(e.Status)
}

// open returns the Arrow stream of a part.
func (s *session) open(ctx context.Context, r result, p part) (io.ReadCloser, error) {
	if p.inline != "" {
		return io.NopCloser(base64.NewDecoder(base64.StdEncoding, strings.NewReader(p.inline))), nil
	}
	pause := chunkPause
	for attempt := 1; ; attempt++ {
		body, err := s.download(ctx, r, p)
		if err == nil || attempt == chunkAttempts || !busy(err) {
			return body, err
		}
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
		pause *= 4
	}
}

// busy reports whether a store may answer the next time.
func busy(err error) bool {
	var answer *httpError
	return errors.As(err, &answer) && (answer.Status >= http.StatusInternalServerError || answer.Status == http.StatusTooManyRequests)
}

func (s *session) download(ctx context.Context, r result, p part) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL, http.NoBody)
	if err != nil {
		return nil, errors.New("the address of a chunk is not valid") // and must not be shown
	}
	for name, value := range r.Headers {
		req.Header.Set(name, value)
	}
	if len(r.Headers) == 0 && r.Key != "" {
		req.Header.Set("X-Amz-Server-Side-Encryption-Customer-Algorithm", "AES256")
		req.Header.Set("X-Amz-Server-Side-Encryption-Customer-Key", r.Key)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetching a chunk: %w", withoutURL(err))
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close() // the status says it all
		// S3 answers 403 for a link past its time, Azure 403, Cloud Storage 400.
		if resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusBadRequest {
			return nil, &linkError{Host: req.URL.Hostname(), Status: resp.StatusCode}
		}
		return nil, &httpError{Status: resp.StatusCode, Doing: "the store of results"}
	}
	return uncompressed(resp.Body)
}

// body is a stream and what it is read from.
type body struct {
	io.Reader
	io.Closer
}

func uncompressed(from io.ReadCloser) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(from, readAhead)
	magic, err := buffered.Peek(2)
	if err != nil {
		_ = from.Close() // that it is broken is known
		return nil, fmt.Errorf("fetching a chunk: %w", cutOff(err))
	}
	if magic[0] != 0x1f || magic[1] != 0x8b {
		return body{buffered, from}, nil
	}
	plain, err := gzip.NewReader(buffered)
	if err != nil {
		_ = from.Close() // that it is broken is known
		return nil, fmt.Errorf("fetching a chunk: %w", cutOff(err))
	}
	return body{plain, from}, nil
}

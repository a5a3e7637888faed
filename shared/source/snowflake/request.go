package snowflake

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Codes of answers that are no failures.
const (
	codeSessionExpired = "390112"
	codeInProgress     = "333333"
	codeInProgressAsyn = "333334"
)

// httpError is an answer that does not come from the service itself but from
// what stands before it, or from the store of results.
type httpError struct {
	Status int
	Doing  string
}

func (e *httpError) Error() string { return e.Doing + " answered " + strconv.Itoa(e.Status) }

// answer is what the service answers a request about a statement.
type answer struct {
	Success bool   `json:"success"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Data    result `json:"data"`
}

// request sends a request of the session to the service, as gosnowflake does
// (restful.go there). A token that has expired is renewed, a session that is
// gone is opened again, each once. Success is false only when in progress.
func (s *session) request(ctx context.Context, method, path string, query url.Values, body any) (answer, error) {
	for attempt := 0; ; attempt++ {
		if token, _, _ := s.tokens.GetTokens(); token == "" {
			if err := s.connect(ctx); err != nil {
				return answer{}, err
			}
		}
		a, err := s.send(ctx, method, path, query, body)
		if err != nil {
			return answer{}, err
		}
		switch {
		case a.Code == codeInProgress, a.Code == codeInProgressAsyn, a.Success:
			return a, nil
		case attempt == 0 && a.Code == codeSessionExpired:
			// The SDK renews the token when a statement of its own meets it.
			err = s.exec(ctx, "SELECT 1")
		case attempt == 0 && sessionLost(a.refusal()):
			err = s.discard(ctx)
			s.tokens.SetTokens("", "", 0)
		default:
			return answer{}, a.refusal()
		}
		if err != nil {
			return answer{}, err
		}
	}
}

// refusal is the service's error.
func (a answer) refusal() error {
	number, err := strconv.Atoi(a.Code)
	if err != nil {
		number = -1
	}
	return withoutValues(&sf.SnowflakeError{Number: number, SQLState: a.Data.SQLState, QueryID: a.Data.QueryID, Message: a.Message})
}

// withoutValues takes the text out of a refusal that quotes the data: errors are
// logged, and the query's id leads to the text at Snowflake.
func withoutValues(err error) error {
	refusal, ok := errors.AsType[*sf.SnowflakeError](err)
	if !ok || !aboutData(refusal) {
		return err
	}
	return &sf.SnowflakeError{
		Number: refusal.Number, SQLState: refusal.SQLState, QueryID: refusal.QueryID, IncludeQueryID: true,
		Message: "the text may quote the data and is left out",
	}
}

// aboutData reports whether a statement failed on a value that it read: by the
// class of the SQLSTATE, or as one of the numbers from 100000, which are those
// of conversions, arithmetic and functions at run time.
func aboutData(refusal *sf.SnowflakeError) bool {
	return codes[refusal.Number] == "" && (strings.HasPrefix(refusal.SQLState, "22") || refusal.Number/1000 == 100)
}

// maxAnswer bounds an answer; the service sends at most a few megabytes of rows
// in it, and about a kilobyte for each chunk.
const maxAnswer = 256 << 20

func (s *session) send(ctx context.Context, method, path string, query url.Values, body any) (answer, error) {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, fmt.Errorf("writing the request: %w", err)
		}
		payload = bytes.NewReader(text)
	}
	u := *s.config.endpoint
	u.Path = path
	if query == nil {
		query = url.Values{}
	}
	if !query.Has("requestId") {
		query.Set("requestId", newID())
	}
	query.Set("request_guid", newID())
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), payload)
	if err != nil {
		return answer{}, err
	}
	token, _, _ := s.tokens.GetTokens()
	req.Header.Set("Authorization", `Snowflake Token="`+token+`"`)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/snowflake")
	// The session is the SDK's, and so is the client that the service takes this for.
	req.Header.Set("Client_app_id", "Go")
	req.Header.Set("Client_app_version", sf.SnowflakeGoDriverVersion)
	req.Header.Set("User-Agent", "Go/"+sf.SnowflakeGoDriverVersion+" Headwater")
	resp, err := s.http.Do(req)
	if err != nil {
		return answer{}, withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }() // what was read of it counts
	if resp.StatusCode != http.StatusOK {
		return answer{}, &httpError{Status: resp.StatusCode, Doing: "the service"}
	}
	return decode(resp.Body, maxAnswer)
}

// decode reads an answer of at most limit bytes.
func decode(from io.Reader, limit int64) (answer, error) {
	var a answer
	limited := &io.LimitedReader{R: from, N: limit + 1}
	err := json.NewDecoder(limited).Decode(&a)
	switch {
	case limited.N == 0:
		return answer{}, fault.New(fault.SourceUnsupported, "the result has too many chunks to list: import it in parts, by queries or row filters, or raise CLIENT_RESULT_CHUNK_SIZE of the user to 160")
	case err != nil:
		return answer{}, fmt.Errorf("reading the answer: %w", cutOff(err))
	}
	return a, nil
}

// withoutURL takes the address out of an error of net/http: that of a chunk is
// a credential, and no other one helps.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}

// cutOff makes an end in the middle of an answer what it is, not an end of the rows.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// newID is a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

package snowflake

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"

	"github.com/headwaterhq/headwater/shared/fault"
)

// result is what the service says about a query, and its first rows.
type result struct {
	QueryID  string `json:"queryId"`
	SQLState string `json:"sqlState"`

	Columns   []wireColumn `json:"rowtype"`
	Format    string       `json:"queryResultFormat"`
	Rows      int64        `json:"total"`
	Statement int64        `json:"statementTypeId"`

	First   string            `json:"rowsetBase64"` // an Arrow stream
	Chunks  []chunk           `json:"chunks"`
	Headers map[string]string `json:"chunkHeaders"` // to send when a chunk is fetched
	Key     string            `json:"qrmk"`         // where there are no headers, of S3's encryption
}

// chunk is a further part of the rows, in the account's store. Its URL is
// signed, and so a secret, and expires after some hours.
type chunk struct {
	URL          string `json:"url"`
	Rows         int64  `json:"rowCount"`
	Compressed   int64  `json:"compressedSize"`
	Uncompressed int64  `json:"uncompressedSize"`
}

// wireColumn is a column of a result.
type wireColumn struct {
	Name     string `json:"name"`
	Nullable bool   `json:"nullable"`
	wireType
}

// wireType is a type as results describe it.
type wireType struct {
	Type       string     `json:"type"`
	Extension  string     `json:"extTypeName"` // GEOGRAPHY, GEOMETRY
	Precision  int32      `json:"precision"`
	Scale      int32      `json:"scale"`
	Length     int64      `json:"length"`
	Dimensions int64      `json:"vectorDimension"`
	Fields     []wireNest `json:"fields"`
}

type wireNest struct {
	Name     string `json:"name"`
	Nullable bool   `json:"nullable"`
	wireType
}

// statementSelect is the type of a statement that only reads. Source: gosnowflake's connection.go.
const statementSelect = 0x1000

// fetch asks for the result of a query that has ended. The service keeps it for
// 24 hours and gives it to whoever runs as the same user.
func (s *session) fetch(ctx context.Context, query string) (result, error) {
	pause := firstPause
	for {
		a, err := s.request(ctx, http.MethodGet, "/queries/"+url.PathEscape(query)+"/result", nil, nil)
		if err != nil {
			return result{}, fmt.Errorf("finding the result: %w", err)
		}
		if a.finished() {
			return a.Data, a.Data.readable()
		}
		if err := wait(ctx, pause); err != nil {
			return result{}, err
		}
		pause = min(2*pause, maxPause)
	}
}

// readable refuses rows that are not in Arrow: JSON has lost digits already.
func (r result) readable() error {
	if r.Format != "arrow" && r.Rows > 0 {
		return fault.New(fault.SourceUnsupported, "the account does not give results in Arrow format")
	}
	return nil
}

// part is one of the parts of a result: the first rows, then the chunks.
type part struct {
	inline string
	chunk
}

// parts are all parts, in order.
func (r result) parts() []part {
	parts := make([]part, 0, 1+len(r.Chunks))
	if r.First != "" {
		rows := r.Rows
		for _, c := range r.Chunks {
			rows -= c.Rows
		}
		size := int64(base64.StdEncoding.DecodedLen(len(r.First)))
		parts = append(parts, part{inline: r.First, chunk: chunk{Rows: rows, Compressed: size, Uncompressed: size}})
	}
	for _, c := range r.Chunks {
		parts = append(parts, part{chunk: c})
	}
	return parts
}

// size is what a part weighs on the wire.
func (p part) size() int64 {
	if p.Compressed > 0 {
		return p.Compressed
	}
	return p.Uncompressed
}

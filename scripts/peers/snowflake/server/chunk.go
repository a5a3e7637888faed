package server

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/arrowchunk"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/command"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
)

// The header that a client must send along with the request for a chunk.
const (
	headerAlgorithm = "x-amz-server-side-encryption-customer-algorithm"
	headerKey       = "x-amz-server-side-encryption-customer-key"
)

// chunks are the rows of a result as they go out: a first stream within the
// answer, the others compressed and behind addresses.
type chunks struct {
	inline []byte
	parts  []part
	rows   int
	bytes  int
	secret string
}

type part struct {
	data               []byte
	rows, uncompressed int
}

// pack encodes the rows of a result.
func pack(ctx context.Context, out command.Outcome, settings Settings) (*chunks, error) {
	c := &chunks{secret: token()}
	b := arrowchunk.New(out.Columns, out.Sources)
	limit := settings.InlineRows
	first := true
	flush := func() error {
		rows := b.Rows()
		data, err := b.Finish()
		if err != nil {
			return err
		}
		c.bytes += len(data)
		if first {
			c.inline, first, limit = data, false, settings.ChunkRows
			return nil
		}
		compressed, err := compress(data)
		if err != nil {
			return err
		}
		c.parts = append(c.parts, part{compressed, rows, len(data)})
		return nil
	}
	for batch := out.Rows.Next(); batch != nil; batch = out.Rows.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.rows += batch.Rows
		for at := 0; at < batch.Rows; {
			if b.Rows() >= limit {
				if err := flush(); err != nil {
					return nil, err
				}
			}
			n := min(limit-b.Rows(), batch.Rows-at)
			b.Add(batch, at, at+n)
			at += n
		}
	}
	if first || b.Rows() > 0 {
		return c, flush()
	}
	return c, nil
}

func compress(data []byte) ([]byte, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("compressing a chunk: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return nil, fmt.Errorf("compressing a chunk: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing a chunk: %w", err)
	}
	return buf.Bytes(), nil
}

// finish answers with a finished query's result or error. Every answer signs
// the addresses of the chunks anew.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, q *query) {
	if q.err != nil {
		s.refuse(w, q.err, q.id)
		return
	}
	s.mu.Lock()
	expired, settings := q.expired, s.settings
	s.mu.Unlock()
	if expired {
		s.refuse(w, refusal.ResultExpired(q.id), q.id)
		return
	}
	rowtype := make([]any, len(q.outcome.Columns))
	for i, c := range q.outcome.Columns {
		rowtype[i] = c.Row()
	}
	data := map[string]any{
		"parameters": parameters(q.session.Session), "rowtype": rowtype, "queryId": q.id, "sqlState": "00000", "statementTypeId": q.outcome.Type, "version": 1, "numberOfBinds": 0,
		"databaseProvider": nil, "finalDatabaseName": orNil(q.where.Database), "finalSchemaName": orNil(q.where.Schema), "finalWarehouseName": orNil(q.where.Warehouse), "finalRoleName": q.where.Role,
		"arrayBindSupported": false, "queryResultFormat": "json", "rowset": q.outcome.Texts, "total": len(q.outcome.Texts), "returned": len(q.outcome.Texts),
	}
	if q.describe {
		data["total"], data["returned"], data["rowset"] = 0, 0, []any{}
	}
	if c := q.chunks; c != nil && !q.describe {
		delete(data, "rowset")
		data["queryResultFormat"], data["rowsetBase64"] = "arrow", ""
		data["total"], data["returned"] = c.rows, c.rows
		if c.rows > 0 {
			data["rowsetBase64"] = base64.StdEncoding.EncodeToString(c.inline)
		}
		if len(c.parts) > 0 {
			list := make([]any, len(c.parts))
			for i, p := range c.parts {
				list[i] = map[string]any{"url": s.address(r, q, i, seconds(settings.ChunkSeconds)), "rowCount": p.rows, "uncompressedSize": p.uncompressed, "compressedSize": len(p.data)}
			}
			data["chunks"] = list
			data["chunkHeaders"] = map[string]string{headerAlgorithm: "AES256", headerKey: c.secret}
		}
	}
	s.reply(w, answer{Success: true, Data: data})
}

// address is where a chunk can be had for a while, by anyone who has it and
// the result's header.
func (s *Server) address(r *http.Request, q *query, i int, valid time.Duration) string {
	expires := strconv.FormatInt(s.now().Add(valid).Unix(), 10)
	return fmt.Sprintf("http://%s/results/%s/%d?Expires=%s&Signature=%s", r.Host, q.id, i, expires, s.sign(q.id, strconv.Itoa(i), expires))
}

func (s *Server) sign(parts ...string) string {
	h := hmac.New(sha256.New, s.key)
	for _, p := range parts {
		h.Write([]byte(p + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// chunk serves a part of a result as object storage would: what is wrong with
// a request is told in XML.
func (s *Server) chunk(w http.ResponseWriter, r *http.Request) {
	id, number, v := r.PathValue("id"), r.PathValue("chunk"), r.URL.Query()
	expires, err := strconv.ParseInt(v.Get("Expires"), 10, 64)
	if err != nil || !hmac.Equal([]byte(s.sign(id, number, v.Get("Expires"))), []byte(v.Get("Signature"))) {
		storageError(w, http.StatusForbidden, "SignatureDoesNotMatch")
		return
	}
	s.mu.Lock()
	q := s.queries[id]
	gone := q == nil || q.expired || !q.finished() || q.chunks == nil
	s.mu.Unlock()
	i, err := strconv.Atoi(number)
	switch {
	case s.now().Unix() > expires:
		storageError(w, http.StatusForbidden, "AccessDenied")
		return
	case gone || err != nil || i < 0 || i >= len(q.chunks.parts):
		storageError(w, http.StatusNotFound, "NoSuchKey")
		return
	case r.Header.Get(headerKey) != q.chunks.secret:
		storageError(w, http.StatusBadRequest, "InvalidRequest")
		return
	}
	data := q.chunks.parts[i].data
	w.Header().Set("Content-Type", "binary/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	switch s.chunkFault() {
	case "unavailable":
		storageError(w, http.StatusServiceUnavailable, "SlowDown")
	case "forbidden":
		storageError(w, http.StatusForbidden, "AccessDenied")
	case "reset":
		_, _ = w.Write(data[:len(data)/2])
		panic(http.ErrAbortHandler)
	case "truncated":
		w.Header().Set("Content-Length", strconv.Itoa(len(data)/2))
		_, _ = w.Write(data[:len(data)/2])
	default:
		_, _ = w.Write(data)
	}
}

func storageError(w http.ResponseWriter, status int, code string) {
	w.Header().Del("Content-Length")
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code></Error>", code)
}

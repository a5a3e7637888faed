package bigquery

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// result is some rows of a query's result that is read as JSON, page by page.
// That is how results come out of the regions of other clouds, where the Storage
// Read API is not. Source: limitations of BigLake and Omni.
type result struct {
	Job      string                       `json:"job"`
	Location string                       `json:"location"`
	From     int64                        `json:"from"`
	To       int64                        `json:"to"`
	Fields   []*bigquery.TableFieldSchema `json:"fields"`
}

// resultLife is how long BigQuery keeps a query's result.
const resultLife = 24 * time.Hour

// pageRows is how many rows are asked for at once; BigQuery gives fewer when
// they are large, at most some 10 MB.
const pageRows = 10_000

// resultSplits cuts a result into parts with as many rows each.
func resultSplits(done finished, w work, target int64) ([]source.Split, error) {
	job, rows := done.job, done.rows
	parts := int64(1)
	if target > 0 {
		parts = min(max((w.bytes+target-1)/target, 1), maxStreams, max(rows, 1))
	}
	var splits []source.Split
	for n := range parts {
		part := result{Job: job.JobReference.JobId, Location: job.JobReference.Location, From: rows * n / parts, To: rows * (n + 1) / parts, Fields: done.fields}
		if part.From == part.To {
			continue
		}
		detail, err := json.Marshal(split{Result: &part, Expires: time.Now().Add(resultLife).UTC(), Aliases: aliases(w)})
		if err != nil {
			return nil, err
		}
		splits = append(splits, source.Split{
			Label: fmt.Sprintf("%s, rows %d to %d", labelOf(w), part.From+1, part.To), Detail: detail,
			Rows: part.To - part.From, Bytes: w.bytes / parts,
		})
	}
	return splits, nil
}

// resultReader reads some rows of a result, one page for each batch.
type resultReader struct {
	session *session
	part    result
	schema  *arrow.Schema
	columns []resultColumn

	closing context.Context
	close   context.CancelFunc

	mu sync.Mutex // one Next at a time
	at place
}

// resultColumn is a wanted column, and where it stands in the result's rows.
type resultColumn struct {
	at    int
	field *bigquery.TableFieldSchema
	typ   schema.Type
}

func (s *session) readResult(part result, aliases map[string]string, wanted []schema.Column, from place) (source.Reader, error) {
	r := &resultReader{session: s, part: part, schema: source.ArrowSchema(wanted), at: from}
	for _, c := range wanted {
		name := cmp.Or(aliases[c.Name], c.Name)
		at := slices.IndexFunc(part.Fields, func(f *bigquery.TableFieldSchema) bool { return f.Name == name })
		if at < 0 {
			return nil, fault.New(fault.SourceChanged, "a column that is to be read is not in the result")
		}
		r.columns = append(r.columns, resultColumn{at: at, field: part.Fields[at], typ: c.Type})
	}
	r.closing, r.close = context.WithCancel(context.Background())
	return r, nil
}

func (r *resultReader) Schema() *arrow.Schema { return r.schema }

func (r *resultReader) Next(ctx context.Context) (source.Batch, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.closing, cancel)()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing.Err() != nil {
		return source.Batch{}, errClosed
	}
	from := r.part.From + r.at.offset
	if r.at.ended || from >= r.part.To {
		return source.Batch{}, io.EOF
	}
	page, err := r.page(ctx, from)
	if err != nil {
		return source.Batch{}, err
	}
	rec, err := r.record(page.Rows)
	if err != nil {
		return source.Batch{}, err
	}
	r.at.offset += rec.NumRows()
	return source.Batch{Record: rec, After: r.at.checkpoint()}, nil
}

func (r *resultReader) page(ctx context.Context, from int64) (*bigquery.GetQueryResultsResponse, error) {
	page, err := paced(ctx, r.session.pace, func() (*bigquery.GetQueryResultsResponse, error) {
		return r.session.results(&bigquery.JobReference{ProjectId: r.session.config.billing, JobId: r.part.Job, Location: r.part.Location}).
			StartIndex(uint64(from)).MaxResults(min(pageRows, r.part.To-from)).FormatOptionsUseInt64Timestamp(true).
			Fields("jobComplete", "rows").Context(ctx).Do()
	})
	if google.Status(err) == http.StatusNotFound {
		return nil, fault.Wrap(fault.SourceReadExpired, "BigQuery does not have the query's result any more", err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a result: %w", err)
	}
	if len(page.Rows) == 0 {
		return nil, errors.New("reading a result: rows are missing at its end")
	}
	return page, nil
}

// record makes a batch of rows; the caller releases it.
func (r *resultReader) record(rows []*bigquery.TableRow) (arrow.RecordBatch, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, r.schema)
	defer b.Release()
	b.Reserve(len(rows))
	for i, c := range r.columns {
		for _, row := range rows {
			if c.at >= len(row.F) {
				return nil, errors.New("reading a result: a row is too short")
			}
			if err := appendCell(b.Field(i), c, row.F[c.at].V); err != nil {
				return nil, fmt.Errorf("reading a result: a value of type %s: %w", native(c.field), err)
			}
		}
	}
	return b.NewRecordBatch(), nil
}

// Close stops the read at once.
func (r *resultReader) Close() error {
	r.close()
	return nil
}

package bigquery

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// readRequest is what a read session is to read.
type readRequest struct {
	table       string   // resource name
	columns     []string // nil is all
	restriction string
	at          time.Time // zero is now
	labels      map[string]string
}

// maxStreams is the most streams that a session has.
// Source: CreateReadSessionRequest.max_stream_count.
const maxStreams = 1000

// createSession makes a read session. It runs and bills nothing by itself.
func (s *session) createSession(ctx context.Context, r readRequest, streams int32) (*storagepb.ReadSession, error) {
	req := &storagepb.CreateReadSessionRequest{
		Parent:         "projects/" + s.config.billing,
		MaxStreamCount: streams, PreferredMinStreamCount: streams,
		ReadSession: &storagepb.ReadSession{
			Table: r.table, DataFormat: storagepb.DataFormat_ARROW, TraceId: s.trace(r.labels),
			ReadOptions: &storagepb.ReadSession_TableReadOptions{
				SelectedFields: r.columns, RowRestriction: r.restriction,
				// Rows cross from Google's network to AWS's: the smaller form is the faster and the cheaper one.
				OutputFormatSerializationOptions: &storagepb.ReadSession_TableReadOptions_ArrowSerializationOptions{
					ArrowSerializationOptions: &storagepb.ArrowSerializationOptions{BufferCompression: storagepb.ArrowSerializationOptions_ZSTD},
				},
			},
		},
	}
	if !r.at.IsZero() {
		req.ReadSession.TableModifiers = &storagepb.ReadSession_TableModifiers{SnapshotTime: timestamppb.New(r.at)}
	}
	opened, err := paced(ctx, s.pace, func() (*storagepb.ReadSession, error) { return s.reads.CreateReadSession(ctx, req) })
	if err != nil {
		return nil, fmt.Errorf("creating a read session: %w", err)
	}
	return opened, nil
}

// openSession makes a session with streams of about the target size. How much
// there is to read, after projection, filter and the pruning of partitions,
// only a session says: the first has one stream, and is used when that is
// enough. approve may refuse to read so much.
func (s *session) openSession(ctx context.Context, r readRequest, target int64, approve func(bytes int64) error) (*storagepb.ReadSession, error) {
	first, err := s.createSession(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	if err := approve(first.EstimatedTotalBytesScanned); err != nil {
		return nil, err
	}
	streams := int64(1)
	if target > 0 {
		streams = min((first.EstimatedTotalBytesScanned+target-1)/target, maxStreams)
	}
	if streams <= 1 {
		return first, nil
	}
	return s.createSession(ctx, r, int32(streams))
}

// trace names the connection and the run in BigQuery's own records of the session.
func (s *session) trace(wanted map[string]string) string {
	parts := []string{"headwater"}
	for _, name := range []string{s.config.connection, wanted["headwater_run"]} {
		if name = label(name); name != "" {
			parts = append(parts, name)
		}
	}
	return strings.Join(parts, ":")
}

// split is a Split's Detail: a stream of a read session, or some rows of a
// query's result.
type split struct {
	Stream  string            `json:"stream,omitempty"`
	Schema  []byte            `json:"schema,omitempty"` // of the session: an Arrow IPC message, deflated
	Expires time.Time         `json:"expires,omitzero"`
	Aliases map[string]string `json:"aliases,omitempty"` // names of columns in the stream, where they differ
	Job     *jobRef           `json:"job,omitempty"`     // the query whose result the stream is of
	Result  *result           `json:"result,omitempty"`
}

// jobRef is a query's job in the billing project.
type jobRef struct {
	ID       string `json:"id"`
	Location string `json:"location"`
}

// splitsOf are the streams of a session as splits, each with what else is known
// of them. An empty table may have none.
func splitsOf(opened *storagepb.ReadSession, label string, each split) ([]source.Split, error) {
	serialized, err := deflated(opened.GetArrowSchema().GetSerializedSchema())
	if err != nil {
		return nil, err
	}
	n := int64(len(opened.Streams))
	splits := make([]source.Split, n)
	for i, stream := range opened.Streams {
		each.Stream, each.Schema, each.Expires = stream.Name, serialized, opened.ExpireTime.AsTime()
		detail, err := json.Marshal(each)
		if err != nil {
			return nil, err
		}
		splits[i] = source.Split{
			Label: fmt.Sprintf("%s, stream %d of %d", label, i+1, n), Detail: detail,
			Rows: opened.EstimatedRowCount / n, Bytes: opened.EstimatedTotalBytesScanned / n,
		}
	}
	return splits, nil
}

func parseSplit(detail json.RawMessage) (split, error) {
	var d split
	err := json.Unmarshal(detail, &d)
	if err == nil && d.Result == nil {
		d.Schema, err = inflated(d.Schema)
	}
	if err != nil || d.Result == nil && d.Stream == "" {
		return d, fault.Wrap(fault.WorkerInvalidCall, "the split is not one of this driver", err)
	}
	if !d.Expires.IsZero() && time.Now().After(d.Expires) {
		return d, fault.New(fault.SourceReadExpired, "the read session has expired: BigQuery keeps one for six hours")
	}
	return d, nil
}

// deflated packs a schema: every split carries it.
func deflated(b []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	err = w.Close()
	return packed.Bytes(), err
}

// maxSchema bounds what a damaged Detail can make of itself.
const maxSchema = 64 << 20

func inflated(b []byte) ([]byte, error) {
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), maxSchema))
}

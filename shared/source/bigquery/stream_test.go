package bigquery_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// streams starts a peer with the table of numbers, planned in four streams.
func streams(t *testing.T) (*googlepeer.Peer, *source.Source, source.Plan) {
	t.Helper()
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	numbers(t, peer)
	s := open(t, peer, member(t, peer, reader))
	p := plan(t, s, source.PlanRequest{TargetBytes: splitBytes}, "crm.numbers")
	if len(p.Splits) != 4 {
		t.Fatalf("%d splits, want 4", len(p.Splits))
	}
	return peer, s, p
}

func TestResumeAtEveryOffset(t *testing.T) {
	_, s, p := streams(t)
	for _, split := range p.Splits {
		req := source.ReadRequest{Table: p.Table, Split: split}
		var points []source.Checkpoint
		whole := readSplit(t, s, req, func(c source.Checkpoint, _ int) { points = append(points, c) })
		for offset := range whole {
			req.From = source.Checkpoint(strconv.Itoa(offset))
			if got := readSplit(t, s, req, nil); !slices.Equal(got, whole[offset:]) {
				t.Errorf("%s: from row %d there are %d rows, want %d", split.Label, offset, len(got), len(whole)-offset)
			}
		}
		end := points[len(points)-1]
		if req.From = end; !strings.HasSuffix(string(end), "/end") || len(readSplit(t, s, req, nil)) != 0 {
			t.Errorf("%s: the last checkpoint, %s, is not the end", split.Label, end)
		}
	}
}

// The end of a stream is known from the checkpoint: BigQuery is not asked for
// what is behind the last row, as it leaves open what it answers.
func TestTheEndIsNotAskedFor(t *testing.T) {
	peer, s, p := streams(t)
	before := len(peer.ReadCalls())
	if got := readSplit(t, s, source.ReadRequest{Table: p.Table, Split: p.Splits[0], From: "20/end"}, nil); len(got) != 0 {
		t.Errorf("%d rows", len(got))
	}
	if got := len(peer.ReadCalls()) - before; got != 0 {
		t.Errorf("%d calls of ReadRows", got)
	}
}

// A stream that breaks is read on at the row where it broke, however often.
func TestBrokenStream(t *testing.T) {
	peer, s, p := streams(t)
	req := source.ReadRequest{Table: p.Table, Split: p.Splits[1]}
	whole := readSplit(t, s, req, nil)
	before := len(peer.ReadCalls())
	for range 3 {
		peer.InjectRead(googlepeer.ReadFault{Method: "ReadRows", Times: 1, AfterBatches: 1, Err: status.Error(codes.Unavailable, "the connection was lost")})
	}
	if got := readSplit(t, s, req, nil); !slices.Equal(got, whole) {
		t.Errorf("%d rows, want %d", len(got), len(whole))
	}
	var offsets []int64
	for _, call := range peer.ReadCalls()[before:] {
		offsets = append(offsets, call.Offset)
	}
	if want := []int64{0, batchRows, 2 * batchRows, 3 * batchRows}; !slices.Equal(offsets, want) {
		t.Errorf("read from the rows %v, want %v", offsets, want)
	}
}

func TestReadErrors(t *testing.T) {
	peer, s, p := streams(t)
	read := func(split source.Split) error {
		r, err := s.Read(t.Context(), source.ReadRequest{Table: p.Table, Split: split})
		if err != nil {
			return err
		}
		_, err = r.Next(t.Context())
		return errors.Join(err, r.Close())
	}
	for name, test := range map[string]struct {
		code codes.Code
		text string
		want fault.Code
		says string
	}{
		"forgotten session": {codes.NotFound, "there was an error operating on 'x': session not found", fault.SourceReadExpired, "session"},
		"dropped table":     {codes.NotFound, "Not found: Table acme-data:crm.numbers", fault.SourceNotFound, ""},
		"denied":            {codes.PermissionDenied, "the user does not have 'bigquery.readsessions.getData' permission for 'x'", fault.SourcePermission, "bigquery.readsessions.getData"},
		"policy tag": {
			codes.PermissionDenied,
			`Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get permission to get data protected by policy tag "pii : mail" on column acme-data.crm.numbers.name.`,
			fault.SourcePermission, "column name is protected by a policy tag",
		},
	} {
		t.Run(name, func(t *testing.T) {
			peer.InjectRead(googlepeer.ReadFault{Method: "ReadRows", Times: 1, Err: status.Error(test.code, test.text)})
			wantFault(t, read(p.Splits[0]), test.want, test.says)
		})
	}
	peer.ExpireSessions()
	if err := read(p.Splits[0]); fault.CodeOf(err) != fault.SourceReadExpired {
		t.Errorf("expired session: got %v", err)
	}
	t.Run("expired by its own account", func(t *testing.T) {
		var detail map[string]any
		must(t, json.Unmarshal(p.Splits[0].Detail, &detail))
		detail["expires"] = time.Now().Add(-time.Second)
		old := p.Splits[0]
		old.Detail, _ = json.Marshal(detail)
		before := len(peer.ReadCalls())
		if err := read(old); fault.CodeOf(err) != fault.SourceReadExpired || len(peer.ReadCalls()) != before {
			t.Errorf("got %v after %d calls", err, len(peer.ReadCalls())-before)
		}
	})
	t.Run("not a split", func(t *testing.T) {
		for _, detail := range []string{``, `{}`, `{"stream":""}`, `{"stream":"x","schema":"AAAA"}`, `[]`} {
			if err := read(source.Split{Detail: json.RawMessage(detail)}); err == nil {
				t.Errorf("%q was read", detail)
			}
		}
	})
}

// RetryInfo is honoured: the read that follows waits as long as BigQuery says.
func TestRetryInfo(t *testing.T) {
	peer, s, p := streams(t)
	const pause = 700 * time.Millisecond
	busy, err := status.New(codes.ResourceExhausted, "slow down").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(pause)})
	must(t, err)
	peer.InjectRead(googlepeer.ReadFault{Method: "ReadRows", Times: 1, Err: busy.Err()})
	began := time.Now()
	if got := readSplit(t, s, source.ReadRequest{Table: p.Table, Split: p.Splits[0]}, nil); len(got) != 20 {
		t.Errorf("%d rows", len(got))
	}
	if took := time.Since(began); took < pause {
		t.Errorf("went on after %v, and BigQuery said to wait %v", took, pause)
	}
}

// A call whose context ends while it reads ahead may still have its batch; the
// read goes on under another context.
func TestReadOnUnderAnotherContext(t *testing.T) {
	peer, s, p := streams(t)
	req := source.ReadRequest{Table: p.Table, Split: p.Splits[0]}
	whole := readSplit(t, s, req, nil)
	peer.InjectRead(googlepeer.ReadFault{Method: "ReadRows", Times: 1, AfterBatches: 1, Stall: time.Minute})
	r, err := s.Read(t.Context(), req)
	must(t, err)
	defer func() { must(t, r.Close()) }()
	ctx, cancel := context.WithCancel(t.Context())
	stop := time.AfterFunc(300*time.Millisecond, cancel)
	defer stop.Stop()
	rows := 0
	for {
		b, err := r.Next(ctx)
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			break
		}
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			ctx = t.Context()
			continue
		}
		must(t, err)
		rows += int(b.Record.NumRows())
		b.Release()
		if ctx.Err() != nil {
			ctx = t.Context()
		}
	}
	if rows != len(whole) {
		t.Errorf("%d rows, want %d", rows, len(whole))
	}
}

// Close ends a Next that waits for BigQuery.
func TestCloseInTheMiddleOfNext(t *testing.T) {
	_, s, p := streams(t)
	r, err := s.Read(t.Context(), source.ReadRequest{Table: p.Table, Split: p.Splits[0]})
	must(t, err)
	ended := make(chan error, 1)
	go func() {
		for {
			b, err := r.Next(context.WithoutCancel(t.Context()))
			if err != nil {
				ended <- err
				return
			}
			b.Release()
		}
	}()
	must(t, r.Close())
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("Next goes on")
	}
}

// A read that waits for BigQuery ends with its context.
func TestCancelledWait(t *testing.T) {
	peer, s, p := streams(t)
	peer.InjectRead(googlepeer.ReadFault{Method: "ReadRows", Times: 1, AfterBatches: 2, Stall: time.Minute})
	r, err := s.Read(t.Context(), source.ReadRequest{Table: p.Table, Split: p.Splits[0]})
	must(t, err)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, nil)
	defer cancel()
	began := time.Now()
	for {
		b, err := r.Next(ctx)
		if err != nil {
			break
		}
		b.Release()
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	must(t, r.Close())
}

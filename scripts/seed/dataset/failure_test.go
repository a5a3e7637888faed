package dataset_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

func TestOptionsAreChecked(t *testing.T) {
	tests := map[string]struct {
		opts dataset.Options
		want string
	}{
		"negative rows":   {dataset.Options{Rows: -1}, "rows must be"},
		"negative files":  {dataset.Options{Files: -1}, "files, days and parallel"},
		"bad customers":   {dataset.Options{Customers: -1}, "customers must be"},
		"unknown format":  {dataset.Options{Format: "xml"}, "format must be"},
		"unknown squeeze": {dataset.Options{Compression: "lzma"}, "compression must be"},
		"unknown table":   {dataset.Options{Tables: []string{"orders"}}, "tables must be some of profiles, purchases"},
		"table twice":     {dataset.Options{Tables: []string{"profiles", "profiles"}}, "must not repeat"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := dataset.Write(t.Context(), &dataset.Memory{}, test.opts)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want it to say %q", err, test.want)
			}
		})
	}
}

// failing breaks after a number of bytes, and remembers whether the file was abandoned.
type failing struct {
	left      int
	abandoned bool
	ctx       context.Context
}

var errFull = errors.New("disk full")

func (f *failing) Create(ctx context.Context, _ string) (io.WriteCloser, error) {
	f.ctx = ctx
	return f, nil
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func (f *failing) Close() error {
	f.abandoned = f.ctx.Err() != nil
	return f.ctx.Err()
}

func TestAFailingSinkFailsTheWriteAndTheFileIsAbandoned(t *testing.T) {
	for _, e := range encodings() {
		sink := &failing{left: 10_000}
		_, err := dataset.Write(t.Context(), sink, dataset.Options{
			Rows: 20_000, Tables: []string{dataset.Profiles}, Format: e.format, Compression: e.compression,
		})
		if !errors.Is(err, errFull) || !strings.Contains(err.Error(), "profiles/part-0000") {
			t.Errorf("%s: error is %v, want the sink's with the file's name", e, err)
		}
		if !sink.abandoned {
			t.Errorf("%s: the file was not abandoned", e)
		}
	}
}

func TestWriteStopsWhenTheContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	var sink dataset.Memory
	_, err := dataset.Write(ctx, &sink, dataset.Options{Rows: 1 << 30, Tables: []string{dataset.Profiles}})
	if !errors.Is(err, stop) {
		t.Errorf("error is %v, want the cause of the cancellation", err)
	}
	if _, err := sink.File("profiles/part-0000.csv"); err == nil {
		t.Error("the unfinished file exists")
	}
}

package lake_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/ingest"
)

func TestWriterRollsFiles(t *testing.T) {
	p := newPlace(t)
	p.config.TargetFileBytes = 1 // the least: a file for each row group
	l := p.open(t)
	files := landPeople(t, l, "run_1", "a", 5000)
	if files.Count < 2 || files.Rows != 5000 {
		t.Errorf("%d rows in %d files, want 5000 in several", files.Rows, files.Count)
	}
	for _, key := range p.keys(t, ".parquet") {
		if !strings.Contains(key, "/data/run_1/") {
			t.Errorf("%s is not in the run's directory", key)
		}
	}
	if _, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(files)); err != nil {
		t.Fatal(err)
	}
	if rows := identifiers(t, l); len(rows) != 5000 {
		t.Errorf("%d rows, want 5000", len(rows))
	}
}

func TestAbortLeavesNoFile(t *testing.T) {
	tests := map[string]func(t *testing.T, write func(), closeIt func()){
		"before the first row": func(*testing.T, func(), func()) {},
		"in the middle":        func(_ *testing.T, write, _ func()) { write() },
		"after Close":          func(_ *testing.T, write, closeIt func()) { write(); closeIt() },
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.config.TargetFileBytes = 1
			l := p.open(t)
			landPeople(t, l, "run_0", "a", 0)
			w, err := l.Writer(t.Context(), people, peopleArrow, "run_1")
			if err != nil {
				t.Fatal(err)
			}
			write := func() {
				for i := range 20 {
					batch := peopleBatch("a", i*1000, 1000)
					err := w.Write(t.Context(), batch)
					batch.Release()
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			prepare(t, write, func() {
				if _, err := w.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
			for range 2 {
				if err := w.Abort(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if keys := p.keys(t, ".parquet"); len(keys) != 0 {
				t.Errorf("left behind: %v", keys)
			}
			batch := peopleBatch("a", 0, 1)
			defer batch.Release()
			if err := w.Write(t.Context(), batch); err == nil {
				t.Error("Write after Abort succeeds")
			}
			if _, err := w.Close(t.Context()); err == nil {
				t.Error("Close after Abort succeeds")
			}
		})
	}
}

func TestWriterHonoursItsCallersContext(t *testing.T) {
	l := newPlace(t).open(t)
	landPeople(t, l, "run_0", "a", 0)
	started, cancel := context.WithCancel(t.Context())
	w, err := l.Writer(started, people, peopleArrow, "run_1")
	if err != nil {
		t.Fatal(err)
	}
	cancel() // ends what Writer did, not what the Writer does
	batch := peopleBatch("a", 0, 10)
	defer batch.Release()
	if err := w.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(started); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Close with an ended context: %v", err)
	}
	if err := w.Abort(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWriterRefusesColumnsTheTableLacks(t *testing.T) {
	l := newPlace(t).open(t)
	landPeople(t, l, "run_0", "a", 0)
	other := arrow.NewSchema([]arrow.Field{{Name: "nobody", Type: arrow.BinaryTypes.String}}, nil)
	w, err := l.Writer(t.Context(), people, other, "run_1")
	if err != nil {
		t.Fatal(err)
	}
	files, err := w.Close(t.Context())
	if err == nil {
		t.Errorf("wrote %d files", files.Count)
	}
	if err := w.Abort(t.Context()); err != nil {
		t.Error(err)
	}
}

// Two writers of one run, as two workers of one split, never share a file.
func TestWritersOfOneRunDoNotMeet(t *testing.T) {
	p := newPlace(t)
	l := p.open(t)
	one := landPeople(t, l, "run_1", "one", 10)
	two := landPeople(t, l, "run_1", "two", 10)
	if keys := p.keys(t, ".parquet"); len(keys) != 2 {
		t.Fatalf("files: %v, want 2", keys)
	}
	if _, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(one, two)); err != nil {
		t.Fatal(err)
	}
	if rows := identifiers(t, l); len(rows) != 20 {
		t.Errorf("%d rows, want 20", len(rows))
	}
}

// A file of more than a few megabytes goes up in parts, and must come back whole.
func TestFileUploadedInPartsReadsBack(t *testing.T) {
	const rows = 150_000
	p := newPlace(t)
	l := p.open(t)
	landPeople(t, l, "run_0", "a", 0)
	w, err := l.Writer(t.Context(), people, peopleArrow, "run_1")
	if err != nil {
		t.Fatal(err)
	}
	batch := noise(rows, 100)
	defer batch.Release()
	if err := w.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if files.Count != 1 || files.Bytes < 10<<20 {
		t.Fatalf("%d bytes in %d files, want more than one part in one file", files.Bytes, files.Count)
	}
	if _, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(files)); err != nil {
		t.Fatal(err)
	}
	if got := len(identifiers(t, l)); got != rows {
		t.Errorf("%d rows, want %d", got, rows)
	}
}

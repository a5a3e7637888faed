package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"

	"github.com/headwaterhq/headwater/shared/pipeline"
)

func TestQuarantine(t *testing.T) {
	var to bytes.Buffer
	q := pipeline.NewQuarantine(&to, 3)
	rows := []pipeline.Rejected{
		{RowKey: "ab", From: "people/part-0001.csv", Origin: 17, Rule: "cast", Column: "a<b>", Reason: "not a number"},
		{From: "people/part-0001.csv", Rule: "ragged_row", Reason: "too few fields"},
	}
	for _, write := range [][]pipeline.Rejected{nil, rows[:1], {}, rows[1:]} {
		if err := q.Write(write); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	unzipped, err := gzip.NewReader(&to)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"row_key":"ab","split":3,"from":"people/part-0001.csv","origin":17,"rule":"cast","column":"a<b>","reason":"not a number"}
{"row_key":"","split":3,"from":"people/part-0001.csv","origin":0,"rule":"ragged_row","column":"","reason":"too few fields"}
`
	if string(got) != want || q.Rows() != 2 {
		t.Errorf("%d rows:\n%s\nwant 2:\n%s", q.Rows(), got, want)
	}
}

func TestQuarantineWithoutRowsWritesNothing(t *testing.T) {
	q := pipeline.NewQuarantine(failing{}, 0)
	if err := errors.Join(q.Write(nil), q.Close()); err != nil || q.Rows() != 0 {
		t.Errorf("got %v, %d rows", err, q.Rows())
	}
}

func TestQuarantineReportsAFullDisk(t *testing.T) {
	q := pipeline.NewQuarantine(failing{}, 0)
	err := errors.Join(q.Write([]pipeline.Rejected{{Rule: "cast"}}), q.Close())
	if !errors.Is(err, errFull) {
		t.Errorf("got %v, want %v", err, errFull)
	}
}

var errFull = errors.New("no space left")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

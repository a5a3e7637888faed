package quarantine_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/quarantine"
)

// opens reads everything that two objects hold.
func opens(t *testing.T, lines, rows []byte, key quarantine.Key) error {
	t.Helper()
	for line, err := range quarantine.Lines(bytes.NewReader(lines)) {
		if err == nil {
			_, _, err = line.Open(key)
		}
		if err != nil {
			return err
		}
	}
	_, err := read(t.Context(), lines, rows, key, "")
	return err
}

// sealedPeople has n people in quarantine, each with a value at fault. The rows are in many chunks when n is large.
func sealedPeople(t *testing.T, key quarantine.Key, split, n int) (lines, rows []byte) {
	t.Helper()
	w := quarantine.NewWriter(key, split)
	random := rand.NewChaCha8([32]byte{})
	for i := range n {
		var noise [100]byte // nothing to be compressed
		_, _ = random.Read(noise[:])
		batch := rowsOf([]string{hex.EncodeToString(noise[:])}, []int64{int64(i)})
		if err := w.Write([]pipeline.Rejected{{From: "a.csv", Origin: int64(i + 1), Rule: "cast", Column: "age", Value: fmt.Sprint(i), HasRow: true}}, batch); err != nil {
			t.Fatal(err)
		}
		batch.Release()
	}
	lines, rows, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return lines, rows
}

func TestEveryByteOfTheRowsCounts(t *testing.T) {
	key := keyOf(t, run)
	lines, rows := sealedPeople(t, key, 0, 2)
	if err := opens(t, lines, rows, key); err != nil {
		t.Fatal(err)
	}
	for n := range rows {
		damaged := bytes.Clone(rows)
		damaged[n] ^= 1
		if err := opens(t, lines, damaged, key); err == nil {
			t.Fatalf("byte %d of %d was changed, and it opened", n, len(rows))
		}
		if err := opens(t, lines, rows[:n], key); err == nil {
			t.Fatalf("it opened without what follows byte %d of %d", n, len(rows))
		}
	}
	if err := opens(t, lines, append(bytes.Clone(rows), rows[20:]...), key); err == nil {
		t.Error("it opened with more behind it")
	}
}

// Everything that a line with a value says is bound to the value, and all lines to the rows.
func TestEveryFieldOfALineCounts(t *testing.T) {
	key := keyOf(t, run)
	rows := rowsOf([]string{"ada", "bob"}, []int64{1, 2})
	defer rows.Release()
	lines, sealed := put(t, key, 7, []pipeline.Rejected{
		{RowKey: "k1", From: "a.csv", Origin: 17, Rule: "cast", Column: "age", Reason: "not a number", Value: "old", HasRow: true},
		{RowKey: "k2", From: "a.csv", Origin: 18, Rule: "cast", Column: "age", Reason: "not a number", Value: "young", HasRow: true},
	}, rows)
	text := unzip(t, lines)
	values := linesOf(t, lines)
	for _, change := range [][2]string{
		{`"row_key":"k1"`, `"row_key":"k2"`},
		{`"split":7`, `"split":8`},
		{`"from":"a.csv"`, `"from":"b.csv"`},
		{`"origin":17`, `"origin":18`},
		{`"rule":"cast"`, `"rule":"email"`},
		{`"column":"age"`, `"column":"name"`},
		{`"reason":"not a number"`, `"reason":"fine"`},
		{`"replayable":true`, `"replayable":false`},
		{values[0].Value, values[1].Value},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if changed == text {
			t.Fatalf("%s is not there to be changed", change[0])
		}
		if _, _, err := linesOf(t, zip(changed))[0].Open(key); err == nil {
			t.Errorf("%s became %s, and the value opened", change[0], change[1])
		}
		if _, err := read(t.Context(), zip(changed), sealed, key, ""); err == nil {
			t.Errorf("%s became %s, and the rows opened", change[0], change[1])
		}
	}
	both := strings.SplitAfter(text, "\n")
	if _, _, err := linesOf(t, zip(both[1]+both[0]))[0].Open(key); err == nil {
		t.Error("a value opened in another line")
	}
	if _, err := read(t.Context(), zip(both[1]+both[0]), sealed, key, ""); err == nil {
		t.Error("the rows opened with lines in another order")
	}
}

// chunksOf cuts a sealed stream into its head and its chunks.
func chunksOf(stream []byte) (head []byte, chunks [][]byte) {
	const headSize = 4 + 16
	for rest := stream[headSize:]; len(rest) > 0; {
		size := 4 + int(binary.BigEndian.Uint32(rest))
		chunks, rest = append(chunks, rest[:size]), rest[size:]
	}
	return stream[:headSize], chunks
}

func TestChunksStayWhereTheyAre(t *testing.T) {
	key := keyOf(t, run)
	lines, rows := sealedPeople(t, key, 0, 2000)
	otherLines, otherRows := sealedPeople(t, key, 0, 2000)
	head, chunks := chunksOf(rows)
	_, foreign := chunksOf(otherRows)
	if len(chunks) < 3 {
		t.Fatalf("%d chunks are too few for this test", len(chunks))
	}
	join := func(chunks ...[]byte) []byte { return append(bytes.Clone(head), bytes.Join(chunks, nil)...) }
	last := len(chunks) - 1
	for name, stream := range map[string][]byte{
		"the last one dropped":         join(chunks[:last]...),
		"the first one dropped":        join(chunks[1:]...),
		"two swapped":                  join(append([][]byte{chunks[1], chunks[0]}, chunks[2:]...)...),
		"one repeated":                 join(append([][]byte{chunks[0]}, chunks...)...),
		"one from another stream":      join(append([][]byte{foreign[0]}, chunks[1:]...)...),
		"the last one from another":    join(append(slices.Clone(chunks[:last]), foreign[len(foreign)-1])...),
		"the stream of other lines":    otherRows,
		"nothing behind the beginning": head,
	} {
		if err := opens(t, lines, stream, key); err == nil {
			t.Errorf("%s: it opened", name)
		}
	}
	if err := opens(t, otherLines, otherRows, key); err != nil {
		t.Error(err)
	}
}

func TestBrokenLines(t *testing.T) {
	key := keyOf(t, run)
	lines, rows := sealedPeople(t, key, 0, 3)
	for name, object := range map[string][]byte{
		"no gzip":        []byte("{}"),
		"nothing":        nil,
		"cut":            lines[:len(lines)/2],
		"no JSON":        zip("{\n"),
		"no newline":     zip("{}"),
		"not the object": zip("[]\n"),
	} {
		if err := opens(t, object, rows, key); err == nil {
			t.Errorf("%s: it opened", name)
		}
	}
}

// A line may be longer than what is read at a time.
func TestLongLines(t *testing.T) {
	key := keyOf(t, run)
	long := strings.Repeat("long ", 50_000)
	lines, _ := put(t, key, 0, []pipeline.Rejected{{Reason: long, Value: long}, {Reason: "short", Value: "short"}}, nil)
	all := linesOf(t, lines)
	for n, want := range []string{long, "short"} {
		if value, _, err := all[n].Open(key); err != nil || value != want || all[n].Reason != want {
			t.Errorf("line %d: a value of %d bytes, %v; want %d", n, len(value), err, len(want))
		}
	}
}

package file_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// seekable writes text in zstd's seekable format, in frames of some bytes of
// content; lie is added to the size that the table says of the second frame, and
// taken from the third.
func seekable(t testing.TB, text string, frameBytes int, checksums bool, lie int) string {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(zstd.MinWindowSize))
	if err != nil {
		t.Fatal(err)
	}
	var b, table []byte
	n, descriptor := 0, byte(0)
	for ; text != ""; n++ {
		content := text[:min(frameBytes, len(text))]
		text = text[len(content):]
		frame := w.EncodeAll([]byte(content), nil)
		b = append(b, frame...)
		size := len(content)
		switch n {
		case 1:
			size += lie
		case 2:
			size -= lie
		}
		table = binary.LittleEndian.AppendUint32(table, uint32(len(frame)))
		table = binary.LittleEndian.AppendUint32(table, uint32(size))
		if checksums {
			descriptor = 1 << 7
			table = binary.LittleEndian.AppendUint32(table, 0)
		}
	}
	b = binary.LittleEndian.AppendUint32(b, 0x184d2a5e)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(table)+9))
	b = append(b, table...)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = append(b, descriptor)
	return string(binary.LittleEndian.AppendUint32(b, 0x8f92eab1))
}

// numbered is a CSV file whose rows do not compress away.
func numbered(rows int) string {
	var b strings.Builder
	b.WriteString("n,x\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,\"%x\nnext, line\"\n", i, uint64(i+1)*0x9e3779b97f4a7c15)
	}
	return b.String()
}

func TestSeekableFilesAreCut(t *testing.T) {
	text := numbered(5000)
	for _, checksums := range []bool{false, true} {
		content := seekable(t, text, 1000, checksums, 0)
		f := file.WithLimits(file.New(store{"t/a.csv.zst": content}, ""), 100, 256)
		plan, err := f.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: 5000})
		if err != nil {
			t.Fatal(err)
		}
		if want := len(content) / 5000; len(plan.Splits) < want-1 {
			t.Errorf("%d splits, want about %d", len(plan.Splits), want)
		}
		if diff := cmp.Diff(readAll(t, file.New(store{"t/a.csv": text}, ""), "t", 1<<30), readAll(t, f, "t", 5000)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestAnySplitOfASeekableFileGivesTheSameRows cuts files whose frames are cut
// anywhere, and resumes anywhere.
func TestAnySplitOfASeekableFileGivesTheSameRows(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) string{"a.csv.zst": csvText, "a.ndjson.zst": ndjsonText} {
		t.Run(name, func(outer *testing.T) {
			rapid.Check(outer, func(t *rapid.T) {
				text := draw(t)
				plain := file.WithLimits(with(outer, store{"t/" + strings.TrimSuffix(name, ".zst"): text}, "csv_header", "present"), 3, 40)
				found := discover(outer, plain)
				if len(found) == 0 || found[0].Problem != "" {
					t.Skip("no table")
				}
				content := seekable(outer, text, rapid.IntRange(1, 60).Draw(t, "frame"), rapid.Bool().Draw(t, "checksums"), 0)
				f := file.WithLimits(with(outer, store{"t/" + name: content}, "csv_header", "present"), 3, 40)
				plan, err := f.Plan(outer.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: int64(rapid.IntRange(1, 400).Draw(t, "target"))})
				if err != nil {
					t.Fatal(err)
				}
				var got result
				for _, split := range plan.Splits {
					all := steps(outer, f, plan, split, "")
					got.extend(all...)
					if len(all) == 0 {
						continue
					}
					i := rapid.IntRange(0, len(all)-1).Draw(t, "checkpoint")
					var want, again result
					want.extend(all[i+1:]...)
					again.extend(steps(outer, f, plan, split, all[i].after)...)
					if diff := cmp.Diff(want, again); diff != "" {
						t.Fatalf("from checkpoint %s (-want +got):\n%s", all[i].after, diff)
					}
				}
				want := readAll(outer, plain, "t", 1<<30)
				if diff := cmp.Diff(want.Rows, got.Rows); diff != "" {
					t.Fatalf("%q (-want +got):\n%s", text, diff)
				}
				if diff := cmp.Diff(withoutLines(want.Rejects), withoutLines(got.Rejects)); diff != "" {
					t.Fatalf("rejects (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestATableThatDoesNotFitIsNotTrusted: one that cannot be right is no table,
// and one that turns out wrong fails the read.
func TestATableThatDoesNotFitIsNotTrusted(t *testing.T) {
	text := numbered(500)
	good := seekable(t, text, 1000, false, 0)
	at := len(good) - 9
	for name, content := range map[string]string{
		"another magic":   good[:len(good)-1] + "x",
		"reserved bits":   good[:at+4] + "\x04" + good[at+5:],
		"too many frames": good[:at] + "\xff\xff\x00\x00" + good[at+4:],
		"no frames":       good[:at] + "\x00\x00\x00\x00" + good[at+4:],
	} {
		plan, err := file.New(store{"t/a.csv.zst": content}, "").Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: 1000})
		if err != nil || len(plan.Splits) != 1 {
			t.Errorf("%s: %d splits, %v, want 1", name, len(plan.Splits), err)
		}
	}
	f := file.WithLimits(file.New(store{"t/a.csv.zst": seekable(t, text, 1000, false, 5)}, ""), 10, 256)
	plan, err := f.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: 500})
	if err != nil {
		t.Fatal(err)
	}
	var codes []fault.Code
	for _, split := range plan.Splits {
		_, err := readSplit(t, f, plan.Table, split, "")
		if err != nil {
			codes = append(codes, fault.CodeOf(err))
		}
	}
	if len(codes) == 0 || codes[0] != fault.SourceMalformed {
		t.Errorf("a wrong table went unseen: %v", codes)
	}
}

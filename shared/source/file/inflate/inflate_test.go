package inflate_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	kgzip "github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/source/file/inflate"
)

func zipped(t testing.TB, level int, texts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	for i, text := range texts {
		w, err := gzip.NewWriterLevel(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			w.Name, w.Comment, w.Extra, w.ModTime = "part.csv", "made by a test", []byte("x\x00y"), time.Unix(1, 0)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func inflated(from io.Reader) ([]byte, error) {
	r, err := inflate.NewReader(from)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// texts are of the kinds that make a compressor choose its kinds of blocks.
func texts() map[string]string {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var rows, skewed strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&rows, "%d,user%d@example.com,City %d,%t\n", i, random.IntN(1e6), i%90, i%3 == 0)
		skewed.WriteByte(byte(min(random.ExpFloat64()*9, 255))) // codes of all lengths
	}
	return map[string]string{
		"nothing": "", "a byte": "x", "a run": strings.Repeat("a", 700_000), "a short period": strings.Repeat("abc", 100_000),
		"rows": rows.String(), "noise": string(noise), "skewed": skewed.String(),
		"far": string(noise[:32768]) + string(noise[:32768]) + string(noise[:32767]),
	}
}

func TestWhatGzipWrites(t *testing.T) {
	all := texts()
	for name, text := range all {
		for _, level := range []int{gzip.HuffmanOnly, gzip.NoCompression, 1, 6, 9} {
			content := zipped(t, level, text)
			for how, from := range map[string]io.Reader{
				"whole": bytes.NewReader(content), "halves": iotest.HalfReader(bytes.NewReader(content)), "with the end": iotest.DataErrReader(bytes.NewReader(content)),
			} {
				got, err := inflated(from)
				if err != nil || string(got) != text {
					t.Errorf("%s, level %d, %s: %d of %d bytes, %v", name, level, how, len(got), len(text), err)
				}
			}
		}
	}
	members := zipped(t, 6, all["rows"], "", all["noise"], "x")
	if got, err := inflated(bytes.NewReader(members)); err != nil || string(got) != all["rows"]+all["noise"]+"x" {
		t.Errorf("members: %d bytes, %v", len(got), err)
	}
}

// TestWhatTheCommandWrites: other encoders make other blocks.
func TestWhatTheCommandWrites(t *testing.T) {
	path, err := exec.LookPath("gzip")
	if err != nil {
		t.Skip("there is no gzip")
	}
	for name, text := range texts() {
		for _, level := range []string{"-1", "-9"} {
			cmd := exec.CommandContext(t.Context(), path, level)
			cmd.Stdin = strings.NewReader(text)
			content, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := inflated(bytes.NewReader(content)); err != nil || string(got) != text {
				t.Errorf("%s %s: %d of %d bytes, %v", name, level, len(got), len(text), err)
			}
		}
	}
}

func TestWhatEndsTooEarly(t *testing.T) {
	text := texts()["rows"][:20_000]
	content := zipped(t, 6, text, "second")
	first := len(zipped(t, 6, text))
	for n := range content {
		if n == first {
			continue // a whole file
		}
		if _, err := inflated(iotest.HalfReader(bytes.NewReader(content[:n]))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d of %d bytes: %v", n, len(content), err)
		}
	}
	broken := errors.New("the line is cut")
	if _, err := inflated(io.MultiReader(bytes.NewReader(content[:500]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a broken line: %v", err)
	}
}

// TestDamageIsFound as the standard library finds it: what that reads, this reads the same.
func TestDamageIsFound(t *testing.T) {
	all := texts()
	contents := [][]byte{zipped(t, 6, all["rows"][:3000]), zipped(t, 1, all["skewed"][:3000], "x"), zipped(t, 0, "stored"), zipped(t, gzip.HuffmanOnly, all["noise"][:500])}
	rapid.Check(t, func(t *rapid.T) {
		content := bytes.Clone(rapid.SampledFrom(contents).Draw(t, "content"))
		for range rapid.IntRange(1, 3).Draw(t, "damages") {
			content[rapid.IntRange(0, len(content)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		agree(t, content)
	})
}

type failer interface{ Fatalf(string, ...any) }

func agree(t failer, content []byte) {
	var want []byte
	r, wantErr := gzip.NewReader(bytes.NewReader(content))
	if wantErr == nil {
		want, wantErr = io.ReadAll(io.LimitReader(r, 1<<20))
	}
	if len(want) == 1<<20 {
		return
	}
	got, err := inflated(bytes.NewReader(content))
	if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v; the standard library reads %d, %v", len(got), err, len(want), wantErr)
	}
}

func FuzzInflate(f *testing.F) {
	all := texts()
	for _, content := range [][]byte{zipped(f, 6, all["rows"][:500]), zipped(f, 0, "stored", "x"), zipped(f, 1, all["skewed"][:200]), zipped(f, 9, strings.Repeat("ab", 50))} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) { agree(t, content) })
}

// BenchmarkInflate reads rows beside the libraries that are there; MB are those of the rows.
func BenchmarkInflate(b *testing.B) {
	text := strings.Repeat(texts()["rows"], 4)
	content := zipped(b, 6, text)
	for _, bm := range []struct {
		name string
		open func(io.Reader) (io.Reader, error)
	}{
		{"ours", func(r io.Reader) (io.Reader, error) { return inflate.NewReader(r) }},
		{"klauspost", func(r io.Reader) (io.Reader, error) { return kgzip.NewReader(r) }},
		{"standard", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r, err := bm.open(bytes.NewReader(content))
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, r); err != nil || n != int64(len(text)) {
					b.Fatal(n, err)
				}
			}
		})
	}
}

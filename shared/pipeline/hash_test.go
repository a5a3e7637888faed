package pipeline_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// keyed maps one text column with transforms under a key.
func keyed(t *testing.T, key string, transforms []ingest.Transform, values ...any) []any {
	t.Helper()
	alloc := checked(t)
	in := build(t, alloc, text, values...)
	defer in.Release()
	sc := arrow.NewSchema([]arrow.Field{{Name: "c", Type: text, Nullable: true}}, nil)
	mapping := ingest.Mapping{{Source: "c", Target: "c", Type: schema.String, Transforms: transforms}}
	m, err := pipeline.New("", mapping, sc, pipeline.WithAllocator(alloc), pipeline.WithHMAC([]byte(key)))
	if err != nil {
		t.Fatal(err)
	}
	record := array.NewRecordBatch(sc, []arrow.Array{in}, int64(in.Len()))
	defer record.Release()
	result, err := m.Map(source.Batch{Record: record})
	if err != nil {
		t.Fatal(err)
	}
	defer result.Release()
	got := cells(t, result.Record.Column(0))
	for i := range got {
		if s, ok := got[i].(string); ok {
			got[i] = strings.Clone(s)
		}
	}
	return got
}

// The vectors are those of RFC 4231, section 4.
func TestHMACIsThatOfTheStandard(t *testing.T) {
	for _, test := range []struct{ key, data, want string }{
		{strings.Repeat("\x0b", 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{strings.Repeat("\xaa", 131), "Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	} {
		got := keyed(t, test.key, []ingest.Transform{ingest.HMACSHA256}, test.data, nil, test.data)
		if diff := cmp.Diff([]any{test.want, nil, test.want}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestHMACAmongOtherTransforms(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	want := func(s string) string {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(s))
		return hex.EncodeToString(mac.Sum(nil))
	}
	got := keyed(t, key, []ingest.Transform{ingest.Email, ingest.HMACSHA256}, " Ada@Example.com", "bob@example.com", nil)
	if diff := cmp.Diff([]any{want("ada@example.com"), want("bob@example.com"), nil}, got); diff != "" {
		t.Errorf("after an address is normalised (-want +got):\n%s", diff)
	}
	got = keyed(t, key, []ingest.Transform{ingest.SHA256, ingest.HMACSHA256, ingest.Lower}, "x", "")
	if diff := cmp.Diff([]any{want(hashed("x")), want(hashed(""))}, got); diff != "" {
		t.Errorf("of a hash (-want +got):\n%s", diff)
	}
}

func TestHMACNeedsAKey(t *testing.T) {
	sc := arrow.NewSchema([]arrow.Field{{Name: "c", Type: text}}, nil)
	mapping := ingest.Mapping{{Source: "c", Target: "c", Type: schema.String, Transforms: []ingest.Transform{ingest.HMACSHA256}}}
	for name, with := range map[string][]pipeline.Option{"no key": nil, "an empty key": {pipeline.WithHMAC(nil)}} {
		if _, err := pipeline.New("", mapping, sc, with...); err == nil || !strings.Contains(err.Error(), "no key") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

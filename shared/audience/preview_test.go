package audience_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/audience"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// expression reads what a caller would send.
func expression(t *testing.T, text string) (e audience.Expression) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// shop is a small workspace.
func shop() world {
	var w world
	w.table(ingest.UserProfile, 0, "", profileColumns,
		record{"identifier": "ada", "plan": "pro", "age": int64(36)}, record{"identifier": "bob", "plan": "free"}, record{"identifier": "cyd"})
	w.table(ingest.UserActivity, 0, "", activityColumns,
		record{"identifier": "ada", "event_name": "order", "event_time": noon.UnixMicro() - 1, "amount": int64(5)},
		record{"identifier": "stranger", "event_name": "order", "event_time": noon.UnixMicro() - 1, "amount": int64(5)})
	w.table(ingest.GroupIdentity, 0, "", groupColumns,
		record{"user_id": "ada", "group_id": "g", "cursor": int64(1), "is_deleted": true}, record{"user_id": "ada", "group_id": "g", "cursor": int64(1), "is_deleted": false},
		record{"user_id": "bob", "group_id": "g", "cursor": int64(1), "is_deleted": true}, record{"user_id": "bob", "group_id": "g", "cursor": int64(2), "is_deleted": false})
	return w
}

func TestPreview(t *testing.T) {
	s := shop().service(t)
	for text, want := range map[string][]string{
		`{"trait":{"name":"plan","op":"eq","values":["pro"]}}`:                                           {"ada"},
		`{"trait":{"name":"age","op":"gt","values":["40"],"or_null":true}}`:                              {"bob", "cyd"},
		`{"not":{"activity":{}}}`:                                                                        {"bob", "cyd"},
		`{"activity":{"event":"order","within_days":1,"where":[{"property":"amount","op":"not_null"}]}}`: {"ada"},
		`{"group":{"ids":["g"]}}`:                                                                        {"bob"}, // of rows at the same time, that ada has left counts
		`{"all":[{"any":[{"group":{"ids":["g"]}},{"activity":{"at_least":1}}]},{"trait":{"name":"plan","op":"in","values":["pro","x"]}}]}`: {"ada"},
	} {
		got, err := s.Preview(t.Context(), "acme", expression(t, text), 100)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(map[string]bool{}, difference(got.Sample, want)); diff != "" || got.Count != int64(len(want)) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// difference is what only one of two lists has.
func difference(a, b []string) map[string]bool {
	only := map[string]bool{}
	for _, s := range append(append([]string{}, a...), b...) {
		if only[s] = !only[s]; !only[s] {
			delete(only, s)
		}
	}
	return only
}

// Only the tables that an expression is about are read, and no more identifiers shown than are asked for.
func TestPreviewReadsWhatItNeeds(t *testing.T) {
	s := shop().service(t)
	everybody := expression(t, `{"trait":{"name":"plan","op":"ne","values":["x"],"or_null":true}}`)
	for sample, want := range map[int]int{0: 0, 2: 2, 100: 3} {
		got, err := s.Preview(t.Context(), "acme", everybody, sample)
		if err != nil || got.Count != 3 || len(got.Sample) != want || got.RowsScanned != 3 || got.Sample == nil {
			t.Errorf("a sample of %d: %+v, %v", sample, got, err)
		}
	}
	got, err := s.Preview(t.Context(), "acme", expression(t, `{"all":[{"activity":{}},{"group":{"ids":["g"]}}]}`), 1)
	if err != nil || got.RowsScanned != 9 {
		t.Errorf("all tables: %+v, %v", got, err)
	}
}

func TestPreviewOfNothing(t *testing.T) {
	got, err := world{}.service(t).Preview(t.Context(), "acme", expression(t, `{"group":{"ids":["g"]}}`), 10)
	if err != nil || got.Count != 0 || got.Sample == nil {
		t.Errorf("without imports: %+v, %v", got, err)
	}
	got, err = shop().service(t).Preview(t.Context(), "other", expression(t, `{"activity":{}}`), 10)
	if err != nil || got.Count != 0 || got.RowsScanned != 0 {
		t.Errorf("another workspace: %+v, %v", got, err)
	}
}

func TestExpressionsThatAreNotValid(t *testing.T) {
	s := shop().service(t)
	deep := strings.Repeat(`{"not":`, 13) + `{"activity":{}}` + strings.Repeat(`}`, 13)
	many := `{"any":[` + strings.Repeat(`{"activity":{}},`, 50) + `{"activity":{}}]}`
	for text, want := range map[string][]string{
		`{}`:                           {"expression"},
		`{"all":[],"any":[]}`:          {"expression"},
		`{"all":[]}`:                   {"expression.all"},
		`{"any":[{"activity":{}},{}]}`: {"expression.any[1]"},
		deep:                           {"expression" + strings.Repeat(".not", 12)},
		many:                           {"expression.any[50]"},
		`{"trait":{"name":"none","op":"eq","values":["x"]}}`:                       {"expression.trait.name"},
		`{"trait":{"name":"_hw_cursor","op":"not_null"}}`:                          {"expression.trait.name"},
		`{"trait":{"name":"identifier","op":"not_null"}}`:                          {"expression.trait.name"},
		`{"trait":{"name":"plan","op":"like","values":["x"]}}`:                     {"expression.trait.op"},
		`{"trait":{"name":"plan","op":"eq"}}`:                                      {"expression.trait.values"},
		`{"trait":{"name":"age","op":"in","values":["1","two","3"]}}`:              {"expression.trait.values[1]"},
		`{"trait":{"name":"age","op":"is_null","or_null":true}}`:                   {"expression.trait.or_null"},
		`{"activity":{"within_days":0}}`:                                           {"expression.activity.within_days"},
		`{"activity":{"within_days":1,"from":"2026-01-01T00:00:00Z"}}`:             {"expression.activity.within_days"},
		`{"activity":{"at_least":-1}}`:                                             {"expression.activity.at_least"},
		`{"activity":{"at_least":2,"at_most":1}}`:                                  {"expression.activity.at_most"},
		`{"activity":{"at_most":-1}}`:                                              {"expression.activity.at_most"},
		`{"activity":{"where":[{"property":"none","op":"not_null"}]}}`:             {"expression.activity.where[0].property"},
		`{"activity":{"where":[{"property":"amount","op":"eq","values":["x"]}]}}`:  {"expression.activity.where[0].values[0]"},
		`{"group":{"ids":[]}}`:                                                     {"expression.group.ids"},
		`{"all":[{"trait":{"name":"none","op":"not_null"}},{"group":{"ids":[]}}]}`: {"expression.all[0].trait.name", "expression.all[1].group.ids"},
	} {
		_, err := s.Preview(t.Context(), "acme", expression(t, text), 1)
		var got []string
		for _, problem := range problems(err) {
			if problem.Code != fault.AudienceInvalid {
				t.Errorf("%s: %v", text, problem)
			}
			got = append(got, problem.Field)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func problems(err error) fault.List {
	if list, ok := errors.AsType[fault.List](err); ok {
		return list
	}
	if one, ok := fault.As(err); ok {
		return fault.List{one}
	}
	return nil
}

func TestPreviewThatIsTooLarge(t *testing.T) {
	everybody := expression(t, `{"trait":{"name":"plan","op":"not_null"}}`)
	w := shop()
	for _, test := range []struct {
		buckets int
		maximum int64
		want    fault.Code
	}{{4, 3, ""}, {4, 2, fault.AudienceTooLarge}, {0, 12, ""}, {0, 11, fault.AudienceTooLarge}} {
		w[0].buckets = test.buckets
		s := w.service(t)
		s.MaximumRows = test.maximum
		if _, err := s.Preview(t.Context(), "acme", everybody, 1); fault.CodeOf(err) != test.want {
			t.Errorf("%d rows in %d buckets: %v, want %q", test.maximum, test.buckets, err, test.want)
		}
	}
}

// stuck is a lake that does not answer before it is told to stop.
type stuck struct{ audience.Lake }

func (stuck) Scan(ctx context.Context, _ lake.TableID, _ []string, _ int) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		<-ctx.Done()
		yield(nil, ctx.Err())
	}
}

func TestPreviewThatTakesLong(t *testing.T) {
	s := shop().service(t)
	s.Lake = stuck{s.Lake}
	synctest.Test(t, func(t *testing.T) {
		_, err := s.Preview(t.Context(), "acme", expression(t, `{"activity":{}}`), 1)
		if fault.CodeOf(err) != fault.AudienceTooLarge {
			t.Errorf("a lake that does not answer: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Preview(ctx, "acme", expression(t, `{"activity":{}}`), 1); err == nil || fault.CodeOf(err) == fault.AudienceTooLarge {
			t.Errorf("a caller who is gone: %v", err)
		}
	})
}

// A batch is the lake's again when the next one comes: nothing may point into it.
func TestPreviewKeepsNoBatch(t *testing.T) {
	var w world
	var rows []record
	for n := range 1000 {
		rows = append(rows, record{"identifier": fmt.Sprint("person-", n), "plan": fmt.Sprint("plan-", n%10)})
	}
	w.table(ingest.UserProfile, 0, "", profileColumns, rows...)
	got, err := w.service(t).Preview(t.Context(), "acme", expression(t, `{"trait":{"name":"plan","op":"eq","values":["plan-3"]}}`), 100)
	if err != nil || got.Count != 100 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, name := range got.Sample {
		if !strings.HasPrefix(name, "person-") || !strings.HasSuffix(name, "3") {
			t.Errorf("%q is nobody", name)
		}
	}
}

//go:build unix

package dynamostore_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/storetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestItems holds every kind of item against its golden file. A difference is
// a change of what is stored: tables that exist have the old shape.
func TestItems(t *testing.T) {
	table := peer.Table(t)
	s := dynamostore.New(peer.Client(), table)
	write(t, s, table)
	out, err := peer.Client().Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]int)
	for _, item := range out.Items {
		kind := plain(item["kind"]).(map[string]any)["S"].(string)
		if kind == "name" {
			kind += "-" + strings.ToLower(strings.SplitN(plain(item["sk"]).(map[string]any)["S"].(string), "#", 2)[0])
		}
		seen[kind]++
		golden(t, kind, plainItem(item))
	}
	want := map[string]int{
		"connection": 1, "validation": 1, "name-conname": 1, "import": 1, "name-impname": 1, "run": 1, "split": 1, "part": 1, "api_key": 1, "run_key": 1,
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("kinds of items (-want +got):\n%s", diff)
	}
}

// write stores one value of each kind, none with a zero field, and reads back that nothing of it is lost.
func write(t *testing.T, s *dynamostore.Store, table string) {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c, v := storetest.Full[connection.Connection](), storetest.Full[connection.Validation]()
	c.Status, v.Outcome, v.WorkspaceID, v.ConnectionID = connection.Active, connection.Running, c.WorkspaceID, c.ID
	check(s.CreateConnection(ctx, c, v))
	gotC, err := s.Connection(ctx, c.WorkspaceID, c.ID)
	check(err)
	whole(t, c, gotC)
	gotV, err := s.Validation(ctx, v.Ref())
	check(err)
	whole(t, v, gotV)

	i := storetest.Full[ingest.Import]()
	check(s.CreateImport(ctx, i))
	gotI, err := s.Import(ctx, i.WorkspaceID, i.ID)
	check(err)
	whole(t, i, gotI)

	free := i
	free.ID, free.Name, free.OpenRunID, free.NextRunAt = "free", "free", "", time.Time{}
	check(s.CreateImport(ctx, free))
	r := storetest.Full[ingest.Run]()
	r.WorkspaceID, r.ImportID, r.Status = free.WorkspaceID, free.ID, ingest.Running
	check(s.OpenRun(ctx, free, r, time.Time{}))
	gotR, err := s.Run(ctx, r.Ref())
	check(err)
	whole(t, r, gotR)

	split, part := storetest.Full[ingest.SplitProgress](), storetest.Full[ingest.Part]()
	split.Done, split.Number = false, part.Split
	split.Parts, split.Checkpoint = part.Number, part.From
	check(s.CreateSplits(ctx, r.Ref(), []ingest.SplitProgress{split}))
	gotS, err := s.Split(ctx, r.Ref(), split.Number)
	check(err)
	whole(t, split, gotS)
	kept, err := s.RecordPart(ctx, r.Ref(), part)
	check(err)
	if !kept {
		t.Fatal("the part was not kept")
	}
	gotP, err := s.Parts(ctx, r.Ref())
	check(err)
	whole(t, []ingest.Part{part}, gotP)

	sealed := storetest.Full[ingest.RunKey]()
	made, err := s.CreateRunKey(ctx, r.Ref(), sealed)
	check(err)
	if !made {
		t.Fatal("the run key was not made")
	}
	gotRunKey, err := s.RunKey(ctx, r.Ref())
	check(err)
	whole(t, sealed, gotRunKey)

	k := storetest.Full[caller.Key]()
	check(s.PutKey(ctx, k))
	gotK, err := s.Key(ctx, k.Hash)
	check(err)
	whole(t, k, gotK)

	// Only there so that the run has an import to be of.
	for _, sk := range []string{"IMP#free", "IMPNAME#free"} {
		drop(t, table, "WS#"+free.WorkspaceID, sk)
	}
}

func whole[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%T came back different (-want +got):\n%s", want, diff)
	}
}

func golden(t *testing.T, name string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func plainItem(item map[string]types.AttributeValue) map[string]any {
	out := make(map[string]any, len(item))
	for name, value := range item {
		out[name] = plain(value)
	}
	return out
}

// plain is a value with its type, as DynamoDB's own JSON has it.
func plain(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": true}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": plainItem(v.Value)}
	case *types.AttributeValueMemberL:
		return map[string]any{"L": slices.Collect(func(yield func(any) bool) {
			for _, e := range v.Value {
				if !yield(plain(e)) {
					return
				}
			}
		})}
	}
	panic("an attribute of a type that no item has")
}

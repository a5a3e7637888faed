//go:build unix

package dynamostore_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/source"
)

func TestLongReport(t *testing.T) {
	t.Parallel()
	s := dynamostore.New(peer.Client(), peer.Table(t))
	for name, n := range map[string]int{"one check": 1, "many checks": 200} {
		c, v := newConnection()
		if err := s.CreateConnection(t.Context(), c, v); err != nil {
			t.Fatal(err)
		}
		page := strings.Repeat("ü<p>", 200_000)
		checks := make([]source.CheckResult, n)
		for i := range checks {
			checks[i] = source.CheckResult{Name: "short", Provider: page, Detail: page, Remedy: &source.Remedy{Text: page, Snippet: page}}
		}
		kept, err := s.RecordChecks(t.Context(), v.Ref(), checks)
		if err != nil || !kept {
			t.Fatalf("%s: RecordChecks = %t, %v", name, kept, err)
		}
		got, err := s.Validation(t.Context(), v.Ref())
		if err != nil {
			t.Fatal(err)
		}
		one := got.Checks[n-1]
		if one.Name != "short" {
			t.Errorf("%s: a short text became %q", name, one.Name)
		}
		for _, text := range []string{one.Provider, one.Detail, one.Remedy.Text, one.Remedy.Snippet} {
			if !utf8.ValidString(text) || !strings.HasSuffix(text, "…") || !strings.HasPrefix(page, strings.TrimSuffix(text, "…")) {
				t.Errorf("%s: a long text is not cut between two characters, or does not show it", name)
			}
		}
	}
}

func TestItemThatIsTooLarge(t *testing.T) {
	t.Parallel()
	s := dynamostore.New(peer.Client(), peer.Table(t))
	i, _ := newImport()
	for n := range 500 {
		i.Mapping = append(i.Mapping, ingest.Column{Source: strings.Repeat("s", 1000), Target: fmt.Sprint(n)})
	}
	if err := s.CreateImport(t.Context(), i); fault.CodeOf(err) != fault.BodyTooLarge {
		t.Errorf("error %v, want %s", err, fault.BodyTooLarge)
	}
}

func TestItemOfALaterProgram(t *testing.T) {
	t.Parallel()
	table := peer.Table(t)
	s := dynamostore.New(peer.Client(), table)
	for attribute, value := range map[string]types.AttributeValue{
		"v":          &types.AttributeValueMemberN{Value: "2"},
		"kind":       &types.AttributeValueMemberS{Value: "import"},
		"created_at": &types.AttributeValueMemberS{Value: "2026-03-01T12:00:00Z"},
	} {
		c, v := newConnection()
		c.CreatedAt = noon
		if err := s.CreateConnection(t.Context(), c, v); err != nil {
			t.Fatal(err)
		}
		set(t, table, "WS#w", "CON#"+c.ID, attribute, value)
		if got, err := s.Connection(t.Context(), "w", c.ID); err == nil {
			t.Errorf("with another %s it was read as %+v, want an error", attribute, got)
		}
	}
}

// TestWorkBesideAnItemOfALaterProgram holds that one item which cannot be read does not stop the work of everybody.
func TestWorkBesideAnItemOfALaterProgram(t *testing.T) {
	t.Parallel()
	table := peer.Table(t)
	s := dynamostore.New(peer.Client(), table)
	later, _ := newImport()
	later.NextRunAt = noon
	if err := s.CreateImport(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	set(t, table, "WS#w", "IMP#"+later.ID, "v", &types.AttributeValueMemberN{Value: "2"})
	if due, err := s.DueImports(t.Context(), noon.Add(time.Hour), 20); err == nil || len(due) > 0 {
		t.Errorf("DueImports = %d, %v; want the error of the only one", len(due), err)
	}

	known, _ := newImport()
	known.NextRunAt = noon.Add(time.Second)
	if err := s.CreateImport(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	due, err := s.DueImports(t.Context(), noon.Add(time.Hour), 20)
	if err != nil || len(due) != 1 || due[0].ID != known.ID {
		t.Errorf("DueImports = %v, %v; want the one that can be read", due, err)
	}
}

// TestIndexThatLags forges items whose place in the index is older than they are.
func TestIndexThatLags(t *testing.T) {
	t.Parallel()
	table := peer.Table(t)
	s := dynamostore.New(peer.Client(), table)
	var want []string
	for n := range 140 { // more than one batch
		i, _ := newImport()
		i.NextRunAt = noon.Add(time.Duration(n) * time.Second)
		if err := s.CreateImport(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		if n >= 120 {
			want = append(want, i.ID)
			continue
		}
		later := "2027-03-01T12:00:00.000Z" // the earliest have been claimed
		set(t, table, "WS#w", "IMP#"+i.ID, "next_run_at", &types.AttributeValueMemberS{Value: later})
	}
	due, err := s.DueImports(t.Context(), noon.Add(time.Hour), 20)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range due {
		got = append(got, i.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is claimed took the place of what is due (-want +got):\n%s", diff)
	}

	c, v := newConnection()
	c.Status = connection.Active
	if err := s.CreateConnection(t.Context(), c, v); err != nil {
		t.Fatal(err)
	}
	set(t, table, "WS#w", "CON#"+c.ID, "status", &types.AttributeValueMemberS{Value: "inactive"})
	if active, next, err := s.ActiveConnections(t.Context(), ""); err != nil || len(active) > 0 || next != "" {
		t.Errorf("ActiveConnections = %d, %q, %v; want none", len(active), next, err)
	}
}

// TestManyActive pages within a shard.
func TestManyActive(t *testing.T) {
	t.Parallel()
	table := peer.Table(t)
	s := dynamostore.New(peer.Client(), table)
	c, v := newConnection()
	c.Status = connection.Active
	if err := s.CreateConnection(t.Context(), c, v); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{c.ID: 1}
	for range 10 {
		for _, id := range multiply(t, table, c.ID, 25) {
			want[id] = 1
		}
	}
	got, pages := make(map[string]int), 0
	for cursor, more := "", true; more; more = cursor != "" {
		page, next, err := s.ActiveConnections(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			got[c.ID]++
		}
		cursor, pages = next, pages+1
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("active connections (-want +got):\n%s", diff)
	}
	if pages < 3 {
		t.Errorf("%d pages, want three or more of at most a hundred", pages)
	}
}

// multiply copies a connection's item under other ids, in the same shard, and returns them.
func multiply(t *testing.T, table, connectionID string, n int) (ids []string) {
	t.Helper()
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	out, err := peer.Client().GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: &table, Key: map[string]types.AttributeValue{"pk": text("WS#w"), "sk": text("CON#" + connectionID)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var writes []types.WriteRequest
	for range n {
		twin, twinID := maps.Clone(out.Item), id.New(id.Connection)
		twin["sk"], twin["id"], twin["work_sk"] = text("CON#"+twinID), text(twinID), text(twinID)
		writes, ids = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: twin}}), append(ids, twinID)
	}
	if _, err := peer.Client().BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: writes}}); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestKey(t *testing.T) {
	t.Parallel()
	s := dynamostore.New(peer.Client(), peer.Table(t))
	if _, err := s.Key(t.Context(), id.Nonce()); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("unknown key: %v, want %s", err, fault.Unauthenticated)
	}
}

func set(t *testing.T, table, pk, sk, attribute string, value types.AttributeValue) {
	t.Helper()
	_, err := peer.Client().UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &table, UpdateExpression: aws.String("SET #a = :v"),
		Key:                       map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}},
		ExpressionAttributeNames:  map[string]string{"#a": attribute},
		ExpressionAttributeValues: map[string]types.AttributeValue{":v": value},
	})
	if err != nil {
		t.Fatal(err)
	}
}

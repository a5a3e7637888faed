package controlapi_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/manifest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// evidence ends a run that has left a manifest, and returns its path, the manifest and its hash.
func (s *stand) evidence(c controlapi.Connection) (ref ingest.Ref, target string, body []byte, hash string) {
	s.t.Helper()
	ref = s.run(s.importOf(c, "people", "profiles").ID)
	i, err := s.store.Import(s.t.Context(), "acme", ref.ImportID)
	s.must(err)
	seen, err := s.store.Run(s.t.Context(), ref)
	s.must(err)
	r := seen
	r.Status, r.StartedAt, r.AsOf, r.SchemaVersion = ingest.Succeeded, s.now, s.now, "schema"
	r.Findings = []ingest.Finding{{Guard: "volume", Limit: 6, Observed: 7.5, Action: ingest.Ignore, Message: "more rows than before"}}
	r.Released = &ingest.Decision{Actor: "key:owner", At: s.now}
	r.Proved = &ingest.Proved{Verdict: ingest.Complete, SourceRows: 3, RowsRead: 3, LakeRows: 2, Column: "day", Windows: []ingest.Window{{To: "2026-01-01", Source: 3, Read: 3}}}
	before := manifest.Snapshot{ID: "1", At: s.now, AddedRows: 5, TotalRows: 5, Operation: "append"}
	after := manifest.Snapshot{ID: "2", Parent: "1", RunID: ref.RunID, At: s.now, AddedRows: 2, TotalRows: 2, Operation: "overwrite"}
	body, hash, err = manifest.New(i, r, manifest.Facts{
		Splits: []source.Split{{Label: "a.csv", Rows: 3, Bytes: 100}}, CredentialVersion: "version", Before: &before, After: &after,
		Parts: []ingest.Part{{Last: true, Counts: ingest.Counts{RowsRead: 3, RowsWritten: 2, RowsQuarantined: 1}}},
	}).Encode()
	s.must(err)
	s.must(s.objects.Put(s.t.Context(), manifest.Key(ref), body))
	r.ManifestHash = hash
	moved, err := s.store.MoveRun(s.t.Context(), seen, r)
	s.must(err)
	if !moved {
		s.t.Fatal("the run did not move")
	}
	return ref, "/v1/imports/" + ref.ImportID + "/runs/" + ref.RunID + "/manifest", body, hash
}

func TestManifestIsAnsweredAsItWasHashed(t *testing.T) {
	s, c := active(t)
	ref, target, body, hash := s.evidence(c)
	answer := s.get(target)
	if answer.Status != 200 || !bytes.Equal(answer.Body, body) {
		t.Fatalf("%d: %s", answer.Status, answer.Body)
	}
	if got := schema.Hash(answer.Body); got != hash || answer.Header.Get("ETag") != `"`+hash+`"` {
		t.Errorf("the body's hash is %s and the ETag %s, want %s", got, answer.Header.Get("ETag"), hash)
	}
	if r := contracttest.Into[controlapi.Run](t, s.get(strings.TrimSuffix(target, "/manifest")), 200); r.ManifestHash != hash {
		t.Errorf("the run's hash is %q, want %s", r.ManifestHash, hash)
	}
	if theirs := s.Do(t, contracttest.Request{Caller: other, Target: target}); theirs.Status != 404 {
		t.Errorf("another workspace is answered %d", theirs.Status)
	}
	s.must(s.objects.Put(t.Context(), manifest.Key(ref), bytes.Replace(body, []byte(`"rows_read":3`), []byte(`"rows_read":4`), 1)))
	if changed := s.get(target); changed.Status != 500 || bytes.Contains(changed.Body, []byte("rows_read")) {
		t.Errorf("one that was changed is answered with %d: %s", changed.Status, changed.Body)
	}
}

func TestRunWithoutAManifest(t *testing.T) {
	s, c := active(t)
	ref := s.run(s.importOf(c, "people", "profiles").ID)
	answer := s.get("/v1/imports/" + ref.ImportID + "/runs/" + ref.RunID + "/manifest")
	if answer.Status != 404 || answer.Problem.Code != string(fault.ManifestNotFound) {
		t.Errorf("%d: %s", answer.Status, answer.Body)
	}
}

package peer_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sf "github.com/snowflakedb/gosnowflake/v2"
)

// post sends a request of the protocol by hand and gives its answer.
func (h *harness) post(path, token, body string, into any) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", `Snowflake Token="`+token+`"`)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		h.t.Fatal(err)
	}
}

type wireAnswer struct {
	Success bool
	Code    *string
	Data    struct {
		Token, MasterToken, QueryID, GetResultURL string
		Total, Returned                           int
		Chunks                                    []struct {
			URL                                        string
			RowCount, UncompressedSize, CompressedSize int
		}
		ChunkHeaders map[string]string
		RowType      []map[string]any
	}
}

func TestAnswer(t *testing.T) {
	h := seeded(t)
	h.admin("apply", big("2500"))
	h.admin("settings", `{"inline_rows": 500, "chunk_rows": 1500}`)
	var login, query, again wireAnswer
	h.post("/session/v1/login-request?warehouse=wh&databaseName=d&schemaName=s", "", `{"data": {"ACCOUNT_NAME": "acct", "LOGIN_NAME": "loader", "PASSWORD": "pw"}}`, &login)
	if !login.Success {
		t.Fatal(*login.Code)
	}
	h.post("/queries/v1/query-request?requestId=r1", login.Data.Token, `{"sqlText": "select * from big"}`, &query)
	if query.Data.Total != 2500 || query.Data.Returned != 2500 || len(query.Data.Chunks) != 2 || query.Data.Chunks[0].RowCount != 1500 || query.Data.Chunks[1].RowCount != 500 {
		t.Fatalf("%+v", query)
	}
	wantType := map[string]any{
		"name": "N", "type": "fixed", "precision": 10.0, "scale": 2.0, "nullable": true, "length": nil, "byteLength": nil, "collation": nil, "database": "", "schema": "", "table": "",
	}
	if diff := cmp.Diff(wantType, query.Data.RowType[1]); diff != "" {
		t.Error(diff)
	}
	// A request that is repeated finds its query.
	h.post("/queries/v1/query-request?requestId=r1", login.Data.Token, `{"sqlText": "select * from big"}`, &again)
	if again.Data.QueryID != query.Data.QueryID {
		t.Error("a repeated request started another query")
	}
	chunk := query.Data.Chunks[0]
	for _, test := range []struct {
		name, url string
		header    bool
		status    int
	}{
		{"as told", chunk.URL, true, http.StatusOK},
		{"without the header", chunk.URL, false, http.StatusBadRequest},
		{"another chunk", strings.Replace(chunk.URL, "/0?", "/1?", 1), true, http.StatusForbidden},
		{"forged", chunk.URL + "0", true, http.StatusForbidden},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, test.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range query.Data.ChunkHeaders {
			if test.header {
				req.Header.Set(k, v)
			}
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != test.status || test.status == http.StatusOK && resp.ContentLength != int64(chunk.CompressedSize) {
			t.Errorf("%s: status %d, %d bytes", test.name, resp.StatusCode, resp.ContentLength)
		}
	}
	var beat, renewed, gone wireAnswer
	h.post("/session/heartbeat", login.Data.Token, "", &beat)
	h.post("/session/token-request", login.Data.MasterToken, `{"requestType": "RENEW"}`, &renewed)
	if !beat.Success || !renewed.Success {
		t.Errorf("heartbeat %t, renewal %t", beat.Success, renewed.Success)
	}
	h.post("/session/heartbeat", login.Data.Token, "", &gone)
	if gone.Success {
		t.Error("the old token is still good")
	}
}

func TestAbort(t *testing.T) {
	h := seeded(t)
	var login, query, abort wireAnswer
	h.post("/session/v1/login-request", "", `{"data": {"ACCOUNT_NAME": "acct", "LOGIN_NAME": "loader", "PASSWORD": "pw"}}`, &login)
	h.admin("faults", `{"delay_ms": 60000}`)
	h.post("/queries/v1/query-request?requestId=r1", login.Data.Token, `{"sqlText": "select 1", "asyncExec": true}`, &query)
	if query.Code == nil || *query.Code != "333334" || query.Data.GetResultURL != "/queries/"+query.Data.QueryID+"/result" {
		t.Fatalf("%+v", query)
	}
	h.post("/queries/v1/abort-request", login.Data.Token, `{"requestId": "r1"}`, &abort)
	if !abort.Success {
		t.Fatalf("%+v", abort)
	}
	if _, err := rows(t, h.open(nil), sf.WithFetchResultByID(t.Context(), query.Data.QueryID), ""); err == nil || !strings.Contains(err.Error(), "604") {
		t.Errorf("aborted query: %v", err)
	}
	var late wireAnswer
	h.post("/queries/v1/abort-request", login.Data.Token, `{"requestId": "r1"}`, &late)
	if late.Success || *late.Code != "000605" {
		t.Errorf("abort of an aborted query: %+v", late)
	}
}

func TestJournal(t *testing.T) {
	h := seeded(t)
	h.admin("apply", people)
	db := h.open(func(c *sf.Config) { c.Warehouse = "sleepy" })
	tagged := sf.WithQueryTag(t.Context(), "nightly")
	// Describing a query takes no warehouse.
	if got, err := rows(t, db, sf.WithDescribeOnly(tagged), "select * from people"); err != nil || len(got) != 0 {
		t.Fatalf("%v, %v", got, err)
	}
	var journal []struct {
		Text, Class, User, Role string
		Tag                     string `json:"query_tag"`
		Describe                bool   `json:"describe_only"`
	}
	h.get("statements", &journal)
	if len(journal) != 1 || journal[0].Tag != "nightly" || !journal[0].Describe || journal[0].Class != "read" || journal[0].Role != "READER" {
		t.Errorf("%+v", journal)
	}
}

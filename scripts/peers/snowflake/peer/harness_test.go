package peer_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/duck"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/peer"
)

// A harness is a peer with an admin client.
type harness struct {
	t   testing.TB
	url string
}

func start(t testing.TB) *harness {
	t.Helper()
	db, err := duck.Open()
	if err != nil {
		t.Fatal(err)
	}
	p, err := peer.New(context.Background(), db, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(p)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		srv.Close()
		p.Close()
	})
	return &harness{t, srv.URL}
}

// seeded is a peer with a user LOADER (password pw, role READER, warehouse WH)
// and a database D with a schema S that the role may use.
func seeded(t testing.TB) *harness {
	t.Helper()
	h := start(t)
	h.admin("apply", `{
		"roles": [{"name": "READER"}, {"name": "OTHER"}],
		"users": [
			{"name": "LOADER", "password": "pw", "roles": ["READER"], "default_role": "READER", "default_warehouse": "WH", "default_namespace": "D.S"},
			{"name": "BOSS", "password": "pw", "roles": ["ACCOUNTADMIN"], "default_role": "ACCOUNTADMIN", "default_warehouse": "WH", "default_namespace": "D.S"}],
		"warehouses": [{"name": "WH"}, {"name": "SLEEPY", "suspended": true, "auto_resume": false}, {"name": "SPENT", "suspended": true, "resource_monitor": "RM", "quota_exceeded": true}, {"name": "HIDDEN"}],
		"databases": [{"name": "D"}, {"name": "SECRET"}],
		"schemas": [{"database": "D", "name": "S"}],
		"grants": [
			{"privilege": "USAGE", "on": "WAREHOUSE", "name": "WH", "to": "READER"},
			{"privilege": "USAGE", "on": "WAREHOUSE", "name": "SLEEPY", "to": "READER"},
			{"privilege": "USAGE", "on": "WAREHOUSE", "name": "SPENT", "to": "READER"},
			{"privilege": "USAGE", "on": "DATABASE", "database": "D", "to": "READER"},
			{"privilege": "USAGE", "on": "SCHEMA", "database": "D", "schema": "S", "to": "READER"},
			{"privilege": "SELECT", "on": "SCHEMA", "database": "D", "schema": "S", "future": "TABLE", "to": "READER"},
			{"privilege": "SELECT", "on": "SCHEMA", "database": "D", "schema": "S", "future": "VIEW", "to": "READER"}]
	}`)
	return h
}

// admin posts to the admin API, which must accept.
func (h *harness) admin(path, body string) {
	h.t.Helper()
	resp, err := http.Post(h.url+"/_peer/"+path, "application/json", bytes.NewBufferString(body))
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		h.t.Fatalf("%s: %s", path, answer)
	}
}

func (h *harness) get(path string, into any) {
	h.t.Helper()
	resp, err := http.Get(h.url + "/_peer/" + path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		h.t.Fatal(err)
	}
}

// open returns a client of one connection, as LOADER unless changed.
func (h *harness) open(change func(*sf.Config)) *sql.DB {
	h.t.Helper()
	u, err := url.Parse(h.url)
	if err != nil {
		h.t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		h.t.Fatal(err)
	}
	utc := "UTC"
	c := sf.Config{Account: "acct", User: "loader", Password: "pw", Host: u.Hostname(), Port: port, Protocol: "http", MaxRetryCount: 3, Params: map[string]*string{"TIMEZONE": &utc}}
	if change != nil {
		change(&c)
	}
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, c))
	db.SetMaxOpenConns(1)
	h.t.Cleanup(func() { db.Close() })
	return db
}

// rows reads a whole result as texts, NULL as "∅".
func rows(t testing.TB, db *sql.DB, ctx context.Context, query string, args ...any) ([][]string, error) {
	t.Helper()
	_, out, err := read(db, ctx, query, args...)
	return out, err
}

func read(db *sql.DB, ctx context.Context, query string, args ...any) (columns []string, out [][]string, err error) {
	r, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	if columns, err = r.Columns(); err != nil {
		return nil, nil, err
	}
	for r.Next() {
		values, targets := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := r.Scan(targets...); err != nil {
			return nil, nil, err
		}
		row := make([]string, len(columns))
		for i, v := range values {
			row[i] = v.String
			if !v.Valid {
				row[i] = "∅"
			}
		}
		out = append(out, row)
	}
	return columns, out, r.Err()
}

// code is the number and the SQLSTATE of a refusal.
func code(err error) (int, string) {
	if e, ok := errors.AsType[*sf.SnowflakeError](err); ok {
		return e.Number, e.SQLState
	}
	return 0, ""
}

func keyPair(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// quoted is a JSON string.
func quoted(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

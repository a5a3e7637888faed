package platforms

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/headwaterhq/headwater/shared/source/sourcetest/peer"
)

// Snowflake is a Snowflake with a database, and a user whose role may read its one table.
type Snowflake struct {
	URL         string
	Settings    map[string]any // as the API takes them
	Credentials map[string]any
	Secret      string // the part of the private key that no answer, log or file may hold

	server *peer.Process
	public string
}

// Object is a JSON object of the peer's admin protocol; see scripts/peers/snowflake/README.md.
type Object = map[string]any

const snowflakeReader = "HEADWATER_READER"

// StartSnowflake starts one with a table "CRM"."PUBLIC"."<name>" of these columns. Query, in DuckDB's SQL, fills it unless it is empty.
func StartSnowflake(ctx context.Context, name string, columns []Object, query string) (*Snowflake, error) {
	program, err := peer.Compile(ctx, peer.Snowflake())
	if err != nil {
		return nil, fmt.Errorf("building a Snowflake: %w", err)
	}
	addr, err := peer.Addr()
	if err != nil {
		return nil, err
	}
	// It outlives the signal that ends a program, and is closed after what uses it.
	server, err := peer.Launch(context.WithoutCancel(ctx), addr, program, "--addr", addr)
	if err != nil {
		return nil, fmt.Errorf("starting a Snowflake: %w", err)
	}
	s := &Snowflake{
		URL: "http://" + addr, server: server,
		Settings: map[string]any{
			"account": "acme-data", "user": "HEADWATER", "role": snowflakeReader, "warehouse": "HEADWATER_WH", "databases": "CRM",
		},
	}
	if err := errors.Join(s.makeKey(), s.seed(ctx, name, columns, query)); err != nil {
		s.Close()
		return nil, fmt.Errorf("seeding a Snowflake: %w", err)
	}
	return s, nil
}

// Close ends it.
func (s *Snowflake) Close() { s.server.Close() }

func (s *Snowflake) makeKey() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encoding a key: %w", err)
	}
	open, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return fmt.Errorf("encoding a public key: %w", err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	s.public = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open}))
	s.Credentials = map[string]any{"method": "key_pair", "private_key": private}
	s.Secret = strings.Split(private, "\n")[2]
	return nil
}

func (s *Snowflake) seed(ctx context.Context, name string, columns []Object, query string) error {
	table := Object{"database": "CRM", "schema": "PUBLIC", "name": name, "columns": columns}
	if query != "" {
		table["select"] = query
	}
	grant := func(privilege, on string, at Object) Object {
		at["privilege"], at["on"], at["to"] = privilege, on, snowflakeReader
		return at
	}
	return s.Call(ctx, "apply", Object{
		"roles": []Object{{"name": snowflakeReader}},
		"users": []Object{{
			"name": "HEADWATER", "public_keys": []string{s.public}, "roles": []string{snowflakeReader},
			"default_role": snowflakeReader, "default_warehouse": "HEADWATER_WH", "type": "SERVICE",
		}},
		"warehouses": []Object{{"name": "HEADWATER_WH", "auto_resume": true}},
		"databases":  []Object{{"name": "CRM"}},
		"schemas":    []Object{{"database": "CRM", "name": "PUBLIC"}},
		"tables":     []Object{table},
		"grants": []Object{
			grant("USAGE", "WAREHOUSE", Object{"name": "HEADWATER_WH"}),
			grant("USAGE", "DATABASE", Object{"database": "CRM"}),
			grant("USAGE", "SCHEMA", Object{"database": "CRM", "schema": "PUBLIC"}),
			grant("SELECT", "TABLE", Object{"database": "CRM", "schema": "PUBLIC", "name": name}),
		},
	})
}

// Call calls the peer's admin protocol.
func (s *Snowflake) Call(ctx context.Context, verb string, in Object) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", verb, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/_peer/"+verb, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("preparing %s: %w", verb, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("calling the peer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s", answer)
	}
	return err
}

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/peer"
)

// startSnowflake starts a Snowflake with a table, and a role that may read it.
func startSnowflake(ctx context.Context) ([]service, error) {
	program, err := peer.Compile(ctx, peer.Snowflake())
	if err != nil {
		return nil, fmt.Errorf("building a Snowflake: %w", err)
	}
	addr, err := peer.Addr()
	if err != nil {
		return nil, err
	}
	// It outlives the signal that ends the run, and is closed after the stack.
	server, err := peer.Launch(context.WithoutCancel(ctx), addr, program, "--addr", addr)
	if err != nil {
		return nil, fmt.Errorf("starting a Snowflake: %w", err)
	}
	private, public, err := keyPair()
	if err != nil {
		return nil, err
	}
	started := []service{{
		platform: demo.Platform{
			Name: "snowflake",
			Settings: map[string]any{
				"account": "acme-data", "user": "HEADWATER", "role": "HEADWATER_READER", "warehouse": "HEADWATER_WH", "databases": "CRM",
			},
			Credentials: map[string]any{"method": "key_pair", "private_key": private},
			Table:       "CRM.PUBLIC.visitors", Rows: visitors, Who: who,
			Query: `SELECT * FROM CRM.PUBLIC."visitors" WHERE "country" = 'DE'`, QueryRows: visitors / 3,
		},
		secret:   strings.Split(private, "\n")[2],
		endpoint: map[string]string{source.EndpointSnowflake: "http://" + addr},
		close:    func() error { server.Close(); return nil },
	}}
	if err := seedSnowflake(ctx, "http://"+addr, public); err != nil {
		return started, fmt.Errorf("seeding a Snowflake: %w", err)
	}
	return started, nil
}

func keyPair() (private, public string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", "", fmt.Errorf("making a key: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", fmt.Errorf("encoding a key: %w", err)
	}
	open, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", "", fmt.Errorf("encoding a public key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open})), nil
}

// object is a JSON object of the peer's admin protocol; see scripts/peers/snowflake/README.md.
type object = map[string]any

func seedSnowflake(ctx context.Context, url, publicKey string) error {
	column := func(name, dataType string) object { return object{"name": name, "type": dataType} }
	grant := func(privilege, on string, names object) object {
		g := object{"privilege": privilege, "on": on, "to": "HEADWATER_READER"}
		maps.Copy(g, names)
		return g
	}
	body, err := json.Marshal(object{
		"roles": []object{{"name": "HEADWATER_READER"}},
		"users": []object{{
			"name": "HEADWATER", "public_keys": []string{publicKey}, "roles": []string{"HEADWATER_READER"},
			"default_role": "HEADWATER_READER", "default_warehouse": "HEADWATER_WH", "type": "SERVICE",
		}},
		"warehouses": []object{{"name": "HEADWATER_WH", "auto_resume": true}},
		"databases":  []object{{"name": "CRM"}},
		"schemas":    []object{{"database": "CRM", "name": "PUBLIC"}},
		"tables": []object{{
			"database": "CRM", "schema": "PUBLIC", "name": "visitors",
			"columns": []object{
				column("user_id", "VARCHAR"), column("email", "VARCHAR"), column("country", "VARCHAR"),
				column("visits", "NUMBER(38,0)"), column("seen_at", "TIMESTAMP_NTZ(6)"),
			},
			"select": fmt.Sprintf("SELECT %s FROM range(1, %d) AS r(n)", visitorsOf("VARCHAR"), visitors+1),
		}},
		"grants": []object{
			grant("USAGE", "WAREHOUSE", object{"name": "HEADWATER_WH"}),
			grant("USAGE", "DATABASE", object{"database": "CRM"}),
			grant("USAGE", "SCHEMA", object{"database": "CRM", "schema": "PUBLIC"}),
			grant("SELECT", "TABLE", object{"database": "CRM", "schema": "PUBLIC", "name": "visitors"}),
		},
	})
	if err != nil {
		return fmt.Errorf("encoding the content: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/_peer/apply", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("preparing a call: %w", err)
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

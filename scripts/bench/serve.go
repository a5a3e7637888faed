package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
)

// reach is how a warehouse is reached.
type reach struct {
	Platform  string            `json:"platform"`
	Endpoints map[string]string `json:"endpoints"`
	Settings  map[string]any    `json:"settings"`
	Method    string            `json:"method"`
	Secrets   map[string]string `json:"secrets"`
	Table     string            `json:"table"`
	Token     string            `json:"token,omitempty"`
}

// serve starts a warehouse's wire server, in a process of its own, with the rows of a directory's only Parquet file.
func (b bench) serve(ctx context.Context, platform, dir string) (reach, func() error, error) {
	nothing := func() error { return nil }
	path, err := onlyFile(dir)
	if err != nil {
		return reach{}, nothing, err
	}
	args := []string{"-from", path}
	if platform == "snowflake" {
		args = []string{"--addr", "127.0.0.1:0"}
	}
	cmd := exec.CommandContext(ctx, b.program(platform), args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	hold, err := cmd.StdinPipe()
	if err != nil {
		return reach{}, nothing, fmt.Errorf("starting %s: %w", platform, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return reach{}, nothing, fmt.Errorf("starting %s: %w", platform, err)
	}
	if err := cmd.Start(); err != nil {
		return reach{}, nothing, fmt.Errorf("starting %s: %w", platform, err)
	}
	done := func() error { return errors.Join(hold.Close(), cmd.Wait()) }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return reach{}, nothing, errors.Join(fmt.Errorf("starting %s: %w: %s", platform, err, said.String()), done())
	}
	at, err := reachOf(ctx, platform, line, path)
	if err != nil {
		return reach{}, nothing, errors.Join(err, done())
	}
	return at, done, nil
}

// reachOf reads what a server says of itself.
func reachOf(ctx context.Context, platform string, line []byte, path string) (reach, error) {
	var said struct {
		Endpoints map[string]string `json:"endpoints"`
		Token     string            `json:"token"`
		Key       string            `json:"key_json"`
		Project   string            `json:"project"`
		Table     string            `json:"table"`
		URL       string            `json:"url"`
	}
	if err := json.Unmarshal(line, &said); err != nil {
		return reach{}, fmt.Errorf("reading what %s says of itself: %w", platform, err)
	}
	if platform == "bigquery" {
		return reach{
			Platform: platform, Endpoints: said.Endpoints, Settings: map[string]any{"project": said.Project, "datasets": "crm"},
			Method: "service_account_key", Secrets: map[string]string{"key_json": said.Key}, Table: said.Table, Token: said.Token,
		}, nil
	}
	const user, password, role, warehouse, database = "READER", "bench/wire+1", "READERS", "WH", "CRM"
	for _, step := range []struct {
		path string
		body map[string]any
	}{
		{"settings", map[string]any{"inline_rows": 1000, "chunk_rows": 20_000}},
		{"apply", map[string]any{
			"roles":      []any{map[string]any{"name": role}},
			"users":      []any{map[string]any{"name": user, "password": password, "roles": []string{role}, "default_role": role}},
			"warehouses": []any{map[string]any{"name": warehouse}},
			"databases":  []any{map[string]any{"name": database}},
			"schemas":    []any{map[string]any{"database": database, "name": "SALES"}},
			"tables": []any{map[string]any{
				"database": database, "schema": "SALES", "name": "PROFILES", "columns": snowflakeColumns(),
				"select": "SELECT * FROM read_parquet(" + literal(path) + ")",
			}},
			"grants": []any{
				map[string]any{"privilege": "USAGE", "on": "WAREHOUSE", "name": warehouse, "to": role},
				map[string]any{"privilege": "USAGE", "on": "DATABASE", "database": database, "to": role},
				map[string]any{"privilege": "USAGE", "on": "SCHEMA", "database": database, "schema": "SALES", "to": role},
				map[string]any{"privilege": "SELECT", "on": "TABLE", "database": database, "schema": "SALES", "name": "PROFILES", "to": role},
			},
		}},
	} {
		if err := administer(ctx, said.URL+"/_peer/"+step.path, step.body); err != nil {
			return reach{}, err
		}
	}
	return reach{
		Platform: platform, Endpoints: map[string]string{"snowflake": said.URL},
		Settings: map[string]any{"account": "acme-main", "user": user, "role": role, "warehouse": warehouse, "databases": database},
		Method:   "password", Secrets: map[string]string{"password": password}, Table: database + ".SALES.PROFILES",
	}, nil
}

func snowflakeColumns() []map[string]string {
	types := map[string]string{
		"string": "VARCHAR", "int64": "NUMBER(18,0)", "float64": "FLOAT", "bool": "BOOLEAN", "timestamp": "TIMESTAMP_NTZ(6)", "date": "DATE",
	}
	var columns []map[string]string
	for _, c := range profiles() {
		columns = append(columns, map[string]string{"name": strings.ToUpper(c.source), "type": types[c.kind]})
	}
	return columns
}

func administer(ctx context.Context, url string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("describing a warehouse: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("filling a warehouse: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("filling a warehouse: %w", err)
	}
	said, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return fmt.Errorf("filling a warehouse: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("filling a warehouse: %s", said)
	}
	return nil
}

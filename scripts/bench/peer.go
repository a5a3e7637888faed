package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
)

// mapped is a column as a mapping spells it.
type mapped struct {
	Source     string   `json:"source"`
	Target     string   `json:"target"`
	Type       string   `json:"type"`
	Transforms []string `json:"transforms,omitempty"`
}

func (t task) mapping() []mapped {
	mapping := make([]mapped, len(t.columns))
	for i, c := range t.columns {
		mapping[i] = mapped{c.source, c.target, c.kind, c.transforms}
	}
	return mapping
}

// until is our side up to a stage.
func until(stage string) side {
	return func(t task, in input, dir string) command {
		return command{program: "worker", stdin: map[string]any{"input": in.path, "output": dir, "mapping": t.mapping(), "until": stage}}
	}
}

// landSpread is our whole side on a table that is spread over buckets, as that of an import is. The peers write one file,
// and so does our side where it is held against them.
func landSpread(t task, in input, dir string) command {
	return command{program: "worker", stdin: map[string]any{"input": in.path, "output": dir, "mapping": t.mapping(), "until": "land", "spread": true}}
}

// overDriver and overClient read from the warehouse that serves the input: through the driver, and through the client
// library that it is built on.
func overDriver(t task, in input, dir string) command { return overWire(t, in, dir, false) }

func overClient(t task, in input, dir string) command { return overWire(t, in, dir, true) }

func overWire(t task, in input, dir string, bare bool) command {
	mapping := t.mapping()
	for i := range mapping {
		if in.server.Platform == "snowflake" {
			mapping[i].Source = strings.ToUpper(mapping[i].Source)
		}
	}
	ask := struct {
		reach
		Output  string   `json:"output"`
		Mapping []mapped `json:"mapping"`
		Until   string   `json:"until"`
		Bare    bool     `json:"bare"`
	}{in.server, dir, mapping, "land", bare}
	return command{program: "wire", stdin: ask, env: []string{"SNOWFLAKE_DISABLE_PLATFORM_DETECTION=true", "SF_DISABLE_MINICORE=true"}}
}

// askPolars is Polars with one thread.
func askPolars(t task, in input, dir string) command {
	type column struct {
		Source string `json:"source"`
		Target string `json:"target"`
		Kind   string `json:"kind"`
	}
	columns := make([]column, len(t.columns))
	for i, c := range t.columns {
		columns[i] = column{c.source, c.target, c.kind}
	}
	format, path := t.data.format, in.path+"/part-*"
	if t.data.arrow != "" {
		format, path = "arrow", in.path
	}
	ask, err := json.Marshal(map[string]any{"format": format, "input": path, "output": filepath.Join(dir, "out.parquet"), "columns": columns})
	if err != nil {
		panic(fmt.Sprintf("bench: describing the work: %v", err)) // text only
	}
	return command{program: "polars/polars", args: []string{string(ask)}, env: []string{"POLARS_MAX_THREADS=1"}}
}

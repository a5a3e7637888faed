package demo

import (
	"strings"
	"time"
)

// What the demo reads of the API's answers; /openapi.yaml has all of it.

type connection struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Status       string `json:"status"`
	StatusChange struct {
		Reason string    `json:"reason"`
		At     time.Time `json:"at"`
	} `json:"status_change"`
	SchemaRefreshed time.Time   `json:"schema_refreshed_at"`
	LastValidation  *validation `json:"last_validation"`
	Setup           []grant     `json:"setup"`
}

type grant struct {
	Language string `json:"language"`
	Text     string `json:"text"`
}

type validation struct {
	ID      string  `json:"id"`
	Trigger string  `json:"trigger"`
	Outcome string  `json:"outcome"`
	Checks  []check `json:"checks"`
	Error   *failure
}

// failures are the failed checks, in one line.
func (v validation) failures() string {
	var failed []string
	for _, k := range v.Checks {
		if k.Outcome == "fail" {
			failed = append(failed, k.Name+": "+k.Detail+": "+k.Provider)
		}
	}
	if v.Error != nil {
		failed = append(failed, v.Error.Code+": "+v.Error.Message)
	}
	return strings.Join(failed, "; ")
}

type check struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Outcome  string `json:"outcome"`
	Detail   string `json:"detail"`
	Provider string `json:"provider_error"`
	Remedy   *struct {
		Text    string `json:"text"`
		Snippet string `json:"snippet"`
	} `json:"remedy"`
	Millis int64 `json:"duration_ms"`
}

type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type schemaPage struct {
	Items []table `json:"items"`
}

type table struct {
	Name        string `json:"name"`
	Format      string `json:"format"`
	ColumnCount int    `json:"column_count"`
	Files       int64  `json:"files"`
	Problem     string `json:"problem"`
}

type imported struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Table     string    `json:"table"`
	Type      string    `json:"type"`
	Mode      string    `json:"mode"`
	LastRunID string    `json:"last_run_id"`
	OpenRunID string    `json:"open_run_id"`
	NextRunAt time.Time `json:"next_run_at"`
}

type run struct {
	ID         string   `json:"id"`
	Trigger    string   `json:"trigger"`
	Status     string   `json:"status"`
	Splits     int      `json:"splits"`
	SplitsDone int      `json:"splits_done"`
	Counts     counts   `json:"counts"`
	SnapshotID string   `json:"snapshot_id"`
	Error      *failure `json:"error"`
	Millis     int64    `json:"duration_ms"`
}

func (r run) ended() bool { return r.Status == "succeeded" || r.Status == "failed" }

type counts struct {
	Read        int64 `json:"rows_read"`
	Written     int64 `json:"rows_written"`
	Quarantined int64 `json:"rows_quarantined"`
	Bytes       int64 `json:"bytes_written"`
}

type rowsAnswer struct {
	Items []map[string]any `json:"items"`
}

type profile struct {
	Profiles   []found `json:"profiles"`
	Identities []found `json:"identities"`
	Groups     []found `json:"groups"`
	Activities []found `json:"activities"`
}

type found struct {
	ImportID string         `json:"import_id"`
	Row      map[string]any `json:"row"`
}

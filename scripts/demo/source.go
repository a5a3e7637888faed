package demo

import (
	"context"
	"fmt"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

// Prefix is where the demo data stands in the source bucket.
const Prefix = "crm/"

// Seed puts the demo data into a bucket, each table in another format and
// compression, and returns what was written. Rows is the size of profiles and purchases.
func Seed(ctx context.Context, bucket dataset.Bucket, rows int64) (map[string]dataset.Table, error) {
	small := max(rows/10, 1)
	sets := []dataset.Options{
		{Tables: []string{dataset.Profiles}, Format: dataset.CSV, Rows: rows, Files: 4},
		{Tables: []string{dataset.Purchases}, Format: dataset.NDJSON, Compression: dataset.Gzip, Rows: rows, Customers: rows},
		{Tables: []string{dataset.IdentityPairs}, Format: dataset.Parquet, Rows: small, Customers: rows},
		{Tables: []string{dataset.Households}, Format: dataset.CSV, Compression: dataset.Zstd, Rows: small, Customers: rows},
	}
	written := make(map[string]dataset.Table, len(sets))
	for _, set := range sets {
		set.Seed = 20260101
		manifest, err := dataset.Write(ctx, bucket, set)
		if err != nil {
			return nil, fmt.Errorf("seeding %v: %w", set.Tables, err)
		}
		for _, t := range manifest.Tables {
			written[t.Name] = t
		}
	}
	return written, nil
}

// column is one line of a mapping, as the API takes it.
type column struct {
	Source     string   `json:"source"`
	Target     string   `json:"target"`
	Type       string   `json:"type,omitempty"`
	Required   bool     `json:"required,omitempty"`
	Transforms []string `json:"transforms,omitempty"`
}

// newImport is an import, as the API takes it.
type newImport struct {
	Name         string   `json:"name"`
	ConnectionID string   `json:"connection_id"`
	Table        string   `json:"table,omitempty"`
	Type         string   `json:"type"`
	Mode         string   `json:"mode"`
	Mapping      []column `json:"mapping"`
	Query        string   `json:"query,omitempty"` // instead of a table
}

// imports are the four imports of the demo, one of each type. Every one
// maps the column that the seed spoils, so that each broken line shows.
func imports(connectionID string) []newImport {
	tidy := []string{"trim", "lower"}
	return []newImport{
		{Name: "Customers", ConnectionID: connectionID, Table: dataset.Profiles, Type: "user_profile", Mode: "full_refresh", Mapping: []column{
			{Source: "user_id", Target: "identifier"},
			{Source: "email", Target: "email_sha256", Transforms: []string{"trim", "lower", "sha256"}},
			{Source: "first_name", Target: "first_name", Transforms: []string{"trim"}},
			{Source: "country", Target: "country"},
			{Source: "plan", Target: "plan"},
			{Source: "age", Target: "age"},
			{Source: "ltv_cents", Target: "ltv_cents", Type: "int64"},
			{Source: "churn_score", Target: "churn_score"},
			{Source: "opt_in", Target: "opt_in"},
			{Source: "created_at", Target: "created_at"},
			{Source: "birth_date", Target: "birth_date"},
		}},
		{Name: "Purchases", ConnectionID: connectionID, Table: dataset.Purchases, Type: "user_activity", Mode: "append", Mapping: []column{
			{Source: "user_id", Target: "identifier"},
			{Source: "event_time", Target: "event_time"},
			{Source: "event_name", Target: "event_name"},
			{Source: "order_id", Target: "order_id"},
			{Source: "sku", Target: "sku"},
			{Source: "quantity", Target: "quantity"},
			{Source: "amount_cents", Target: "amount_cents", Type: "int64"},
			{Source: "currency", Target: "currency"},
			{Source: "channel", Target: "channel", Transforms: tidy},
			{Source: "dt", Target: "day"},
		}},
		{Name: "Identities", ConnectionID: connectionID, Table: dataset.IdentityPairs, Type: "identity_graph", Mode: "full_refresh", Mapping: []column{
			{Source: "first_id", Target: "first_id", Transforms: tidy},
			{Source: "first_id_type", Target: "first_id_type"},
			{Source: "second_id", Target: "second_id", Transforms: tidy},
			{Source: "second_id_type", Target: "second_id_type"},
			{Source: "linked_at", Target: "linked_at"},
		}},
		{Name: "Households", ConnectionID: connectionID, Table: dataset.Households, Type: "group_identity", Mode: "full_refresh", Mapping: []column{
			{Source: "user_id", Target: "user_id", Transforms: tidy},
			{Source: "household_id", Target: "group_id", Transforms: tidy},
			{Source: "joined_at", Target: "cursor"},
			{Source: "is_deleted", Target: "is_deleted"},
		}},
	}
}

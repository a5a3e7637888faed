package simulation

import (
	"context"
	"fmt"
	"strings"

	"github.com/headwaterhq/headwater/scripts/platforms"
)

// Place is where the table is on one platform.
type Place struct {
	Platform    string
	Settings    map[string]any // of the connection, as the API takes them
	Credentials map[string]any
	Table       string
	Put         func(context.Context, []Row) error // makes these the table's rows, and no others
}

// Put keeps an object of a store.
type Put func(ctx context.Context, name string, body []byte) error

const (
	prefix = "crm"
	people = "people"
	files  = 2
)

// InFiles is a table of a few files below a prefix of a store of objects.
func InFiles(platform string, settings, credentials map[string]any, put Put) Place {
	settings["prefix"] = prefix
	return Place{
		Platform: platform, Settings: settings, Credentials: credentials, Table: people,
		Put: func(ctx context.Context, rows []Row) error {
			for n := range files {
				name := fmt.Sprintf("%s/%s/part-%d.ndjson", prefix, people, n)
				if err := put(ctx, name, NDJSON(rows[n*len(rows)/files:(n+1)*len(rows)/files])); err != nil {
					return fmt.Errorf("writing %s: %w", name, err)
				}
			}
			return nil
		},
	}
}

// InGoogle are the table in BigQuery and in Cloud Storage.
func InGoogle(ctx context.Context, g *platforms.Google) ([]Place, error) {
	types := map[string]string{"string": "STRING", "int64": "INT64", "timestamp": "TIMESTAMP", "date": "DATE", "bool": "BOOL"}
	var columns []string
	for _, c := range Columns {
		columns = append(columns, fmt.Sprintf("CAST(NULL AS %s) AS %s", types[c[1]], c[0]))
	}
	table := fmt.Sprintf("`%s.%s.%s`", platforms.GoogleProject, platforms.GoogleDataset, people)
	if err := g.Exec(ctx, "CREATE TABLE "+table+" AS SELECT "+strings.Join(columns, ", ")); err != nil {
		return nil, fmt.Errorf("creating the table in BigQuery: %w", err)
	}
	warehouse := Place{
		Platform: "bigquery", Settings: map[string]any{"project": platforms.GoogleProject}, Credentials: g.Credentials,
		Table: platforms.GoogleDataset + "." + people,
		Put: func(ctx context.Context, rows []Row) error {
			if err := g.Exec(ctx, "DELETE FROM "+table+" WHERE TRUE"); err != nil || len(rows) == 0 {
				return err
			}
			return g.Exec(ctx, "INSERT INTO "+table+" ("+names()+") VALUES "+values(rows))
		},
	}
	bucket := InFiles("gcs", map[string]any{"bucket": platforms.GoogleBucket}, g.Credentials, func(ctx context.Context, name string, body []byte) error {
		_, err := g.PutObject(ctx, platforms.GoogleBucket, name, "application/x-ndjson", body)
		return err
	})
	return []Place{warehouse, bucket}, nil
}

// InSnowflake starts a Snowflake with the table. The caller closes it.
func InSnowflake(ctx context.Context) (Place, *platforms.Snowflake, error) {
	types := map[string]string{"string": "VARCHAR", "int64": "NUMBER(18,0)", "timestamp": "TIMESTAMP_NTZ(6)", "date": "DATE", "bool": "BOOLEAN"}
	var columns []platforms.Object
	for _, c := range Columns {
		columns = append(columns, platforms.Object{"name": c[0], "type": types[c[1]]})
	}
	s, err := platforms.StartSnowflake(ctx, people, columns, "")
	if err != nil {
		return Place{}, nil, err
	}
	return Place{
		Platform: "snowflake", Settings: s.Settings, Credentials: s.Credentials, Table: "CRM.PUBLIC." + people,
		Put: func(ctx context.Context, rows []Row) error {
			all := make([][]any, len(rows))
			for n, r := range rows {
				v := r.values()
				v["changed_at"] = r.Changed.UTC().Format("2006-01-02 15:04:05.000000")
				for _, c := range Columns {
					all[n] = append(all[n], v[c[0]])
				}
			}
			return s.Call(ctx, "rows", platforms.Object{"database": "CRM", "schema": "PUBLIC", "table": people, "delete": "true", "rows": all})
		},
	}, s, nil
}

func names() string {
	var all []string
	for _, c := range Columns {
		all = append(all, c[0])
	}
	return strings.Join(all, ", ")
}

// values are rows as SQL has them. Their texts have no quotes.
func values(rows []Row) string {
	var b strings.Builder
	for n, r := range rows {
		if n > 0 {
			b.WriteString(", ")
		}
		v := r.values()
		opening := "("
		for _, c := range Columns {
			b.WriteString(opening)
			opening = ", "
			switch {
			case v[c[0]] == nil:
				b.WriteString("NULL")
			case c[1] == "string":
				fmt.Fprintf(&b, "'%s'", v[c[0]])
			case c[1] == "timestamp", c[1] == "date":
				fmt.Fprintf(&b, "%s '%s'", strings.ToUpper(c[1]), v[c[0]])
			default:
				fmt.Fprint(&b, v[c[0]])
			}
		}
		b.WriteByte(')')
	}
	return b.String()
}

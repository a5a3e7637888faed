package catalog

import "github.com/headwaterhq/headwater/shared/source"

// BigQuery is Google BigQuery, and Amazon S3 through BigQuery Omni.
func BigQuery() source.Spec {
	return source.Spec{
		Platform: "bigquery",
		Title:    "Google BigQuery",
		Description: "Imports tables, views and the results of queries; partitioned, clustered, date-sharded and external tables too. " +
			"Files in Amazon S3 are read where they are through BigQuery Omni. Tables are read by the Storage Read API, which runs no query; views, external tables and queries run one.",
		Category: "data_warehouse", Keywords: []string{"bq", "gcp", "google", "sql", "omni", "s3"},
		Availability: source.Available,
		Capabilities: []source.Capability{
			source.RowFilter, source.Queries, source.Views, source.SnapshotReads, source.NestedColumns, source.CostEstimate, source.Grants,
		},
		Settings: []source.Field{
			{
				Name: "project", Title: "Project", Required: true,
				Description: "Id of the project that has the datasets.",
				Pattern:     googleProject, Example: "acme-data", MaxLength: 64,
			},
			{
				Name: "billing_project", Title: "Billing project",
				Description: "Id of the project in which queries and read sessions run, and which pays for them. Empty takes the project itself.",
				Pattern:     googleProject, Example: "acme-analytics", MaxLength: 64,
			},
			{
				Name: "location", Title: "Location",
				Description: "Where the datasets are. Empty takes datasets of all locations; datasets elsewhere are left out.",
				Pattern:     `[A-Za-z]+(-[A-Za-z0-9]+)*`, Example: "EU", MaxLength: 40,
			},
			{
				Name: "datasets", Title: "Datasets",
				Description: "Names of the datasets, separated by commas. Empty takes all that the credential sees.",
				Pattern:     `[A-Za-z0-9_]+( *, *[A-Za-z0-9_]+)*`, Example: "crm, web_events", MaxLength: 16 << 10,
			},
			{
				Name: "maximum_bytes_billed", Title: "Maximum bytes billed", Kind: source.Integer,
				Description: "The most that reading one table, view or query may scan; beyond it nothing is read. An import may set a lower limit. Empty or 0 is no limit.",
			},
			{
				Name: "omni_connection", Title: "Omni connection",
				Description: "The BigQuery connection through which tables in Amazon S3 are read, as location.connection or project.location.connection.",
				Pattern:     `([a-z0-9.:-]+\.)?aws-[a-z0-9-]+\.[A-Za-z0-9_-]+`, Example: "aws-us-east-1.acme-s3", MaxLength: 200,
			},
		},
		Auth: googleAuth(),
	}
}

// googleProject is the id of a project, with the domain before it that some have.
const googleProject = `([a-z0-9][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]`

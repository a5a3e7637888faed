// Package googlepeer is a Google Cloud on the loopback interface, for tests of
// the bigquery and gcs drivers and for the smoke run: real protocols, real
// third-party emulators, and in front of them what those lack.
//
//	endpoint                    what answers
//	google_oauth2               the token endpoint: service-account keys, refresh tokens
//	google_sts                  workload identity federation from AWS
//	google_iam_credentials      generateAccessToken
//	google_resource_manager     testIamPermissions of a project
//	gcs                         a guard in front of fake-gcs-server
//	bigquery                    a guard in front of bigquery-emulator
//	bigquery_storage            the Storage Read API, on the emulator's data
//
// Nothing is allowed until Grant says so, every access token is checked, and
// every call that would change something is recorded in Mutations. The emulators
// are started when they are first needed, so a test of one of the services does
// not wait for the other.
//
//	func TestMyDriver(t *testing.T) {
//		peer := googlepeer.Run(t, googlepeer.Config{})
//		key := peer.ServiceAccount("reader@acme.iam.gserviceaccount.com") // a key file, as Google makes it
//		peer.Grant("reader@acme.iam.gserviceaccount.com", "storage.objects.list", "projects/_/buckets/events")
//		peer.Grant("reader@acme.iam.gserviceaccount.com", "storage.objects.get", "projects/_/buckets/events")
//		peer.CreateBucket(t.Context(), googlepeer.Bucket{Name: "events", Location: "EU"})
//		peer.PutObject(t.Context(), "events", "2026/01.ndjson", "application/x-ndjson", body)
//		driver := gcs.New(peer.Endpoints())
//		…
//		if diff := cmp.Diff([]string(nil), peer.Mutations()); diff != "" { … }
//	}
//
// A warehouse is seeded the same way, and read as BigQuery is:
//
//	peer := googlepeer.Run(t, googlepeer.Config{Project: "billing", Projects: []string{"data"}})
//	peer.CreateDataset(ctx, "data.crm", "EU")
//	peer.CreateTable(ctx, googlepeer.Table{
//		Name:    "data.crm.users",
//		Schema:  []*bigquery.TableFieldSchema{{Name: "id", Type: "INTEGER"}, {Name: "day", Type: "DATE"}},
//		Declare: func(t *bigquery.Table) { t.TimePartitioning = &bigquery.TimePartitioning{Type: "DAY", Field: "day"} },
//	})
//	peer.Exec(ctx, "INSERT INTO data.crm.users SELECT x, DATE '2026-01-01' FROM UNNEST(GENERATE_ARRAY(1, 1000)) x")
//	peer.GrantAll(email, "projects/billing", "bigquery.jobs.create", "bigquery.readsessions.create", "bigquery.readsessions.getData")
//	peer.GrantAll(email, "projects/data/datasets/crm", "bigquery.datasets.get", "bigquery.tables.list", "bigquery.tables.get", "bigquery.tables.getData")
//	…
//	peer.Queries(), peer.ReadSessions(), peer.ReadCalls() // what was pushed down, and what was read again
//
// What a bearer of a token may do is granted on a resource and holds for all below it:
//
//	projects/p                            jobs.create, readsessions.create, …
//	projects/p/datasets/d                 datasets.get, tables.list, …
//	projects/p/datasets/d/tables/t        tables.get, tables.getData
//	projects/p/locations/l/connections/c  connections.use
//	projects/_/buckets/b                  storage.buckets.get, storage.objects.list, …
//	projects/-/serviceAccounts/email      iam.serviceAccounts.getAccessToken
//
// Things are made to go wrong with ExpireTokens, ExpireSessions, DisableAccount,
// DeleteKey, RevokeRefreshToken, Revoke, Redeclare, SetJobDuration, Inject
// (HTTP) and InjectRead (the Storage Read API).
//
// # Where it differs from Google
//
// A comparison of NaN with > or >= holds, where in BigQuery it does not: the
// emulator has no NaN, and a very great number stands for it. Bytes processed
// are the table's NumBytes by the share of its columns that a statement names.
// A required partition filter is one that names the column after WHERE. A table
// reads as of a moment only after KeepHistory. Legacy SQL, region-level
// INFORMATION_SCHEMA, Avro, SplitReadStream and reading a wildcard by the
// Storage Read API are not there; of INFORMATION_SCHEMA of a dataset there is
// what the emulator knows. Read sessions are evaluated when they are created.
// A query of another query's result runs that one again.
package googlepeer

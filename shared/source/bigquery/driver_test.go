package bigquery_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/bigquery"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

func TestConformance(t *testing.T) {
	peer := start(t)
	tables := fill(t, peer)
	invalid := fault.SourceInvalidQuery
	sourcetest.Run(t, sourcetest.Harness{
		Driver: bigquery.New(peer.Endpoints()),
		Config: member(t, peer, reader),
		Broken: broken(t, peer),
		Tables: tables, Types: schema.Types(), TargetBytes: splitBytes,
		Counts: sourcetest.Counts{Rows: true, Filtered: true, Windows: true},
		Queries: []sourcetest.Query{
			{SQL: "SELECT n, n * 2 AS double FROM crm.numbers WHERE n < 3", Rows: []string{`{"double":2,"n":1}`, `{"double":4,"n":2}`}},
			{SQL: "SELECT no_such_column FROM crm.numbers", Fails: &invalid},
			{SQL: "/* SELECT */ DELETE FROM crm.numbers WHERE TRUE", Fails: &invalid},
		},
		Interrupt: func(*testing.T) {
			peer.InjectRead(googlepeer.ReadFault{Method: "ReadRows", Times: 1, Err: status.Error(codes.Unavailable, "the connection was lost")})
		},
		Expire:    func(*testing.T) { peer.ExpireTokens() },
		Change:    func(t *testing.T) { must(t, peer.Exec(t.Context(), "INSERT INTO crm.numbers VALUES (81, 'late')")) },
		Mutations: peer.Mutations,
	})
}

// broken has a credential for each permission, which lacks it alone.
func broken(t *testing.T, peer *googlepeer.Peer) []sourcetest.Broken {
	t.Helper()
	deleted := peer.ServiceAccount("deleted@acme-data.iam.gserviceaccount.com")
	peer.DeleteKey(deleted)
	good := member(t, peer, "good@acme-data.iam.gserviceaccount.com")
	list := []sourcetest.Broken{
		{Name: "deleted key", Config: config(deleted), Check: "authenticate", Code: fault.SourceAuthentication},
		{Name: "missing dataset", Config: with(good, "datasets", "none"), Check: "bigquery.datasets.get", Code: fault.SourceNotFound},
		{Name: "other location", Config: with(good, "location", "us-east1"), Check: "bigquery.location", Code: fault.SourceWrongRegion},
	}
	for _, permission := range append(catalog.BigQueryRunPermissions(), catalog.BigQueryReadPermissions()...) {
		email := strings.ToLower("no-"+permission[len("bigquery."):]) + "@acme-data.iam.gserviceaccount.com"
		list = append(list, sourcetest.Broken{Name: "without " + permission, Config: member(t, peer, email, permission), Check: permission, Code: fault.SourcePermission})
	}
	return list
}

var _ source.Driver = bigquery.Driver{}

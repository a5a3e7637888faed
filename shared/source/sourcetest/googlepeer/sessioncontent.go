package googlepeer

import (
	"context"
	"net/http"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/api/bigquery/v2"
)

// content is what a session reads: rows of the emulator, or ready ones.
type content struct {
	rows  *rows
	ready *ready
}

// content evaluates a table under a session's restriction and snapshot time.
func (s *readServer) content(ctx context.Context, caller string, ref tableRef, r *storagepb.ReadSession) (*bigquery.Table, content, *problem) {
	b := s.peer.warehouse
	restriction := r.GetReadOptions().GetRowRestriction()
	if d, ok := b.catalog.dataset(ref.datasetRef); ok && omni(d.Location) {
		return nil, content{}, elsewhere(d.Location)
	}
	if found, ok := b.resultTable(ref, caller); ok {
		if omni(found.meta.Location) {
			return nil, content{}, elsewhere(found.meta.Location)
		}
		kept, refused := b.restrictResult(ctx, caller, found, restriction)
		return found.meta, content{rows: kept}, refused
	}
	if !b.peer.policy.allows(caller, "bigquery.tables.getData", ref.resource()) {
		return nil, content{}, &problem{
			status:  http.StatusForbidden,
			message: "the user does not have 'bigquery.tables.getData' permission for '" + ref.resource() + "'",
		}
	}
	meta, missing := b.findTable(ref)
	if missing != nil {
		return nil, content{}, missing
	}
	if meta.Type != kindTable && (meta.ExternalDataConfiguration == nil || meta.ExternalDataConfiguration.ConnectionId == "") {
		return nil, content{}, invalid("non-table entities cannot be read with the storage API")
	}
	_, t, _ := b.catalog.table(ref)
	if t.ready != nil {
		return meta, content{ready: t.ready}, nil
	}
	target := ref
	if at := r.GetTableModifiers().GetSnapshotTime(); at != nil {
		var refused *problem
		if target, refused = t.asOf(ref, at.AsTime()); refused != nil {
			return nil, content{}, refused
		}
	}
	sql := "SELECT * FROM " + target.sql()
	if restriction != "" {
		sql += " WHERE " + restriction
	}
	if column := partitionColumn(meta); meta.RequirePartitionFilter {
		if s := parse(sql); !s.filtersPartition(column) {
			return nil, content{}, noPartitionFilter(ref, column)
		}
	}
	read, refused := b.run(ctx, sql, nil)
	return meta, content{rows: read}, badFilter(refused, ref, restriction)
}

// elsewhere refuses what is in another cloud: the limitations of BigQuery Omni
// name the Storage API as not available there.
func elsewhere(location string) *problem {
	return invalid("the Storage API is not available in location " + location)
}

// restrictResult applies a restriction to a query's result, by asking again.
func (b *warehouse) restrictResult(ctx context.Context, caller string, found result, restriction string) (*rows, *problem) {
	if restriction == "" {
		return found.rows, nil
	}
	c := found.job.configuration.Query
	q, refused := b.resolve(c.Query, found.job.project, caller, found.job.location, c.DefaultDataset)
	if refused != nil {
		return nil, refused
	}
	kept, refused := b.run(ctx, "SELECT * FROM ("+q.sql+"\n) WHERE "+restriction, c.QueryParameters)
	return kept, badFilter(refused, found.job.destination, restriction)
}

// badFilter says of a restriction that did not run what the API says.
func badFilter(refused *problem, ref tableRef, restriction string) *problem {
	if refused == nil || restriction == "" || refused.status != http.StatusBadRequest {
		return refused
	}
	return invalid("Row filter for table " + ref.String() + " is invalid. Filter is '" + restriction + "': " + refused.message)
}

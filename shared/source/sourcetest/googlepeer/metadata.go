package googlepeer

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/api/bigquery/v2"
)

// listProjects lists what the caller may see, as projects.list does.
func (b *warehouse) listProjects(_ *http.Request, caller string) (any, *problem) {
	list := &bigquery.ProjectList{Kind: "bigquery#projectList"}
	for _, project := range append([]string{b.peer.config.Project}, b.peer.config.Projects...) {
		if b.peer.policy.allows(caller, "resourcemanager.projects.get", "projects/"+project) {
			list.Projects = append(list.Projects, &bigquery.ProjectListProjects{
				Id: project, ProjectReference: &bigquery.ProjectReference{ProjectId: project}, Kind: "bigquery#project",
			})
		}
	}
	list.TotalItems = int64(len(list.Projects))
	return list, nil
}

// listDatasets lists the datasets that the caller may get; those that it may not are left out, not refused.
func (b *warehouse) listDatasets(r *http.Request, caller string) (any, *problem) {
	var visible []*bigquery.DatasetListDatasets
	for _, d := range b.catalog.listDatasets(r.PathValue("project")) {
		ref := datasetRef{d.DatasetReference.ProjectId, d.DatasetReference.DatasetId}
		if b.peer.policy.allows(caller, "bigquery.datasets.get", ref.resource()) {
			visible = append(visible, &bigquery.DatasetListDatasets{
				Kind: "bigquery#dataset", Id: d.Id, DatasetReference: d.DatasetReference, Location: d.Location,
			})
		}
	}
	after, limit := page(r)
	list := &bigquery.DatasetList{Kind: "bigquery#datasetList"}
	for _, d := range visible {
		if d.DatasetReference.DatasetId <= after {
			continue
		}
		if len(list.Datasets) == limit {
			list.NextPageToken = pageToken(list.Datasets[limit-1].DatasetReference.DatasetId)
			break
		}
		list.Datasets = append(list.Datasets, d)
	}
	return list, nil
}

func (b *warehouse) getDataset(r *http.Request, caller string) (any, *problem) {
	ref := datasetOf(r)
	if !b.peer.policy.allows(caller, "bigquery.datasets.get", ref.resource()) {
		return nil, deniedOn("bigquery.datasets.get", "dataset", ref.String())
	}
	return b.findDataset(ref)
}

func (b *warehouse) findDataset(ref datasetRef) (*bigquery.Dataset, *problem) {
	if d, ok := b.catalog.dataset(ref); ok {
		return d, nil
	}
	return nil, notFound("Not found: Dataset " + ref.String())
}

func (b *warehouse) listTables(r *http.Request, caller string) (any, *problem) {
	ref := datasetOf(r)
	if !b.peer.policy.allows(caller, "bigquery.tables.list", ref.resource()) {
		return nil, deniedOn("bigquery.tables.list", "dataset", ref.String())
	}
	if _, missing := b.findDataset(ref); missing != nil {
		return nil, missing
	}
	after, limit := page(r)
	tables, total := b.catalog.listTables(ref, after, limit)
	list := &bigquery.TableList{Kind: "bigquery#tableList", Etag: etag(ref.String(), total), TotalItems: int64(total), ForceSendFields: []string{"TotalItems"}}
	for _, t := range tables {
		list.Tables = append(list.Tables, listed(t))
	}
	if len(tables) == limit {
		list.NextPageToken = pageToken(tables[limit-1].TableReference.TableId)
	}
	return list, nil
}

// listed is what tables.list shows of a table: no schema, and no sizes.
func listed(t *bigquery.Table) *bigquery.TableListTables {
	item := &bigquery.TableListTables{
		Kind: t.Kind, Id: t.Id, TableReference: t.TableReference, Type: t.Type, Labels: t.Labels, FriendlyName: t.FriendlyName,
		CreationTime: t.CreationTime, ExpirationTime: t.ExpirationTime, Clustering: t.Clustering,
		TimePartitioning: t.TimePartitioning, RangePartitioning: t.RangePartitioning, RequirePartitionFilter: t.RequirePartitionFilter,
	}
	if t.View != nil {
		item.View = &bigquery.TableListTablesView{UseLegacySql: t.View.UseLegacySql, ForceSendFields: []string{"UseLegacySql"}}
	}
	return item
}

func (b *warehouse) getTable(r *http.Request, caller string) (any, *problem) {
	ref := tableOf(r)
	if result, ok := b.resultTable(ref, caller); ok {
		return result.meta, nil
	}
	if !b.peer.policy.allows(caller, "bigquery.tables.get", ref.resource()) {
		return nil, deniedOn("bigquery.tables.get", "table", ref.String())
	}
	return b.findTable(ref)
}

func (b *warehouse) findTable(ref tableRef) (*bigquery.Table, *problem) {
	if _, missing := b.findDataset(ref.datasetRef); missing != nil {
		return nil, missing
	}
	if t, _, ok := b.catalog.table(ref); ok {
		return t, nil
	}
	return nil, notFound("Not found: Table " + ref.String())
}

// testTable is tables/{table}:testIamPermissions.
func (b *warehouse) testTable(r *http.Request, caller string) (any, *problem) {
	name, ok := strings.CutSuffix(r.PathValue("table"), ":testIamPermissions")
	if !ok {
		return b.refuse(r, caller)
	}
	ref := tableRef{datasetOf(r), name}
	if _, missing := b.findTable(ref); missing != nil {
		return nil, missing
	}
	return b.peer.testPermissions(r, caller, ref.resource())
}

func datasetOf(r *http.Request) datasetRef {
	return datasetRef{r.PathValue("project"), r.PathValue("dataset")}
}

func tableOf(r *http.Request) tableRef { return tableRef{datasetOf(r), r.PathValue("table")} }

// page reads pageToken and maxResults of a list; BigQuery's default is 50, and no page is longer than 1,000.
func page(r *http.Request) (after string, limit int) {
	limit, err := strconv.Atoi(r.URL.Query().Get("maxResults"))
	if err != nil || limit <= 0 {
		limit = 50
	}
	name, _ := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("pageToken")) // one that was made up starts over
	return string(name), min(limit, 1000)
}

func pageToken(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }

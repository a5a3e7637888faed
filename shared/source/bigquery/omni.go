package bigquery

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// useConnection finds a table that stands behind the Omni connection, and lets
// BigQuery check a query of it.
func (c *checker) useConnection(ctx context.Context) (source.Finding, error) {
	s, through := c.session, c.session.config.omni
	there := false
	for _, d := range c.datasets {
		if !strings.EqualFold(d.location, through.location) {
			continue
		}
		there = true
		t, found, err := s.behind(ctx, d, through)
		if err != nil {
			return source.Finding{}, err
		}
		if !found {
			continue
		}
		_, err = s.dryRun(ctx, query{sql: t.glance(t.readable()), location: d.location})
		if err != nil {
			return source.Finding{}, naming(checkConnection, "connection "+through.location+"."+through.id, err)
		}
		return c.connectionGranted(ctx, "BigQuery lets "+t.Name+" be queried through the connection")
	}
	if !there {
		return source.Finding{}, fault.Wrap(fault.SourceWrongRegion, "no dataset is at "+through.location+", where the Omni connection is",
			errors.New("datasets.list shows no dataset at "+through.location))
	}
	return source.Finding{}, fault.Wrap(fault.SourceNotFound, "no external table uses the connection "+through.location+"."+through.id,
		errors.New("tables.get shows no table with this connectionId"))
}

// connectionGranted asks IAM too. On the project it need not know: the right is
// usually given on the connection itself.
func (c *checker) connectionGranted(ctx context.Context, found string) (source.Finding, error) {
	if granted, _ := c.granted(ctx, c.session.config.omni.project, checkConnection); !granted {
		found += "; the right is not given on the whole project"
	}
	return source.Finding{Detail: found}, ctx.Err()
}

// behind finds an external table of a dataset that uses a connection.
func (s *session) behind(ctx context.Context, d dataset, through omni) (table, bool, error) {
	page, err := s.rest.Tables.List(s.config.project, d.id).MaxResults(probed).Fields("tables(tableReference,type)").Context(ctx).Do()
	if err != nil {
		return table{}, false, naming(checkList, "dataset "+d.id, err)
	}
	for _, listed := range page.Tables {
		if listed.Type != "EXTERNAL" {
			continue
		}
		t, err := s.describe(ctx, refOf(listed.TableReference), entry{})
		if status := google.Status(err); status == http.StatusNotFound || status == http.StatusForbidden {
			continue // it was dropped, or is none of those that the credential is for
		}
		if err != nil {
			return table{}, false, err
		}
		if t.Kind == schema.External && through.is(t.connection) {
			return t, true, nil
		}
	}
	return table{}, false, nil
}

// is reports whether a table's connectionId means this connection. It has the
// project's id or number; the rest tells connections apart.
// Source: ExternalDataConfiguration.connectionId.
func (c omni) is(id string) bool {
	return strings.HasSuffix(id, "/locations/"+c.location+"/connections/"+c.id) || strings.HasSuffix(id, "."+c.location+"."+c.id) ||
		strings.HasSuffix(id, "."+c.location+";"+c.id) || id == c.location+"."+c.id
}

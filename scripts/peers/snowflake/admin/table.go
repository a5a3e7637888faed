package admin

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// tables creates tables and views, and all of them in the catalogue at once.
func (a *API) tables(r *http.Request, list []table) error {
	var added []*world.Table
	for _, x := range list {
		columns := make([]datatype.Column, len(x.Columns))
		for i, c := range x.Columns {
			var err error
			if columns[i], err = c.parse(); err != nil {
				return fmt.Errorf("table %s: %w", x.Name, err)
			}
		}
		t := world.Table{
			Name: x.Name, Kind: x.Kind, Subkind: x.Subkind, Columns: columns, PrimaryKey: x.PrimaryKey, Comment: x.Comment, Owner: x.Owner,
			ClusterBy: x.ClusterBy, ChangeTracking: x.ChangeTracking, Secure: x.Secure, Query: x.Query, Retention: 1,
		}
		if t.Query != "" && t.Kind == "" {
			t.Kind = "VIEW"
		}
		for i := range max(x.Count, 1) {
			if x.Count > 0 {
				t.Name = fmt.Sprintf(x.Name, i)
			}
			one, err := a.World.AddTable(x.Database, x.Schema, t)
			if err != nil {
				return err
			}
			if one.Query != "" && len(one.Columns) == 0 {
				if one.Columns, err = a.Server.Executor().ViewColumns(r.Context(), one); err != nil {
					a.World.DropTable(one)
					return fmt.Errorf("view %s: %w", one.Name, err)
				}
			}
			added = append(added, one)
		}
	}
	if len(added) == 0 {
		return nil
	}
	if err := a.Store.AddTables(r.Context(), added...); err != nil {
		return err
	}
	i := 0
	for _, x := range list {
		for range max(x.Count, 1) {
			if err := a.fill(r, added[i], x.Rows, x.Select); err != nil {
				return fmt.Errorf("table %s: %w", added[i].Name, err)
			}
			i++
		}
	}
	return nil
}

func (a *API) fill(r *http.Request, t *world.Table, rows [][]any, query string) error {
	if len(rows) > 0 {
		if err := a.Store.Insert(r.Context(), t, rows); err != nil {
			return err
		}
	}
	if query != "" {
		return a.Store.InsertSelect(r.Context(), t, query)
	}
	return nil
}

type rowsRequest struct {
	Database string  `json:"database"`
	Schema   string  `json:"schema"`
	Table    string  `json:"table"`
	Delete   *string `json:"delete"`
	Rows     [][]any `json:"rows"`
	Select   string  `json:"select"`
}

// rows deletes rows and then adds some.
func (a *API) rows(r *http.Request, x rowsRequest) error {
	a.World.Lock()
	defer a.World.Unlock()
	t, err := a.table(x.Database, x.Schema, x.Table)
	if err != nil {
		return err
	}
	if x.Delete != nil {
		if err := a.Store.Delete(r.Context(), t, *x.Delete); err != nil {
			return err
		}
	}
	return a.fill(r, t, x.Rows, x.Select)
}

type alterRequest struct {
	Database       string  `json:"database"`
	Schema         string  `json:"schema"`
	Table          string  `json:"table"`
	Comment        *string `json:"comment"`
	ClusterBy      *string `json:"cluster_by"`
	ChangeTracking *bool   `json:"change_tracking"`
	AddColumn      *column `json:"add_column"`
	DropColumn     string  `json:"drop_column"`
}

// alter changes a table's properties or columns. Rows from before a column was
// added have null in it; the history of a dropped column is gone.
func (a *API) alter(r *http.Request, x alterRequest) error {
	a.World.Lock()
	defer a.World.Unlock()
	t, err := a.table(x.Database, x.Schema, x.Table)
	if err != nil {
		return err
	}
	if x.Comment != nil {
		t.Comment = *x.Comment
	}
	if x.ClusterBy != nil {
		t.ClusterBy = *x.ClusterBy
	}
	if x.ChangeTracking != nil {
		t.ChangeTracking = *x.ChangeTracking
	}
	if x.AddColumn != nil {
		c, err := x.AddColumn.parse()
		if err != nil {
			return err
		}
		if err := a.Store.AddColumn(r.Context(), t, c); err != nil {
			return err
		}
		t.Columns = append(slices.Clone(t.Columns), c)
	}
	if x.DropColumn != "" {
		i := slices.IndexFunc(t.Columns, func(c datatype.Column) bool { return c.Name == x.DropColumn })
		if i < 0 {
			return fmt.Errorf("no column %s", x.DropColumn)
		}
		if err := a.Store.DropColumn(r.Context(), t, x.DropColumn); err != nil {
			return err
		}
		t.Columns = slices.Delete(slices.Clone(t.Columns), i, i+1)
	}
	t.LastAltered = a.World.Now()
	a.World.Version++
	return a.Store.UpdateTable(r.Context(), t)
}

type dropRequest struct {
	Database string `json:"database"`
	Schema   string `json:"schema"`
	Table    string `json:"table"`
}

func (a *API) drop(r *http.Request, x dropRequest) error {
	a.World.Lock()
	defer a.World.Unlock()
	t, err := a.table(x.Database, x.Schema, x.Table)
	if err != nil {
		return err
	}
	if err := a.Store.Drop(r.Context(), t); err != nil {
		return err
	}
	a.World.DropTable(t)
	return nil
}

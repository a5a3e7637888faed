package source

import (
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// projection returns the named columns of a table, or all that are supported.
func projection(t schema.Table, names []string) ([]schema.Column, error) {
	var columns []schema.Column
	if len(names) == 0 {
		for _, c := range t.Columns {
			if c.Type != schema.Unsupported {
				columns = append(columns, c)
			}
		}
		return columns, nil
	}
	for _, name := range names {
		c, ok := t.Column(name)
		switch {
		case !ok:
			return nil, fault.New(fault.SourceChanged, "a column that is to be read is not in the table any more")
		case c.Type == schema.Unsupported:
			return nil, fault.New(fault.SourceUnsupportedType, "a column has a type that cannot be read: "+c.Native)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

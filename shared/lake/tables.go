package lake

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/names"
)

// TableRef names a table of any workspace as the catalog does.
type TableRef struct {
	Namespace string `json:"namespace"`
	Table     string `json:"table"`
}

// Ref is how the catalog names the table.
func (id TableID) Ref() TableRef { return TableRef{Namespace: id.namespace(), Table: id.table()} }

func (r TableRef) identifier() table.Identifier { return table.Identifier{r.Namespace, r.Table} }

// Tables yields the tables of all workspaces. What else the catalog has is left out.
func (l *Lake) Tables(ctx context.Context) iter.Seq2[TableRef, error] {
	return func(yield func(TableRef, error) bool) {
		ctx := l.with(ctx)
		namespaces, err := l.catalog.ListNamespaces(ctx, nil)
		if err != nil {
			yield(TableRef{}, classify(fmt.Errorf("listing namespaces: %w", err)))
			return
		}
		for _, namespace := range namespaces {
			if len(namespace) != 1 || !strings.HasPrefix(namespace[0], names.NamespacePrefix) {
				continue
			}
			for found, err := range l.catalog.ListTables(ctx, namespace) {
				if err != nil {
					yield(TableRef{}, classify(fmt.Errorf("listing tables: %w", err)))
					return
				}
				if !yield(TableRef{Namespace: namespace[0], Table: found[len(found)-1]}, nil) {
					return
				}
			}
		}
	}
}

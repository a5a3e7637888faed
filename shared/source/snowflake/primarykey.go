package snowflake

import (
	"context"
	"sync"

	"github.com/headwaterhq/headwater/shared/fault"
)

// keyCache keeps the primary keys of the database that is being discovered:
// its pages all need them, and SHOW gives those of a whole database at once.
type keyCache struct {
	mu       sync.Mutex
	database string
	keys     map[string][]string // columns by schema and table, in order
}

// addKeys adds the declared primary keys. Of a database with more than SHOW
// gives at once, some tables go without: nothing but the display depends on it.
func (s *session) addKeys(ctx context.Context, database string, tables []*tableInfo) error {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	if s.keys.database != database || s.keys.keys == nil {
		keys, err := s.primaryKeys(ctx, database)
		if err != nil {
			return err
		}
		s.keys.database, s.keys.keys = database, keys
	}
	for _, t := range tables {
		t.key = s.keys.keys[quote(t.schema, t.name)]
	}
	return nil
}

func (s *session) primaryKeys(ctx context.Context, database string) (map[string][]string, error) {
	keys := make(map[string][]string)
	err := s.each(ctx, "SHOW PRIMARY KEYS IN DATABASE "+quote(database), func(r row) error {
		table := quote(r.text("schema_name"), r.text("table_name"))
		position := max(int(number(r.text("key_sequence"))), 1)
		for len(keys[table]) < position {
			keys[table] = append(keys[table], "")
		}
		keys[table][position-1] = r.text("column_name")
		return nil
	})
	if class := (Driver{}).Classify(err); err != nil && class != nil && (class.Code == fault.SourcePermission || class.Code == fault.SourceNotFound) {
		return keys, nil
	}
	return keys, err
}

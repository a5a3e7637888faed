package peer_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"testing"

	sf "github.com/snowflakedb/gosnowflake/v2"
)

// BenchmarkQuery is what a million rows of five columns take from the
// statement to the first byte, and to the last.
func BenchmarkQuery(b *testing.B) {
	h := seeded(b)
	h.admin("apply", big("1000000"))
	db := h.open(nil)
	for _, all := range []bool{false, true} {
		b.Run(map[bool]string{false: "answer", true: "all"}[all], func(b *testing.B) {
			for b.Loop() {
				n, err := stream(b.Context(), db, "select * from big", all)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(n)
			}
		})
	}
}

// stream reads the bytes of a result's Arrow streams.
func stream(ctx context.Context, db *sql.DB, query string, all bool) (n int64, err error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	return n, c.Raw(func(x any) error {
		loader, err := x.(interface {
			QueryArrowStream(context.Context, string, ...driver.NamedValue) (sf.ArrowStreamLoader, error)
		}).QueryArrowStream(ctx, query)
		if err != nil {
			return err
		}
		batches, err := loader.GetBatches()
		if err != nil || !all {
			return err
		}
		for i := range batches {
			s, err := batches[i].GetStream(ctx)
			if err != nil {
				return err
			}
			read, err := io.Copy(io.Discard, s)
			n += read
			if err := s.Close(); err != nil {
				return err
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

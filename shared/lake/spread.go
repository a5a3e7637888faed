package lake

import (
	"fmt"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// Spread says how a table's rows are spread over partitions: data files have rows of one partition only, so that who
// looks for a value reads the files of its bucket. The zero value is a table in one piece.
type Spread struct {
	Buckets []Bucket // by hash of a column, in Iceberg's bucket transform
	Day     string   // by day of a timestamp column, in UTC; "" is none
}

// Bucket is one of N by hash of the column.
type Bucket struct {
	Column string
	N      int
}

// The numbers of buckets. Profiles and activity of a person are in buckets of the same number, so that the two are
// joined bucket by bucket. A link is looked for by either side: of its 16 partitions 7 may have it.
const (
	personBuckets = 16
	linkBuckets   = 4
)

// SpreadOf is how a table of the type is spread.
func SpreadOf(t ingest.Type) Spread {
	switch t {
	case ingest.UserProfile:
		return Spread{Buckets: []Bucket{{"identifier", personBuckets}}}
	case ingest.UserActivity:
		return Spread{Buckets: []Bucket{{"identifier", personBuckets}}, Day: "event_time"}
	case ingest.IdentityGraph:
		return Spread{Buckets: []Bucket{{"first_id", linkBuckets}, {"second_id", linkBuckets}}}
	case ingest.GroupIdentity:
		return Spread{Buckets: []Bucket{{"user_id", personBuckets}}}
	}
	return Spread{}
}

// spec is the spread of a table with these columns, as Iceberg has it.
func (s Spread) spec(sc *iceberg.Schema) (*iceberg.PartitionSpec, error) {
	var options []iceberg.PartitionOption
	add := func(column, kind string, transform iceberg.Transform) {
		options = append(options, iceberg.AddPartitionFieldByName(column, column+"_"+kind, transform, sc, nil))
	}
	for _, bucket := range s.Buckets {
		add(bucket.Column, "bucket", iceberg.BucketTransform{NumBuckets: bucket.N})
	}
	if s.Day != "" {
		add(s.Day, "day", iceberg.DayTransform{})
	}
	if len(options) == 0 {
		return iceberg.UnpartitionedSpec, nil
	}
	spec, err := iceberg.NewPartitionSpecOpts(options...)
	if err != nil {
		return nil, fmt.Errorf("spreading a table: %w", err)
	}
	return &spec, nil
}

// within reports whether rows with equal values in these columns are in one partition.
func within(tbl *table.Table, columns []string) bool {
	spec := tbl.Spec()
	for _, field := range spec.Fields() {
		name, ok := tbl.Schema().FindColumnName(field.SourceID())
		if !ok || !slices.Contains(columns, name) {
			return false
		}
	}
	return true
}

// inOnePiece is the table's spec without partitions: what is written by it is of every partition.
func inOnePiece(tbl *table.Table) (iceberg.PartitionSpec, bool) {
	for _, spec := range tbl.Metadata().PartitionSpecs() {
		if spec.IsUnpartitioned() {
			return spec, true
		}
	}
	return iceberg.PartitionSpec{}, false
}

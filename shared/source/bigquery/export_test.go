package bigquery

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/schema"
)

// Convert makes the product's batch of one that BigQuery might send.
func Convert(wanted []schema.Column, rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	p, err := newProjection(wanted, rec.Schema(), nil)
	if err != nil {
		return nil, err
	}
	return p.apply(rec)
}

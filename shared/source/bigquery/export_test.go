package bigquery

import (
	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Convert makes the product's batch of one that BigQuery might send.
func Convert(wanted []schema.Column, rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	p, err := newProjection(wanted, rec.Schema(), nil)
	if err != nil {
		return nil, err
	}
	return p.apply(rec)
}

// Decode reads one response of a stream.
func Decode(schema, response []byte) (arrow.RecordBatch, error) {
	d, err := newDecoder(schema)
	if err != nil {
		return nil, err
	}
	defer d.release()
	rec, err := d.decode(response)
	if err == nil {
		rec.Retain()
	}
	return rec, err
}

// Restriction renders a filter.
func Restriction(filter source.Filter, fields []*bigquery.TableFieldSchema) (string, error) {
	return restriction(filter, fields)
}

// Quote makes an identifier, Text a string literal.
var (
	Quote = quote
	Text  = text
)

// JobError is the error of a job that failed.
func JobError(reason, message string) error {
	return jobError(&bigquery.ErrorProto{Reason: reason, Message: message})
}

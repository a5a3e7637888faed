package googlepeer

import (
	"fmt"
	"sync"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"google.golang.org/api/bigquery/v2"
)

// ready is the rows of a table in memory, encoded once, so that a benchmark
// measures the client and not the peer.
type ready struct {
	batches []arrow.RecordBatch

	mu      sync.Mutex
	encoded map[storagepb.ArrowSerializationOptions_CompressionCodec][]message
}

// message is a batch on the wire.
type message struct {
	response *storagepb.ReadRowsResponse
	rows     int64
}

// ServeArrow makes a table of ready-made batches, whose schema must be the one
// that BigQuery has for the table's fields. Read sessions serve them as they
// are: projection, restriction and snapshot time do not apply.
func (p *Peer) ServeArrow(t Table, batches []arrow.RecordBatch) error {
	ref, err := p.ref(t.Name)
	if err != nil {
		return err
	}
	meta := &bigquery.Table{Schema: &bigquery.TableSchema{Fields: t.Schema}, Type: kindTable}
	want := arrowSchema(t.Schema)
	for _, batch := range batches {
		if !batch.Schema().Equal(want) {
			return fmt.Errorf("a batch of %s is %v, not %v", ref, batch.Schema(), want)
		}
		batch.Retain()
		meta.NumRows += uint64(batch.NumRows())
	}
	if t.Declare != nil {
		t.Declare(meta)
	}
	return p.warehouse.catalog.put(ref, &table{meta: meta, ready: &ready{batches: batches, encoded: map[storagepb.ArrowSerializationOptions_CompressionCodec][]message{}}})
}

// ArrowSchema is the Arrow schema that the Storage Read API gives a table.
func ArrowSchema(fields []*bigquery.TableFieldSchema) *arrow.Schema { return arrowSchema(fields) }

// deal encodes the batches, if nobody has yet, and deals them out to at most so many streams.
func (r *ready) deal(streams int, codec storagepb.ArrowSerializationOptions_CompressionCodec) (dealt [][]message, total int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.encoded[codec]; !ok {
		compress, _ := compression(codec) // it was looked at before
		messages := make([]message, len(r.batches))
		for i, batch := range r.batches {
			encoded, err := ipc.GetRecordBatchPayload(batch, compress...)
			if err != nil {
				panic("googlepeer: encoding a ready batch: " + err.Error()) // its schema was compared
			}
			messages[i] = message{response(payload(encoded), batch.NumRows()), batch.NumRows()}
		}
		r.encoded[codec] = messages
	}
	messages := r.encoded[codec]
	for _, m := range messages {
		total += m.rows
	}
	if streams <= 0 {
		streams = len(messages)
	}
	return deal(messages, min(streams, len(messages))), total
}

// sendReady sends ready messages. An offset must stand between two of them.
func sendReady(out storagepb.BigQueryRead_ReadRowsServer, messages []message, offset int64, before func(sent int) error) error {
	sent, at := 0, int64(0)
	for _, m := range messages {
		at += m.rows
		if at <= offset {
			continue
		}
		if err := before(sent); err != nil {
			return err
		}
		if err := out.Send(m.response); err != nil {
			return err
		}
		sent++
	}
	if at < offset {
		return beyond(offset, at)
	}
	return before(sent)
}

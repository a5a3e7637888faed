package bigquery

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// decoder turns the messages of the Storage Read API into record batches. The
// schema comes once, as an Arrow IPC message; each batch is one message too, or
// several where it has dictionaries. A message's bytes are used where they are,
// without a copy: they must not change while a batch is in use.
type decoder struct {
	messages *messages
	reader   *ipc.Reader
}

func newDecoder(schema []byte) (*decoder, error) {
	m := &messages{pending: schema}
	r, err := ipc.NewReaderFromMessageReader(m)
	if err != nil {
		return nil, fmt.Errorf("decoding the schema: %w", err)
	}
	return &decoder{messages: m, reader: r}, nil
}

func (d *decoder) schema() *arrow.Schema { return d.reader.Schema() }

// decode returns the batch of one response. It is valid until the next call.
func (d *decoder) decode(response []byte) (arrow.RecordBatch, error) {
	d.messages.pending = response
	rec, err := d.reader.Read()
	if err != nil {
		return nil, fmt.Errorf("decoding a batch: %w", errNoMore(err))
	}
	if len(d.messages.pending) > 0 && !endOfStream(d.messages.pending) {
		return nil, errors.New("decoding a batch: a response has more than one")
	}
	return rec, nil
}

// errNoMore keeps a truncated response from looking like the end of a stream.
func errNoMore(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (d *decoder) release() { d.reader.Release() }

// messages cuts bytes into IPC messages.
// Source: "Encapsulated message format" in Arrow's columnar format.
type messages struct {
	pending []byte
	current *ipc.Message
}

const continuation = 0xFFFFFFFF

// endOfStream reports whether b is the marker that ends an IPC stream.
func endOfStream(b []byte) bool {
	return len(b) == 8 && binary.LittleEndian.Uint32(b) == continuation && binary.LittleEndian.Uint32(b[4:]) == 0
}

// Message returns the next message; it is valid until the next call.
func (m *messages) Message() (*ipc.Message, error) {
	m.Release()
	if len(m.pending) == 0 {
		return nil, io.EOF
	}
	if len(m.pending) < 8 || binary.LittleEndian.Uint32(m.pending) != continuation {
		return nil, errors.New("not an IPC message")
	}
	size := int(binary.LittleEndian.Uint32(m.pending[4:]))
	rest := m.pending[8:]
	if size < 8 || size > len(rest) {
		return nil, io.ErrUnexpectedEOF
	}
	meta, body := rest[:size:size], rest[size:]
	length, err := bodyLength(meta)
	if err != nil {
		return nil, err
	}
	if length < 0 || length > int64(len(body)) {
		return nil, io.ErrUnexpectedEOF
	}
	m.pending = body[length:]
	m.current = ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(body[:length:length]))
	return m.current, nil
}

// bodyLength reads how long a message's body is from its metadata, which may be damaged.
func bodyLength(meta []byte) (n int64, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("not an IPC message")
		}
	}()
	probe := ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(nil))
	defer probe.Release()
	return probe.BodyLen(), nil
}

// Release drops the current message.
func (m *messages) Release() {
	if m.current != nil {
		m.current.Release()
		m.current = nil
	}
}

// Retain does nothing: the decoder is the only owner.
func (m *messages) Retain() {}

package file

import "github.com/headwaterhq/headwater/shared/schema"

// openText opens a part of a CSV or NDJSON file at the reader's checkpoint.
func (r *reader) openText(p part) (partReader, error) {
	at := r.at.position
	ranged := p.End > 0
	start := p.Start
	switch {
	case p.Frames != nil:
		start = p.Frames.Base
	case ranged && at.Offset > 0 && p.Encoding == utf8Text:
		start = at.Offset // nothing before it is needed
	}
	in, err := r.openStream(p, start)
	if err != nil {
		return nil, err
	}
	t := newText(in, start, r.files.limits.bufferBytes)
	tr := &textReader{text: t}
	if err := r.prepare(tr, p, at); err != nil {
		_ = tr.close() // the failure to prepare is what matters
		return nil, err
	}
	return tr, nil
}

func (r *reader) openStream(p part, start int64) (*stream, error) {
	if p.End == 0 {
		return openWhole(r.ctx, r.files.store, p.object(), r.detail.Format, r.csv().Encoding)
	}
	if p.Frames != nil {
		return r.files.openFrames(r.ctx, p)
	}
	in, err := openStream(r.ctx, r.files.store, p.object(), start, p.End)
	if err == nil {
		in.transcode(p.Encoding)
	}
	return in, err
}

// csv is the dialect of the split's CSV files.
func (r *reader) csv() dialect {
	if r.detail.CSV == nil {
		return standard
	}
	return *r.detail.CSV
}

// prepare reads the header, if the part has one, and goes to the checkpoint.
func (r *reader) prepare(tr *textReader, p part, at position) error {
	header, line := p.Header, int64(1)
	if r.detail.Format == formatCSV && tr.text.base == 0 {
		if err := tr.text.begin(); err != nil {
			return err
		}
		if header == nil || !tr.text.blank() { // the first range of a file may hold empty lines only
			var err error
			if header, line, err = readHeader(tr.text, r.csv(), r.files.limits.recordBytes); err != nil {
				return err
			}
		}
	}
	if p.Frames != nil && at.Offset == 0 && p.Start > 0 {
		if err := tr.text.seek(p.Start); err != nil {
			return err
		}
	}
	if at.Offset > 0 {
		line = at.Line
		if err := r.seek(tr, p, at.Offset); err != nil {
			return err
		}
	}
	return r.wire(tr, p, header, line)
}

// seek goes to an offset: in a plain file by asking the store for it.
func (r *reader) seek(tr *textReader, p part, offset int64) error {
	t := tr.text
	if t.in.shifted() || offset <= t.base+int64(t.n) {
		return t.seek(offset)
	}
	end := p.End
	if end == 0 {
		end = p.Size
	}
	if err := t.in.Close(); err != nil {
		return err
	}
	in, err := openStream(r.ctx, r.files.store, p.object(), offset, end)
	if err != nil {
		return err
	}
	tr.text = newText(in, offset, len(t.buf))
	return nil
}

// wire connects the columns of the file to the columns that are wanted.
func (r *reader) wire(tr *textReader, p part, header []string, line int64) error {
	limits := r.files.limits
	conv := &converter{columns: r.columns, schema: r.schema, filter: r.filter, constant: r.partitionsOf(p), slots: make([]int, len(r.columns)), typed: r.detail.Format == formatNDJSON}
	slots := make(map[string]int)
	var raw []bool
	for i, c := range r.columns {
		conv.slots[i] = -1
		if c.Partition {
			continue
		}
		conv.slots[i] = len(raw)
		slots[c.Name] = len(raw)
		raw = append(raw, c.Type == schema.JSON)
	}
	if r.detail.Format == formatNDJSON {
		tr.tok = newNDJSON(slots, raw, limits.recordBytes, line)
	} else {
		if err := sameHeader(p.Key, r.csv(), withoutPartitions(header, r.table), names(r.table.Columns)); err != nil {
			return err
		}
		byField := make([]int, len(header))
		for i, name := range header {
			byField[i] = -1
			if slot, wanted := slots[name]; wanted {
				byField[i] = slot
			}
		}
		tr.tok = newCSV(r.csv(), byField, limits.recordBytes, line)
		tr.nulls = r.csv().Nulls
	}
	tr.block = newBlock(len(raw), limits.batchRows)
	tr.conv = conv
	return nil
}

// withoutPartitions drops the fields of a file that a partition stands in for.
func withoutPartitions(header []string, t schema.Table) []string {
	own := make([]string, 0, len(header))
	for _, name := range header {
		if c, ok := t.Column(name); !ok || !c.Partition {
			own = append(own, name)
		}
	}
	return own
}

package pipeline

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
)

// Quarantine writes rejected rows as gzipped NDJSON, one object a row:
//
//	{"row_key":"…","split":3,"from":"profiles/part-0003.csv","origin":17,"rule":"cast","column":"age","reason":"…"}
//
// Nothing at all is written until the first row.
type Quarantine struct {
	to    io.Writer
	split int
	gzip  *gzip.Writer
	lines *json.Encoder
	rows  int64
}

type quarantined struct {
	RowKey string `json:"row_key"`
	Split  int    `json:"split"`
	From   string `json:"from"`
	Origin int64  `json:"origin"`
	Rule   string `json:"rule"`
	Column string `json:"column"`
	Reason string `json:"reason"`
}

// NewQuarantine writes the rejected rows of a split to to.
func NewQuarantine(to io.Writer, split int) *Quarantine { return &Quarantine{to: to, split: split} }

// Write adds rows.
func (q *Quarantine) Write(rows []Rejected) error {
	if len(rows) > 0 && q.gzip == nil {
		q.gzip = gzip.NewWriter(q.to)
		q.lines = json.NewEncoder(q.gzip)
		q.lines.SetEscapeHTML(false)
	}
	for _, r := range rows {
		if err := q.lines.Encode(quarantined{r.RowKey, q.split, r.From, r.Origin, r.Rule, r.Column, r.Reason}); err != nil {
			return fmt.Errorf("writing quarantined rows: %w", err)
		}
		q.rows++
	}
	return nil
}

// Rows is how many rows have been written; 0 means that there is no file.
func (q *Quarantine) Rows() int64 { return q.rows }

// Close ends the gzip stream; the writer below is the caller's to close.
func (q *Quarantine) Close() error {
	if q.gzip == nil {
		return nil
	}
	if err := q.gzip.Close(); err != nil {
		return fmt.Errorf("ending the quarantine file: %w", err)
	}
	return nil
}

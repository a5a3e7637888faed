// Package snapshot keeps what a discovery saw, however much that is: no step
// holds more than one page of tables with their columns.
//
// Under the prefix of a connection there are
//
//	pages/<sha256>.jsonl  some tables, one a line, without their estimates
//	<version>.jsonl       the index: a header, then a line for each table, by name
//
// all of it by content, so that what has not changed is kept once. While a
// discovery is under way, each of its pages has a part: the lines of the index
// for its tables, in the driver's order. Assemble makes one index of all parts.
package snapshot

import (
	"context"

	"github.com/headwaterhq/headwater/shared/schema"
)

// Objects keeps large values by key.
type Objects interface {
	Put(ctx context.Context, key string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
	// GetRange reads length bytes of an object from offset.
	GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error)
}

// Entry is what the index knows of a table: all but its columns.
type Entry struct {
	Name      string      `json:"name"`
	Namespace string      `json:"namespace,omitempty"`
	Kind      schema.Kind `json:"kind,omitempty"`
	Comment   string      `json:"comment,omitempty"`
	Format    string      `json:"format,omitempty"`
	Columns   int         `json:"columns"`
	Width     int         `json:"width"` // columns, and those inside others
	Rows      int64       `json:"rows,omitempty"`
	Bytes     int64       `json:"bytes,omitempty"`
	Files     int64       `json:"files,omitempty"`

	ProblemCode string `json:"problem_code,omitempty"`
	Problem     string `json:"problem,omitempty"`
	ProblemAt   string `json:"problem_at,omitempty"`

	Hash string `json:"hash"` // of the definition
	// Where the definition stands: a page, by its place in the part's or index's list of them, and the bytes in it.
	Page   int   `json:"page"`
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// maxComment bounds what the index repeats of a table's description, in bytes.
const maxComment = 256

func entryOf(t schema.Table, definition []byte) Entry {
	return Entry{
		Name: t.Name, Namespace: t.Namespace, Kind: t.Kind, Comment: cut(t.Comment), Format: t.Format,
		Columns: len(t.Columns), Width: width(t.Columns), Rows: t.Rows, Bytes: t.Bytes, Files: t.Files,
		ProblemCode: t.ProblemCode, Problem: t.Problem, ProblemAt: t.ProblemAt,
		Hash: schema.Hash(definition), Length: int64(len(definition)),
	}
}

func width(columns []schema.Column) int {
	n := len(columns)
	for _, c := range columns {
		n += width(c.Fields)
	}
	return n
}

// cut shortens a text between two letters.
func cut(text string) string {
	end := 0
	for i := range text {
		if i > maxComment {
			return text[:end] + "…"
		}
		end = i
	}
	return text
}

func pageKey(prefix, hash string) string { return prefix + "pages/" + hash + ".jsonl" }

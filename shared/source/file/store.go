// Package file reads tables out of files in an object store: CSV, NDJSON and
// Parquet; CSV and NDJSON also compressed with gzip or zstd. Every directory
// that has data files is a table; Hive partition directories (k=v) are columns
// of the table above them.
//
// A driver brings a Store of two methods and gets Discover, Plan and Read.
package file

import (
	"context"
	"io"
	"time"
)

// Object is one object of a store, at one version.
type Object struct {
	Key          string
	Size         int64
	ETag         string // identifies the content; empty when the store has none
	Version      string // the version or generation that List saw, which a run reads; empty when the store keeps none
	LastModified time.Time
}

// Page is one page of a listing.
type Page struct {
	Objects []Object
	Next    string // cursor of the next page; empty at the end
}

// Store is an object store that is only read.
type Store interface {
	// List returns the objects whose key begins with prefix, in the byte order
	// of their keys. An empty cursor starts.
	List(ctx context.Context, prefix, cursor string) (Page, error)
	// Open reads length bytes of an object from offset; a negative length reads
	// to the end. With a Version it reads exactly that version. It fails with
	// fault.SourceChanged when the object is no longer the one that was listed,
	// or the version is gone. The body lives as long as ctx.
	Open(ctx context.Context, obj Object, offset, length int64) (io.ReadCloser, error)
}

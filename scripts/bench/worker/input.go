package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/headwaterhq/headwater/scripts/bench/landing"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// open plans a table as an import does.
func open(ctx context.Context, path string) (landing.Input, error) {
	if strings.HasSuffix(path, ".arrows") {
		return openArrow(path)
	}
	files := file.New(directory(filepath.Dir(path)), "")
	plan, err := files.Plan(ctx, source.PlanRequest{Table: schema.Table{Name: filepath.Base(path)}})
	if err != nil {
		return landing.Input{}, fmt.Errorf("planning: %w", err)
	}
	in := landing.Input{Table: plan.Table}
	for _, split := range plan.Splits {
		in.Splits = append(in.Splits, func(ctx context.Context, columns []string) (source.Reader, error) {
			return files.Read(ctx, source.ReadRequest{Table: plan.Table, Split: split, Columns: columns})
		})
	}
	return in, nil
}

// directory is an object store: its keys are the paths of the files in it.
type directory string

var _ file.Store = directory("")

// List implements file.Store, with everything on one page.
func (d directory) List(_ context.Context, prefix, _ string) (file.Page, error) {
	var page file.Page
	err := filepath.WalkDir(string(d), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		key, err := filepath.Rel(string(d), path)
		if err != nil || !strings.HasPrefix(filepath.ToSlash(key), prefix) {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		page.Objects = append(page.Objects, file.Object{Key: filepath.ToSlash(key), Size: info.Size(), LastModified: info.ModTime()})
		return nil
	})
	return page, err
}

// Open implements file.Store.
func (d directory) Open(_ context.Context, obj file.Object, offset, length int64) (io.ReadCloser, error) {
	f, err := os.Open(filepath.Join(string(d), filepath.FromSlash(obj.Key)))
	if err != nil {
		return nil, err
	}
	if length < 0 {
		length = obj.Size - offset
	}
	return section{io.NewSectionReader(f, offset, length), f}, nil
}

type section struct {
	io.Reader
	io.Closer
}

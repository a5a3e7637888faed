// Package memsource is the reference driver: tables in memory, with the
// contracts of package source and nothing else. It shows what a driver must do,
// and stands in for a platform in the tests of what reads from one.
package memsource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Platform is the name of the platform.
const Platform = "memory"

// Rights are what the holder of a token may do.
type Rights struct{ List, Read bool }

// Driver is a platform with some datasets. Its methods may be called
// concurrently; the fields are set before the first one.
type Driver struct {
	Datasets map[string][]Table
	Tokens   map[string]Rights
	// Fail is asked before every call ("discover", "plan", "read", "next",
	// "check"); what it returns is the call's error. Nil never fails.
	Fail func(call string) error
}

var _ source.Driver = (*Driver)(nil)

// Table is a table and its rows.
type Table struct {
	schema.Table
	Rows string // a JSON array of objects, as array.RecordFromJSON takes it
}

// Errors of the platform, as an SDK would have them.
var (
	errToken   = errors.New("memory: token not known")
	errDataset = errors.New("memory: no such dataset")
	errDenied  = errors.New("memory: not allowed")
)

// Spec describes the platform.
func (*Driver) Spec() source.Spec {
	return source.Spec{
		Platform: Platform, Title: "Memory", Description: "Tables in memory, for tests.", Category: "data_warehouse",
		Capabilities: []source.Capability{source.RowFilter},
		Settings: []source.Field{{
			Name: "dataset", Title: "Dataset", Description: "Name of the dataset.", Required: true, Pattern: `[a-z_]+`, Example: "crm",
		}},
		Auth: []source.AuthMethod{{
			Name: "token", Title: "Token", Description: "A token of the dataset.",
			Fields: []source.Field{{Name: "token", Title: "Token", Description: "The token itself.", Required: true, Secret: true}},
		}},
	}
}

// Classify maps the platform's errors.
func (*Driver) Classify(err error) *fault.Error {
	switch {
	case errors.Is(err, errToken):
		return fault.New(fault.SourceAuthentication, "the token is not known")
	case errors.Is(err, errDataset):
		return fault.New(fault.SourceNotFound, "the dataset does not exist")
	case errors.Is(err, errDenied):
		return fault.New(fault.SourcePermission, "the token lacks a right")
	}
	return nil
}

// Open opens a dataset.
func (d *Driver) Open(_ context.Context, cfg source.Config) (source.Session, error) {
	return &session{driver: d, dataset: cfg.Text("dataset"), token: cfg.Credential.Fields["token"]}, nil
}

type session struct {
	driver  *Driver
	dataset string
	token   source.Secret
}

// enter is the beginning of every call.
func (s *session) enter(ctx context.Context, call string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.driver.Fail == nil {
		return nil
	}
	return s.driver.Fail(call)
}

func (s *session) tables() ([]Table, error) {
	tables, ok := s.driver.Datasets[s.dataset]
	if !ok {
		return nil, errDataset
	}
	return slices.SortedFunc(slices.Values(tables), func(a, b Table) int { return strings.Compare(a.Name, b.Name) }), nil
}

// allowed looks the token up; need says which right a call needs.
func (s *session) allowed(need func(Rights) bool) error {
	rights, ok := s.driver.Tokens[s.token.Reveal()]
	switch {
	case !ok:
		return errToken
	case !need(rights):
		return errDenied
	}
	return nil
}

func anyRight(Rights) bool  { return true }
func mayList(r Rights) bool { return r.List }
func mayRead(r Rights) bool { return r.Read }

func (s *session) Checks() []source.Check {
	check := func(name, title string, f func() error, requires ...string) source.Check {
		return source.Check{Name: name, Title: title, Requires: requires, Remedy: s.remedy, Run: func(ctx context.Context) (source.Finding, error) {
			if err := s.enter(ctx, "check"); err != nil {
				return source.Finding{}, err
			}
			return source.Finding{}, f()
		}}
	}
	return []source.Check{
		check("memory.reach", "Find the dataset", func() error { _, err := s.tables(); return err }),
		check("memory.authenticate", "Know the token", func() error { return s.allowed(anyRight) }, "memory.reach"),
		check("memory.list", "List tables", func() error { return s.allowed(mayList) }, "memory.authenticate"),
		check("memory.read", "Read a table", func() error { return s.allowed(mayRead) }, "memory.authenticate"),
	}
}

// remedy shows the driver's fields that would let the session in.
func (s *session) remedy(error) source.Remedy {
	return source.Remedy{
		Text:    "Add the dataset, and the token with its rights, to the driver.",
		Snippet: fmt.Sprintf("Datasets[%q] = []Table{}\nTokens[token] = Rights{List: true, Read: true}", s.dataset),
	}
}

// pageTables is small, so that tests see several pages.
const pageTables = 2

func (s *session) Discover(ctx context.Context, cursor string) (source.DiscoverPage, error) {
	if err := errors.Join(s.enter(ctx, "discover"), s.allowed(mayList)); err != nil {
		return source.DiscoverPage{}, err
	}
	tables, err := s.tables()
	if err != nil {
		return source.DiscoverPage{}, err
	}
	tables = slices.DeleteFunc(tables, func(t Table) bool { return t.Name <= cursor })
	var page source.DiscoverPage
	for _, t := range tables[:min(len(tables), pageTables)] {
		page.Tables = append(page.Tables, t.Table)
	}
	if len(tables) > pageTables {
		page.Next = tables[pageTables-1].Name
	}
	return page, nil
}

func (s *session) table(name string) (Table, error) {
	tables, err := s.tables()
	if err != nil {
		return Table{}, err
	}
	i := slices.IndexFunc(tables, func(t Table) bool { return t.Name == name })
	if i < 0 {
		return Table{}, fault.New(fault.SourceNotFound, "the table does not exist")
	}
	return tables[i], nil
}

// Close has nothing to release.
func (s *session) Close() error { return nil }

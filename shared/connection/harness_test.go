package connection_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/snapshot"
	"github.com/headwaterhq/headwater/shared/source"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct {
	now  time.Time
	step time.Duration // added at every look
}

func (c *clock) Now() time.Time {
	c.now = c.now.Add(c.step)
	return c.now
}

// driver is a platform with one setting, one secret, and tables in pages.
type driver struct {
	settings  []source.Field // beside bucket
	named     bool           // what is set up at the platform names the connection
	pages     [][]schema.Table
	generated int // pages that are made when they are asked for, instead
	check     error
	asked     []string        // cursors, in order
	onPage    func(page int)  // called before a page is given
	failPage  map[int]error   // what asking for a page fails with, once
	opened    []source.Config // what sessions were opened with
	closed    int
}

func (d *driver) Spec() source.Spec {
	return source.Spec{
		Platform: "mem", Title: "Memory", Description: "d", Category: "cloud_storage",
		Settings: append([]source.Field{{Name: "bucket", Description: "name the bucket", Kind: source.Text, Required: true}}, d.settings...),
		Auth: []source.AuthMethod{{Name: "key", NamesConnection: d.named, Fields: []source.Field{
			{Name: "secret_key", Description: "give the key", Kind: source.Text, Required: true, Secret: true},
		}}},
	}
}

func (d *driver) Open(_ context.Context, cfg source.Config) (source.Session, error) {
	d.opened = append(d.opened, cfg)
	return &session{driver: d}, nil
}

func (d *driver) Classify(error) *fault.Error { return nil }

type session struct {
	source.Session
	driver *driver
}

func (s *session) Checks() []source.Check {
	return []source.Check{{Name: "mem.list", Title: "List", Run: func(context.Context) (source.Finding, error) {
		return source.Finding{}, s.driver.check
	}}}
}

func (s *session) Discover(_ context.Context, cursor string) (source.DiscoverPage, error) {
	d := s.driver
	d.asked = append(d.asked, cursor)
	page := 0
	if cursor != "" {
		page, _ = strconv.Atoi(cursor)
	}
	if err, ok := d.failPage[page]; ok {
		delete(d.failPage, page)
		return source.DiscoverPage{}, err
	}
	if d.onPage != nil {
		d.onPage(page)
	}
	if d.generated > 0 {
		return largePage(page, d.generated), nil
	}
	found := source.DiscoverPage{Tables: d.pages[page]}
	if page+1 < len(d.pages) {
		found.Next = strconv.Itoa(page + 1)
	}
	return found, nil
}

func (s *session) Close() error {
	s.driver.closed++
	return nil
}

// starter records what was started.
type starter struct {
	mu      *sync.Mutex // nil when only one starts at a time
	started []connection.Ref
	err     error
}

// StartValidation starts, and then fails if it is to: the answer was lost.
func (s *starter) StartValidation(_ context.Context, ref connection.Ref) error {
	if s.mu != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	s.started = append(s.started, ref)
	return s.err
}

// world is everything around the domain, in memory.
type world struct {
	store   *memstore.Store
	secrets *memstore.Credentials
	objects *memstore.Objects
	driver  *driver
	starter *starter
	clock   *clock
}

func newWorld() *world {
	return &world{memstore.New(), &memstore.Credentials{}, &memstore.Objects{}, &driver{}, &starter{}, &clock{now: noon}}
}

func (w *world) service() *connection.Service {
	return &connection.Service{
		Store: w.store, Secrets: w.secrets, Objects: w.objects, Catalog: source.NewRegistry(w.driver), Workflow: w.starter, Now: w.clock.Now,
		Statements: statements, Principal: "arn:aws:iam::1:root",
		Identify: func(platform string, c source.Credential) string { return c.Method + "@" + platform },
	}
}

// statements shows what it was asked for.
func statements(platform string, req source.GrantRequest) ([]source.Grant, error) {
	text := fmt.Sprintf("%s %s %s→%s %q %v %v", platform, req.Method, req.Principal, req.Identity, req.Tables, req.Kinds, req.Settings)
	return []source.Grant{{Title: "Let it read", Language: "sql", Text: text}}, nil
}

func (w *world) validator() *connection.Validator {
	return &connection.Validator{
		Store: w.store, Objects: w.objects, Now: w.clock.Now,
		Sources: connection.Sources{Registry: source.NewRegistry(w.driver), Credentials: w.secrets},
	}
}

func (w *world) settler() *connection.Settler {
	return &connection.Settler{Store: w.store, Now: w.clock.Now}
}

func newConnection() connection.NewConnection {
	return connection.NewConnection{
		Name: " Orders ", Platform: "mem", Settings: map[string]any{"bucket": "b"},
		Credential: source.Credential{Method: "key", Fields: map[string]source.Secret{"secret_key": "canary"}},
	}
}

// created returns a connection as Create leaves it, and its validation.
func (w *world) created(t *testing.T) (connection.Connection, connection.Ref) {
	t.Helper()
	c, err := w.service().Create(t.Context(), "w", "ada", newConnection())
	ok(t, err)
	return c, connection.Ref{WorkspaceID: "w", ConnectionID: c.ID, ValidationID: c.ValidationID}
}

func (w *world) connection(t *testing.T, id string) connection.Connection {
	t.Helper()
	c, err := w.store.Connection(t.Context(), "w", id)
	ok(t, err)
	return c
}

func (w *world) validation(t *testing.T, ref connection.Ref) connection.Validation {
	t.Helper()
	v, err := w.store.Validation(t.Context(), ref)
	ok(t, err)
	return v
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fails(t *testing.T, err error, want fault.Code) {
	t.Helper()
	if !errors.Is(err, &fault.Error{Code: want}) {
		t.Errorf("error %v, want %s", err, want)
	}
}

// fieldsOf are the fields that an error names.
func fieldsOf(err error) string {
	var list fault.List
	if one, ok := fault.As(err); ok && !errors.As(err, &list) {
		list = fault.List{one}
	}
	var fields []string
	for _, e := range list {
		fields = append(fields, e.Field)
	}
	return strings.Join(fields, " ")
}

func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func tables(names ...string) []schema.Table {
	var out []schema.Table
	for _, n := range names {
		out = append(out, schema.Table{Name: n, Columns: []schema.Column{{Name: "id", Type: schema.Int64}}})
	}
	return out
}

func tableNames(t *testing.T, x *snapshot.Index) []string {
	t.Helper()
	var names []string
	for e, err := range x.After("") {
		ok(t, err)
		names = append(names, e.Name)
	}
	return names
}

package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/dialect"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/engine"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/store"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// Statement types as the service numbers them.
const (
	typeSelect  = 0x1000
	typeSession = 0x4000
	typeShow    = 0x6000
)

// A History knows the statements that ran before.
type History interface {
	// Result is the outcome of a user's query. Rows of the engine were read from it.
	Result(user, id string) (Outcome, error)
	// Columns are the columns of a user's query.
	Columns(user, id string) ([]datatype.Column, error)
	StartedAt(id string) (dialect.Instant, error)
}

// An Executor runs statements.
type Executor struct {
	World   *world.World
	Store   *store.Store
	Engine  engine.Engine
	History History
}

// A Statement is what a client sent.
type Statement struct {
	Text  string
	Binds map[string]dialect.Value
	// Describe asks for the columns only.
	Describe bool
}

// An Outcome is what a statement gave: rows of texts, or rows of the engine to
// be read and closed.
type Outcome struct {
	Type    int
	Columns []datatype.Column
	Texts   [][]*string
	Rows    engine.Rows
	// Sources are the engine's columns behind Columns, where it gave any.
	Sources []engine.Column
	// Query is what Rows came from, as of when it ran: the same rows whenever it runs again.
	Query dialect.Query
}

// A Class says what a statement does.
type Class string

const (
	Reading  Class = "read"
	Sessions Class = "session"
	Mutating Class = "mutating"
)

// Classify tells from its first words what a statement does. What it does not
// know counts as mutating.
func Classify(text string) Class {
	tokens, err := sqltext.Split(text)
	if err != nil {
		return Reading // it will not run
	}
	first, second := tokens[0], tokens[min(1, len(tokens)-1)]
	if slices.ContainsFunc([]string{"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "LIST", "LS", "("}, first.Is) {
		return Reading
	}
	if first.Is("USE") || first.Is("SET") || first.Is("UNSET") || first.Is("ALTER") && second.Is("SESSION") || first.Is("BEGIN") || first.Is("COMMIT") || first.Is("ROLLBACK") {
		return Sessions
	}
	return Mutating
}

// Execute runs a statement to the point where rows can be read.
func (x *Executor) Execute(ctx context.Context, s *Session, st Statement) (Outcome, error) {
	tokens, err := sqltext.Split(st.Text)
	if err != nil {
		return Outcome{}, err
	}
	if tokens[0].Kind == sqltext.End {
		return Outcome{}, refusal.New("000900", "42601", "SQL compilation error:\nEmpty SQL statement.")
	}
	if n := statements(tokens); n > 1 {
		return Outcome{}, refusal.New("000008", "0A000", "Actual statement count %d did not match the desired statement count 1.", n)
	}
	c := &call{Executor: x, ctx: ctx, session: s, text: st.Text, tokens: tokens, binds: st.Binds}
	switch {
	case c.is("SELECT"), c.is("WITH"), c.is("("):
		return c.query(st.Describe)
	case c.is("EXPLAIN"):
		return c.explain()
	case c.is("SHOW"):
		return c.locked(c.show)
	case c.is("DESCRIBE"), c.is("DESC"):
		return c.locked(c.describe)
	case c.is("USE"):
		return c.locked(c.use)
	case c.is("ALTER") && tokens[1].Is("SESSION"):
		return c.alterSession()
	case c.is("BEGIN"), c.is("COMMIT"), c.is("ROLLBACK"):
		return done("Statement executed successfully."), nil
	}
	if Classify(st.Text) == Mutating {
		return Outcome{}, refusal.New("003001", "42501", "SQL access control error:\nInsufficient privileges to operate: this peer changes nothing on a client's behalf (%s)", strings.ToUpper(tokens[0].Text))
	}
	return Outcome{}, refusal.Unsupported("statement %s", strings.ToUpper(tokens[0].Text))
}

// statements counts what semicolons separate.
func statements(tokens []sqltext.Token) int {
	n := 0
	for i, t := range tokens[:len(tokens)-1] {
		if !t.Is(";") && (i == 0 || tokens[i-1].Is(";")) {
			n++
		}
	}
	return n
}

// A call is one statement being executed.
type call struct {
	*Executor
	ctx     context.Context
	session *Session
	text    string
	tokens  []sqltext.Token
	at      int
	binds   map[string]dialect.Value
	// bytes is the size of the tables that the query reads.
	bytes int64
}

func (c *call) peek() sqltext.Token { return c.tokens[min(c.at, len(c.tokens)-1)] }
func (c *call) is(text string) bool { return c.peek().Is(text) }
func (c *call) unexpected() error   { return sqltext.Unexpected(c.text, c.peek()) }

func (c *call) next() sqltext.Token {
	t := c.peek()
	c.at++
	return t
}

func (c *call) take(words ...string) bool {
	for i, w := range words {
		if c.at+i >= len(c.tokens) || !c.tokens[c.at+i].Is(w) {
			return false
		}
	}
	c.at += len(words)
	return true
}

func (c *call) name() (string, error) {
	if !c.peek().Identifier() {
		return "", c.unexpected()
	}
	return c.next().Name(), nil
}

func (c *call) path() ([]string, error) {
	first, err := c.name()
	path := []string{first}
	for err == nil && c.take(".") {
		var n string
		n, err = c.name()
		path = append(path, n)
	}
	return path, err
}

// end makes sure that nothing follows.
func (c *call) end() error {
	c.take(";")
	if c.peek().Kind != sqltext.End {
		return c.unexpected()
	}
	return nil
}

func (c *call) locked(run func() (Outcome, error)) (Outcome, error) {
	c.World.RLock()
	defer c.World.RUnlock()
	return run()
}

// done is the outcome of a command without rows of its own.
func done(text string) Outcome {
	return Outcome{Type: typeSession, Columns: []datatype.Column{{Name: "status", Type: datatype.Type{Base: datatype.Text, Length: 16777216}, Nullable: true}}, Texts: [][]*string{{&text}}}
}

// query runs a SELECT.
func (c *call) query(describe bool) (Outcome, error) {
	q, err := c.translate()
	if err != nil {
		return Outcome{}, err
	}
	if q.Tables && !describe {
		if err := c.warehouse(); err != nil {
			return Outcome{}, err
		}
	}
	sql := q.SQL
	if describe {
		sql = "SELECT * FROM (" + sql + ") LIMIT 0"
	}
	rows, err := c.Engine.Query(c.ctx, c.session.Get("TIMEZONE"), sql)
	if err != nil {
		return Outcome{}, Translate(err)
	}
	columns, err := resultColumns(q.Columns, rows.Columns())
	if err != nil {
		rows.Close()
		return Outcome{}, err
	}
	return Outcome{Type: typeSelect, Columns: columns, Rows: rows, Sources: rows.Columns(), Query: q}, nil
}

// resultColumns are the columns of a result: of the types that the query's
// text tells, or else of those that the engine's stand for.
func resultColumns(known []dialect.Column, sources []engine.Column) ([]datatype.Column, error) {
	out := make([]datatype.Column, len(sources))
	for i, source := range sources {
		out[i] = datatype.Column{Name: sqltext.Decode(source.Name), Nullable: true}
		if len(known) == len(sources) {
			out[i].Name, out[i].Nullable = known[i].Name, known[i].Nullable
			if known[i].Type != nil {
				out[i].Type = *known[i].Type
				continue
			}
		}
		var err error
		if out[i].Type, err = datatype.FromDuckDB(source.Type); err != nil {
			return nil, refusal.Unsupported("%v", err)
		}
	}
	return out, nil
}

func (c *call) translate() (dialect.Query, error) {
	c.World.RLock()
	defer c.World.RUnlock()
	now := dialect.Instant(c.World.Now().UnixNano())
	q, err := dialect.Translate(&reader{call: c, roles: c.session.Held(c.World), at: &now}, c.text, c.tokens[c.at:], c.binds)
	return q, Translate(err)
}

// explain runs EXPLAIN USING JSON. All that its plan tells is how many bytes
// the tables of the query have.
func (c *call) explain() (Outcome, error) {
	if !c.take("EXPLAIN", "USING", "JSON") {
		return Outcome{}, refusal.Unsupported("EXPLAIN other than USING JSON")
	}
	if _, err := c.translate(); err != nil {
		return Outcome{}, err
	}
	plan := fmt.Sprintf(`{"GlobalStats":{"partitionsTotal":1,"partitionsAssigned":1,"bytesAssigned":%d},"Operations":[[{"id":0,"operation":"Result"}]]}`, c.bytes)
	return Outcome{Type: typeShow, Columns: []datatype.Column{{Name: "content", Type: datatype.Type{Base: datatype.Text, Length: 16777216}, Nullable: true}}, Texts: [][]*string{{&plan}}}, nil
}

// warehouse makes sure that the session's warehouse runs, resuming it if it
// resumes by itself.
func (c *call) warehouse() error {
	c.World.Lock()
	defer c.World.Unlock()
	w := c.World.Warehouses[c.session.Where().Warehouse]
	switch {
	case w == nil || !c.World.Can(c.session.Held(c.World), "USAGE", world.Target{Kind: "WAREHOUSE", Name: w.Name}):
		return refusal.NoWarehouse()
	case w.Exceeded:
		return refusal.QuotaExceeded(w.Name, w.Monitor)
	case w.Suspended && !w.AutoResume:
		return refusal.SuspendedWarehouse(w.Name)
	}
	w.Suspended = false
	return nil
}

// Translate turns what the engine says of a statement into a refusal.
func Translate(err error) error {
	failure, ok := errors.AsType[*engine.Failure](err)
	switch {
	case !ok:
		return err
	case failure.Compile:
		return refusal.Compilation(failure.Text)
	}
	return refusal.Execution(failure.Text)
}

func texts(values ...any) []*string {
	row := make([]*string, len(values))
	for i, v := range values {
		var s string
		switch v := v.(type) {
		case nil:
			continue
		case string:
			s = v
		case int:
			s = strconv.Itoa(v)
		case int64:
			s = strconv.FormatInt(v, 10)
		case bool:
			s = strconv.FormatBool(v)
		}
		row[i] = &s
	}
	return row
}

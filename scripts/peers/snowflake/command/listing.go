package command

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// most is how many rows a SHOW gives at most; the rest wants LIMIT … FROM.
const most = 10000

// A listing is the rows of a SHOW before its filters.
type listing struct {
	columns []datatype.Column
	rows    [][]*string
	// name is the column that LIKE, STARTS WITH and FROM look at.
	name int
}

// newListing makes the columns of "created_on:ltz name rows:fixed …": texts
// unless said otherwise.
func newListing(spec, name string) *listing {
	l := &listing{}
	for field := range strings.FieldsSeq(spec) {
		column, kind, _ := strings.Cut(field, ":")
		t := datatype.Type{Base: datatype.Text, Length: 16777216}
		switch kind {
		case "ltz":
			t = datatype.Type{Base: datatype.LTZ, Scale: 3}
		case "fixed":
			t = datatype.Type{Base: datatype.Fixed, Precision: 38}
		}
		if column == name {
			l.name = len(l.columns)
		}
		l.columns = append(l.columns, datatype.Column{Name: strings.ReplaceAll(column, "~", " "), Type: t, Nullable: true})
	}
	return l
}

func (l *listing) add(values ...any) { l.rows = append(l.rows, texts(values...)) }

// at writes a time as JSON results have it.
func at(t time.Time) string { return fmt.Sprintf("%d.%03d", t.Unix(), t.Nanosecond()/1e6) }

// yn writes a flag as SHOW has it.
func yn(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}

// onOff is another way that it has.
func onOff(b bool) string {
	if b {
		return "ON"
	}
	return "OFF"
}

// A filter is what may follow the kind of object in a SHOW.
type filter struct {
	like   *regexp.Regexp
	starts string
	limit  int
	from   string
	scope  scope
}

// A scope is where a SHOW looks: no names for the account, one for a database,
// two for a schema, three for a table.
type scope []string

func (s scope) database() string { return s.part(0) }
func (s scope) schema() string   { return s.part(1) }
func (s scope) table() string    { return s.part(2) }

func (s scope) part(i int) string {
	if i < len(s) {
		return s[i]
	}
	return ""
}

// holds tells whether an object of a schema is in the scope.
func (s scope) holds(schema *world.Schema) bool {
	return (len(s) < 1 || s[0] == schema.Database.Name) && (len(s) < 2 || s[1] == schema.Name)
}

// filters reads LIKE, IN, STARTS WITH and LIMIT, in any order.
func (c *call) filters() (filter, error) {
	f := filter{limit: most, scope: c.here()}
	for {
		switch {
		case c.take("HISTORY"):
		case c.take("LIKE"):
			if c.peek().Kind != sqltext.String {
				return f, c.unexpected()
			}
			f.like = sqltext.Like(c.next().Text)
		case c.take("STARTS", "WITH"):
			if c.peek().Kind != sqltext.String {
				return f, c.unexpected()
			}
			f.starts = c.next().Text
		case c.take("LIMIT"):
			n, err := strconv.Atoi(c.peek().Text)
			if err != nil {
				return f, c.unexpected()
			}
			if n < 1 || n > most {
				return f, refusal.New("001011", "22023", "SQL compilation error:\ninvalid value [%d] for parameter 'LIMIT'", n)
			}
			c.next()
			f.limit = n
			if c.take("FROM") {
				f.from = c.next().Text
			}
		case c.is("IN"):
			c.next()
			var err error
			if f.scope, err = c.scope(); err != nil {
				return f, err
			}
		default:
			return f, c.end()
		}
	}
}

// here is the scope of a SHOW that names none.
func (c *call) here() scope {
	where := c.session.Where()
	switch {
	case where.Database == "":
		return nil
	case where.Schema == "":
		return scope{where.Database}
	}
	return scope{where.Database, where.Schema}
}

// scope reads what follows IN, and makes sure that the role may look there.
func (c *call) scope() (scope, error) {
	here := c.here()
	if c.take("ACCOUNT") {
		return nil, nil
	}
	want := 0
	for i, kind := range []string{"DATABASE", "SCHEMA", "TABLE", "VIEW"} {
		if c.take(kind) {
			want = min(i+1, 3)
			break
		}
	}
	var path scope
	if c.peek().Identifier() && !c.is("LIKE") && !c.is("STARTS") && !c.is("LIMIT") {
		var err error
		if path, err = c.path(); err != nil {
			return nil, err
		}
	}
	switch {
	case want == 0 && len(path) == 1 && c.World.Databases[path[0]] == nil && len(here) > 0:
		path = scope{here[0], path[0]} // a schema, without the word
	case want > len(path) && len(here) >= want-len(path):
		path = append(here[:want-len(path):want-len(path)], path...)
	case want > len(path):
		return nil, refusal.NoDatabase("SHOW")
	}
	roles := c.session.Held(c.World)
	d := c.World.Databases[path.database()]
	if d == nil || !c.World.Can(roles, "USAGE", d.Target()) {
		return nil, refusal.MissingOperand()
	}
	if len(path) < 2 || path.schema() == "INFORMATION_SCHEMA" {
		return path, nil
	}
	s, err := c.World.Usable(roles, d.Name, path.schema())
	if err != nil {
		return nil, refusal.MissingOperand()
	}
	if len(path) == 3 {
		t := s.Tables[path.table()]
		if t == nil || !c.World.Sees(roles, t.Target()) {
			return nil, refusal.MissingObject(sqltext.Path(path...))
		}
	}
	return path, nil
}

// outcome applies a filter.
func (l *listing) outcome(f filter) Outcome {
	out := Outcome{Type: typeShow, Columns: l.columns, Texts: [][]*string{}}
	rows := l.rows
	if f.from != "" {
		// What follows the first name that begins so; else what sorts after it.
		found := -1
		for i, r := range rows {
			if strings.HasPrefix(*r[l.name], f.from) {
				found = i
				break
			}
		}
		for found < 0 && len(rows) > 0 && *rows[0][l.name] <= f.from {
			rows = rows[1:]
		}
		rows = rows[found+1:]
	}
	for _, r := range rows {
		if len(out.Texts) == f.limit {
			break
		}
		name := ""
		if r[l.name] != nil {
			name = *r[l.name]
		}
		if f.like != nil && !f.like.MatchString(name) || !strings.HasPrefix(name, f.starts) {
			continue
		}
		out.Texts = append(out.Texts, r)
	}
	return out
}

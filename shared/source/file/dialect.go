package file

// dialect is how the records of a CSV file are written. It travels in a split's
// Detail, so that every worker reads what the plan saw.
type dialect struct {
	Delimiter byte     `json:"delimiter"`
	Quote     byte     `json:"quote,omitempty"`  // 0: there are none
	Escape    byte     `json:"escape,omitempty"` // takes the next byte as it is; 0: only doubled quotes do
	Headless  bool     `json:"headless,omitempty"`
	Nulls     []string `json:"nulls,omitempty"` // that mean NULL when they stand without quotes
	// Encoding is what the settings say; each file may begin with a byte order mark.
	Encoding string `json:"encoding,omitempty"`
}

// standard is the dialect of RFC 4180.
var standard = dialect{Delimiter: ',', Quote: '"'}

// csvState is a state of the CSV tokenizer between two bytes, as a bit, so
// that a csvState can also be a set of states.
type csvState uint8

const (
	fieldStart csvState = 1 << iota
	unquoted
	inQuotes
	afterQuote      // after a quote that closes the field unless another follows
	escapedUnquoted // after an escape
	escapedInQuotes
)

// anyState is the set of states that text in the dialect can be in.
func (d dialect) anyState() csvState {
	s := fieldStart | unquoted
	if d.Quote != 0 {
		s |= inQuotes | afterQuote
	}
	if d.Escape != 0 {
		s |= escapedUnquoted
	}
	if d.Quote != 0 && d.Escape != 0 {
		s |= escapedInQuotes
	}
	return s
}

// after returns the state, or set of states, after a byte. A newline that is
// quoted or escaped may also end a record that has grown too long, so both can be.
func (d dialect) after(s csvState, c byte) csvState {
	var next csvState
	if s&escapedInQuotes != 0 {
		next |= inQuotes
	}
	if s&escapedUnquoted != 0 {
		next |= unquoted
	}
	s &^= escapedInQuotes | escapedUnquoted
	switch {
	case c == '\n':
		return next | fieldStart | s&inQuotes
	case c == d.Quote && d.Quote != 0:
		if s&(fieldStart|afterQuote) != 0 {
			next |= inQuotes
		}
		if s&inQuotes != 0 {
			next |= afterQuote
		}
		return next | s&unquoted
	case c == d.Escape && d.Escape != 0:
		if s&inQuotes != 0 {
			next |= escapedInQuotes
		}
		if s&^inQuotes != 0 {
			next |= escapedUnquoted
		}
		return next
	case c == d.Delimiter:
		if s&^inQuotes != 0 {
			next |= fieldStart
		}
		return next | s&inQuotes
	}
	if s&^inQuotes != 0 {
		next |= unquoted
	}
	return next | s&inQuotes
}

package file

import (
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// Option says something about the files of a connection that they do not say themselves.
type Option func(*Files)

// Settings is what a connection's settings say: those of catalog.FileSettings.
// A setting that is absent, or "auto", leaves it to the files. It fails with
// fault.SourceInvalidConfig when the settings contradict one another.
func Settings(cfg source.Config) (Option, error) {
	given := override{
		delimiter: character(cfg.Text("csv_delimiter")),
		quote:     character(cfg.Text("csv_quote")),
		unquoted:  cfg.Text("csv_quote") == "none",
		escape:    cfg.Text("csv_escape"),
		header:    cfg.Text("csv_header"),
		encoding:  cfg.Text("csv_encoding"),
	}
	if list := cfg.Text("csv_null"); list != "" {
		given.nulls = strings.Split(list, ",")
	}
	if given.delimiter != 0 && given.delimiter == given.quote {
		return nil, fault.Field(fault.SourceInvalidConfig, "settings.csv_quote", "must differ from csv_delimiter")
	}
	if given.escape == escapeBackslash && (given.delimiter == '\\' || given.quote == '\\') {
		return nil, fault.Field(fault.SourceInvalidConfig, "settings.csv_escape", "a backslash cannot escape and be the delimiter or the quote")
	}
	hive := cfg.Text("hive_partitions") != "off"
	return func(f *Files) {
		f.given = given
		f.layout.flat = !hive
	}, nil
}

// character is the one byte that a setting names; 0 when it names none.
func character(text string) byte {
	switch {
	case text == "tab":
		return '\t'
	case text == "space":
		return ' '
	case len(text) == 1:
		return text[0]
	}
	return 0
}

// The values of the settings that are words.
const (
	auto            = "auto"
	escapeDouble    = "double"
	escapeBackslash = "backslash"
	headerPresent   = "present"
	headerAbsent    = "absent"
)

// override is what the settings say of CSV; a zero or "auto" field says nothing.
type override struct {
	delimiter, quote byte
	unquoted         bool // there are no quotes
	escape           string
	header           string
	encoding         string
	nulls            []string
}

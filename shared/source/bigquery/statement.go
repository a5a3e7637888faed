package bigquery

import (
	"regexp"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
)

// leading is what may stand before a statement's first word: white space,
// comments and parentheses.
var leading = regexp.MustCompile(`^(?:[\s(]|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|/\*(?s:.*?)\*/)*`)

var firstWord = regexp.MustCompile(`^[A-Za-z_]+`)

// mayRead refuses a text that does not begin as a SELECT does, so that nothing
// that writes is sent, not even to be checked. What is sent, BigQuery itself
// has to take for one SELECT before it runs: see onlySelects.
func mayRead(sql string) error {
	word := firstWord.FindString(sql[len(leading.FindString(sql)):])
	if !slices.Contains([]string{"SELECT", "WITH", "FROM"}, strings.ToUpper(word)) {
		return errNotSelect
	}
	return nil
}

var errNotSelect = fault.Field(fault.SourceInvalidQuery, "query", "must be one SELECT statement")

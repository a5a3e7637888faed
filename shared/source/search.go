package source

import (
	"slices"
	"strings"
	"unicode"
)

// The categories of platforms.
const (
	DataWarehouse = "data_warehouse"
	CloudStorage  = "cloud_storage"
)

// Categories are all categories.
func Categories() []string { return []string{DataWarehouse, CloudStorage} }

// Search returns the platforms of a category that a query finds, "" takes any:
// every word of the query, in whatever case, begins a word of the platform's
// name, title or keywords.
func (c Catalog) Search(query, category string) Catalog {
	wanted := words(query)
	var found Catalog
	for _, s := range c {
		if category != "" && s.Category != category {
			continue
		}
		known := words(s.Platform, s.Title, strings.Join(s.Keywords, " "))
		if !slices.ContainsFunc(wanted, func(word string) bool { return !begins(known, word) }) {
			found = append(found, s)
		}
	}
	return found
}

func begins(known []string, word string) bool {
	return slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, word) })
}

func words(texts ...string) []string {
	return strings.FieldsFunc(strings.ToLower(strings.Join(texts, " ")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

package dynamostore

import (
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/source"
)

// DynamoDB takes items of at most 400 KB. The report is the one part of an
// item that others write (a platform's own words can be a whole HTML page), so
// its texts share reportBytes, and none is longer than textBytes.
const (
	reportBytes = 300 << 10
	textBytes   = 8 << 10
)

func newCheckItems(results []source.CheckResult) []checkItem {
	const texts = 6 // of one check
	limit := min(textBytes, reportBytes/(texts*max(1, len(results))))
	var items []checkItem
	for _, r := range results {
		i := checkItem{
			Name: clip(r.Name, limit), Title: clip(r.Title, limit), Mandatory: r.Mandatory, Outcome: r.Outcome, Code: r.Code,
			Detail: clip(r.Detail, limit), Provider: clip(r.Provider, limit), Millis: r.Millis,
		}
		if r.Remedy != nil {
			i.Remedy = &remedyItem{Text: clip(r.Remedy.Text, limit), Snippet: clip(r.Remedy.Snippet, limit)}
		}
		items = append(items, i)
	}
	return items
}

// clip cuts text to at most limit bytes, between two characters, and shows that it did.
func clip(text string, limit int) string {
	const mark = "…"
	if len(text) <= limit {
		return text
	}
	end := max(0, limit-len(mark))
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}

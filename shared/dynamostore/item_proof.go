package dynamostore

import "github.com/headwaterhq/headwater/shared/ingest"

type rangeItem struct {
	From string `dynamodbav:"from"`
	To   string `dynamodbav:"to"`
}

type findingItem struct {
	Guard    string        `dynamodbav:"guard"`
	Limit    float64       `dynamodbav:"limit"`
	Observed float64       `dynamodbav:"observed"`
	Action   ingest.Action `dynamodbav:"action"`
	Message  string        `dynamodbav:"message"`
}

type decisionItem struct {
	Actor string `dynamodbav:"actor"`
	At    moment `dynamodbav:"at,omitempty"`
}

type provedItem struct {
	Verdict    ingest.Verdict `dynamodbav:"verdict"`
	Why        string         `dynamodbav:"why,omitempty"`
	SourceRows int64          `dynamodbav:"source_rows"`
	RowsRead   int64          `dynamodbav:"rows_read"`
	LakeRows   int64          `dynamodbav:"lake_rows"`
	Column     string         `dynamodbav:"column,omitempty"`
	Windows    []windowItem   `dynamodbav:"windows,omitempty"`
}

type windowItem struct {
	From   string `dynamodbav:"from,omitempty"`
	To     string `dynamodbav:"to,omitempty"`
	Source int64  `dynamodbav:"source"`
	Read   int64  `dynamodbav:"read"`
}

// newProvedItem keeps what a proof says. Its bounds are values of a column, each as long as one may be.
func newProvedItem(p *ingest.Proved) *provedItem {
	if p == nil {
		return nil
	}
	item := &provedItem{
		Verdict: p.Verdict, Why: clip(p.Why, textBytes), SourceRows: p.SourceRows, RowsRead: p.RowsRead, LakeRows: p.LakeRows, Column: p.Column,
	}
	for _, w := range p.Windows {
		item.Windows = append(item.Windows, windowItem(w))
	}
	return item
}

func (i *provedItem) proved() *ingest.Proved {
	if i == nil {
		return nil
	}
	p := &ingest.Proved{
		Verdict: i.Verdict, Why: i.Why, SourceRows: i.SourceRows, RowsRead: i.RowsRead, LakeRows: i.LakeRows, Column: i.Column,
	}
	for _, w := range i.Windows {
		p.Windows = append(p.Windows, ingest.Window(w))
	}
	return p
}

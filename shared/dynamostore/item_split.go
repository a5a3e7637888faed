package dynamostore

import "github.com/headwaterhq/headwater/shared/ingest"

type splitItem struct {
	header
	Number     int        `dynamodbav:"split"`
	Label      string     `dynamodbav:"label"`
	Parts      int        `dynamodbav:"parts"`
	Checkpoint string     `dynamodbav:"checkpoint"`
	Done       bool       `dynamodbav:"done"`
	Counts     countsItem `dynamodbav:"counts"`
	StartedAt  moment     `dynamodbav:"started_at,omitempty"`
	EndedAt    moment     `dynamodbav:"ended_at,omitempty"`
}

func newSplitItem(r ingest.Ref, s ingest.SplitProgress) splitItem {
	return splitItem{
		header: newHeader(splitKind, splitKey(r, s.Number), work{}),
		Number: s.Number, Label: clip(s.Label, textBytes), Parts: s.Parts, Checkpoint: s.Checkpoint, Done: s.Done,
		Counts: countsItem(s.Counts), StartedAt: stamp(s.StartedAt), EndedAt: stamp(s.EndedAt),
	}
}

func decodeSplit(from attributes) (ingest.SplitProgress, error) {
	i, err := decode[splitItem](splitKind, from)
	return ingest.SplitProgress{
		Number: i.Number, Label: i.Label, Parts: i.Parts, Checkpoint: i.Checkpoint, Done: i.Done,
		Counts: ingest.Counts(i.Counts), StartedAt: i.StartedAt.time(), EndedAt: i.EndedAt.time(),
	}, err
}

type partItem struct {
	header
	Split      int        `dynamodbav:"split"`
	Number     int        `dynamodbav:"part"`
	From       string     `dynamodbav:"from"`
	After      string     `dynamodbav:"after"`
	Last       bool       `dynamodbav:"last"`
	FilesKey   string     `dynamodbav:"files_key,omitempty"`
	Quarantine string     `dynamodbav:"quarantine_key,omitempty"`
	Cursor     string     `dynamodbav:"cursor,omitempty"`
	Windows    []int64    `dynamodbav:"windows,omitempty"`
	Counts     countsItem `dynamodbav:"counts"`
	At         moment     `dynamodbav:"at,omitempty"`
}

func newPartItem(r ingest.Ref, p ingest.Part) partItem {
	return partItem{
		header: newHeader(partKind, partKey(r, p.Split, p.Number), work{}),
		Split:  p.Split, Number: p.Number, From: p.From, After: p.After, Last: p.Last,
		FilesKey: p.FilesKey, Quarantine: p.Quarantine, Cursor: p.Cursor, Windows: p.Windows, Counts: countsItem(p.Counts), At: stamp(p.At),
	}
}

func decodePart(from attributes) (ingest.Part, error) {
	i, err := decode[partItem](partKind, from)
	return ingest.Part{
		Split: i.Split, Number: i.Number, From: i.From, After: i.After, Last: i.Last,
		FilesKey: i.FilesKey, Quarantine: i.Quarantine, Cursor: i.Cursor, Windows: i.Windows, Counts: ingest.Counts(i.Counts), At: i.At.time(),
	}, err
}

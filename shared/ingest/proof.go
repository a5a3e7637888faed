package ingest

// Proof is whether the source is asked to count what a run is to read.
type Proof string

// The kinds of proof.
const (
	ProofCounts Proof = "counts" // rows, and rows by window of the cursor
	ProofOff    Proof = "off"
)

// Verdict is what a proof says.
type Verdict string

// The verdicts.
const (
	Complete     Verdict = "complete"     // the source counted what was read, and the lake added what was written
	Incomplete   Verdict = "incomplete"   // they do not agree
	Unverifiable Verdict = "unverifiable" // the source cannot count, or not as of the moment that was read, or the lake has not been compared; Why says which
)

// Proved holds what the source counted against what was read, and that against the lake.
type Proved struct {
	Verdict    Verdict  `json:"verdict"`
	Why        string   `json:"why,omitempty"`
	SourceRows int64    `json:"source_rows"` // by the source's own count; 0 when unverifiable
	RowsRead   int64    `json:"rows_read"`   // = written + quarantined + filtered
	LakeRows   int64    `json:"lake_rows"`   // that the snapshot added, by the lake's own count
	Column     string   `json:"column,omitempty"`
	Windows    []Window `json:"windows,omitempty"`
}

// Window is the rows whose value of the proof's column is in [From, To); either is
// empty at an end. Both are empty of rows without a value.
type Window struct {
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Source int64  `json:"source"`
	Read   int64  `json:"read"`
}
